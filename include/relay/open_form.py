"""Opening a modal: within the three seconds that a trigger is good for, or saying so."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError

from include.base.safe_log import describe
from include.outbox import notes
from include.relay import background
from include.slack.client import slack_client
from include.slack.errors import read_trouble

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

_LATE = frozenset({"expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id"})
TOO_LATE = "That took me too long to open. Please try once more."
NOT_OPENED = "I could not open the form just now. Please try again in a while."


def open_soon(
    trigger_id: str, user: str, channel: str | None, view: Callable[[], dict[str, Any] | str]
) -> None:
    """Open what ``view`` returns, from a pool of its own; a text is shown as a private note.

    A trigger is spent once, so a repeat of the call opens nothing more. Never raises.
    """
    background.submit_view(_open, trigger_id, user, channel, view)


def _open(
    trigger_id: str, user: str, channel: str | None, view: Callable[[], dict[str, Any] | str]
) -> None:
    try:
        built = view()
        if isinstance(built, str):
            notes.send_note(channel, user, built)
            return
        slack_client().views_open(trigger_id=trigger_id, view=built)
    except SlackApiError as error:
        code = str(error.response.get("error") or "")
        log.warning("No modal opened: %s", read_trouble(error, 1).code)
        if code != "exchanged_trigger_id":
            notes.send_note(channel, user, TOO_LATE if code in _LATE else NOT_OPENED)
    except Exception as error:
        log.warning("No modal opened: %s", describe(error))
        notes.send_note(channel, user, NOT_OPENED)
