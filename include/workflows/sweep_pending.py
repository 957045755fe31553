"""What the tasks of ``sweep_pending`` call."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from include.base.safe_log import describe
from include.entries.drain import look_after_held
from include.entries.thread_reply import sync_emoji
from include.entries.waiting_questions import queue_waiting_cards
from include.outbox.effects import sweep
from include.outbox.events import AnalyticsEvents
from include.outbox.runs import RunStarts
from include.outbox.sender import Messages
from include.outbox.webhooks import Webhooks
from include.people.presence import Lookups
from include.requests.figures import catch_up, count_aged
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.outbox.effects import Kind

log = logging.getLogger(__name__)


def carry_out_pending(slack_events: Kind[Any]) -> dict[str, Any]:
    """Carry out whatever was written down and is not done; counts by kind.

    Args:
        slack_events: Calls of Slack, of which this floor of the house knows nothing. They come
            first, because they cause others.

    Raises:
        ExceptionGroup: of what failed; the other kinds were carried out all the same.
    """
    steps: dict[str, Callable[[], Any]] = {
        "slack_events": lambda: sweep(slack_events).as_dict(),
        "next_drain_asked_for": look_after_held,
        "runs": lambda: sweep(RunStarts()).as_dict(),
        "daily_cards": lambda: len(queue_waiting_cards(session_scope, Lookups().offset)),
        "messages": lambda: sweep(Messages()).as_dict(),
        "emoji_waiting": lambda: sync_emoji(session_scope),
        "webhooks": lambda: sweep(Webhooks()).as_dict(),
        "analytics_events": lambda: sweep(AnalyticsEvents(), 1000).as_dict(),
        "figures_counted": count_figures,
    }
    found, errors = {}, []
    for name, step in steps.items():
        try:
            found[name] = step()
        except Exception as error:
            log.error("Sweep of %s: %s", name, describe(error))
            errors.append(error)
    if errors:
        raise ExceptionGroup(f"carried out {found}; the rest failed", errors)
    return found


def count_figures(most: int = 100) -> int:
    """Count again what requests amount to; so many portions at most, the next sweep goes on."""
    counted = 0
    for _ in range(most):
        with session_scope() as session:
            done = catch_up(session)
        counted += done
        if not done:
            break
    with session_scope() as session:
        return counted + count_aged(session)
