"""Effects of clicks inside the product: done in one transaction with marking the event as done."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from include.base.errors import FatalError
from include.base.safe_log import describe, where
from include.outbox import notes
from include.outbox.sender import deliver
from include.store.models.slack import EventState, SlackEvent
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from include.outbox.replies import AnswerReply

    Effect = Callable[[Session, SlackEvent], AnswerReply]

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 5
SORRY = "Something went wrong on my side and nothing was changed. Please try again in a while."


@dataclass(frozen=True)
class FollowUp:
    """What is left to say in Slack after the transaction: to everybody, and to the person alone."""

    message_ids: list[int]
    note: str | None
    channel_id: str | None
    user_id: str | None
    after: Callable[[], object] | None = None

    def carry_out(self) -> None:
        """Send it. Never raises because of Slack."""
        if self.note and self.user_id:
            notes.send_note(self.channel_id, self.user_id, self.note)
        if self.message_ids:
            deliver(self.message_ids)
        if self.after is not None:
            self.after()


def perform(event_id: int, effects: dict[str, Effect]) -> FollowUp | None:
    """Do what the event asks for, once; ``None`` when it is done or being done already.

    A failure is written to the event: a permanent one, or the fifth, ends it with a note to the
    person; otherwise the sweep tries again.
    """
    try:
        return _perform(event_id, effects)
    except Exception as error:
        log.error("Slack event %s: %s\n%s", event_id, describe(error), where(error))
        return _fail(event_id, error)


def _perform(event_id: int, effects: dict[str, Effect]) -> FollowUp | None:
    with session_scope() as session:
        event = _locked(session, event_id)
        if event is None:
            return None
        effect = effects.get(event.kind)
        if effect is None:
            raise FatalError(f"Slack event of kind {event.kind!r} has no effect")
        reply = effect(session, event)
        event.state, event.attempts, event.error = EventState.DONE, event.attempts + 1, None
        event.dispatched_at = _now()
        ids = list(reply.message_ids)
        return FollowUp(ids, reply.note, event.channel_id, event.user_id, reply.after)


def _fail(event_id: int, error: Exception) -> FollowUp | None:
    with session_scope() as session:
        event = _locked(session, event_id)
        if event is None:
            return None
        event.attempts, event.error = event.attempts + 1, describe(error)
        if not isinstance(error, FatalError) and event.attempts < MOST_ATTEMPTS:
            return None
        event.state = EventState.FAILED
        return FollowUp([], SORRY, event.channel_id, event.user_id)


def _locked(session: Session, event_id: int) -> SlackEvent | None:
    statement = select(SlackEvent).where(
        SlackEvent.id == event_id, SlackEvent.state == EventState.RECEIVED
    )
    return session.execute(statement.with_for_update(skip_locked=True)).scalar_one_or_none()


def _now() -> Any:
    return func.statement_timestamp()
