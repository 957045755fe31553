"""How much of a person's attention questions take: so many cards a day, the weightiest first.

A question over the limit is a question like any other, with an answer in the inbox, a reminder's
time and an end. It has no card of its own: its row says ``unposted``, so that a repeat of the step
that asked finds the same, and one daily card tells of all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, String, cast, func, literal, select

from include.base.settings import load_settings
from include.entries.state import HANDLER
from include.insights.asof import ZONE
from include.people.actor import label_of
from include.store.locks import AdvisoryLock, hold
from include.store.models import Hook, HookStatus, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from sqlalchemy.orm import Session

    from include.durable.types import HookView

UNPOSTED = "unposted"
"""Key in a question's row that says it has no card of its own."""

OPEN_UNPOSTED = (
    Hook.handler == HANDLER,
    Hook.is_current,
    Hook.status == HookStatus.PENDING,
    Hook.question.has_key(UNPOSTED),
)
_RANKS = {Severity.LOW: 0, Severity.MEDIUM: 1, Severity.HIGH: 2}


def has_room(session: Session, person: str | None) -> bool:
    """Whether a person (Slack id), or the review channel, may get one more question today.

    True keeps others from asking until the end of the transaction, so that the last place of a day
    is given once.
    """
    limit = load_settings().questions_per_person_per_day
    if not limit:
        return True
    hold(session, AdvisoryLock.ASKING_GROUPS)
    asked = session.scalar(
        select(func.count(Hook.id)).where(
            Hook.handler == HANDLER,
            Hook.created_at >= _midnight(),
            asks(person),
            ~Hook.question.has_key(UNPOSTED),
        )
    )
    return (asked or 0) < limit


def asks(person: str | None) -> ColumnElement[bool]:
    """Whether a question went to this person (Slack id), or to the review channel."""
    if person is None:
        return Hook.responders == []
    first: ColumnElement[str | None] = Hook.responders[0].astext
    return first == label_of(person)


def asked_person(hook: HookView | Hook) -> str | None:
    """Slack's id of the one who is asked; without one the review channel is."""
    return next((one.partition(":")[2] for one in hook.responders), None)


def is_unposted(hook: HookView | Hook) -> bool:
    """Whether a question has no card of its own."""
    return bool(hook.question.get(UNPOSTED))


def weight(said: Iterable[tuple[Severity, str | None, Decimal | None]]) -> tuple[int, float]:
    """How much a question weighs, by severity, account and ARR of each of its entries.

    The gravest severity counts, then the ARR of all accounts, each once.
    """
    said = list(said)
    arr = {account: float(value or 0) for _, account, value in said if account}
    return max((_RANKS[severity] for severity, _, _ in said), default=0), sum(arr.values())


def _midnight() -> Any:
    """When the day began, in the time zone of reports and digests, by the database's clock."""
    zone = cast(literal(ZONE.key), String)
    return func.timezone(zone, func.date_trunc("day", func.timezone(zone, func.now())))
