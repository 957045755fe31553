"""Doing what a stored event asks for: starting its run in Airflow, or its effect in the product.

Everything here may be repeated: the run's id follows from the event's key, an effect and the mark
that it is done are one transaction.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import func

from include.base.errors import FatalError, TransientError
from include.base.safe_log import describe, where
from include.base.tracing import cause_span
from include.engine.airflow_api import start_run
from include.engine.dag_ids import INGEST_DAG, MAIN_DAG
from include.outbox import effects, notes
from include.outbox.effects import Fate, Kind, Outcome
from include.outbox.runs import outcome_of
from include.outbox.sender import deliver
from include.people.actor import Actor, Standing
from include.people.signed_in import slack_actor
from include.relay import background
from include.relay.handing_in import hand_in, hand_in_form
from include.relay.listeners import EFFECTS, shipped_command
from include.slack.cards.shipping import REOPEN_REQUEST, SHIP_REQUEST
from include.store.models.slack import EventState, SlackEvent
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement

    from include.outbox.replies import AnswerReply

log = logging.getLogger(__name__)

GRACE = timedelta(seconds=30)
"""The sweep leaves younger events to the process that received them."""

MOST_ATTEMPTS = 5

HANDED_IN = {MAIN_DAG: hand_in, INGEST_DAG: hand_in_form}
"""What starts with a customer's words: they are stored as an entry, and the run is told its id."""

ABSENT = {
    f"action:{SHIP_REQUEST}": shipped_command.ABSENT,
    f"action:{REOPEN_REQUEST}": shipped_command.CANNOT_REOPEN,
}
"""What a person is told when the workflow they asked for is not part of this installation."""

NOT_TAKEN = "I could not take your feedback. Please send it again, or tell an operator."
SORRY = "Something went wrong on my side and nothing was changed. Please try again in a while."


class SlackEvents(Kind[SlackEvent]):
    """What Slack's calls ask for."""

    name = "Slack event"
    model = SlackEvent
    pending = taken = EventState.RECEIVED
    done_at = "dispatched_at"

    def carry_out(self, rows: Sequence[SlackEvent]) -> Outcome:
        """Start the event's run, or do what it asks for in one transaction with its mark."""
        [event] = rows
        with cause_span("Slack call", kind=event.kind, event_id=event.id, attempts=event.attempts):
            return self._do(event)

    def _do(self, event: SlackEvent) -> Outcome:
        if event.run_conf is not None:
            return _start(event)
        effect = EFFECTS.get(event.kind)
        if effect is None:
            raise FatalError(f"Slack event of kind {event.kind!r} has no effect")
        try:
            actor = slack_actor(event.user_id) if event.user_id else Actor(Standing.OUTSIDER)
        except TransientError as error:
            # However long Slack is away: what somebody did counts once it says who it was.
            return Outcome(Fate.LATER, describe(error))
        with session_scope() as session:
            # First the mark, whose lock keeps away whoever takes the event over meanwhile.
            if not effects.settle(session, self, event, Outcome(Fate.DONE)):
                return Outcome(Fate.LATER)
            reply = effect(session, event, actor)
        return Outcome(Fate.DONE, after=partial(_follow_up, event, reply), settled=True)

    def read_error(self, rows: Sequence[SlackEvent], error: Exception) -> Outcome:
        """A permanent failure, or the fifth of an effect, ends it with a note to the person."""
        [event] = rows
        if event.run_conf is not None:
            # Airflow or Slack may be away for this event and not for the next.
            return _told(event, replace(super().read_error(rows, error), stop=False))
        log.error("Slack event %s: %s\n%s", event.id, describe(error), where(error))
        if not isinstance(error, FatalError) and event.attempts < MOST_ATTEMPTS:
            return Outcome(Fate.LATER, describe(error))
        return Outcome(Fate.FAILED, describe(error), after=_note(event, SORRY))


class UntouchedSlackEvents(SlackEvents):
    """The same for the sweep."""

    def __init__(self, grace: timedelta = GRACE) -> None:
        """``grace`` is how old an event must be."""
        self.grace = grace

    def is_ready(self) -> ColumnElement[bool]:
        """Whether nobody has done it, or is about to."""
        is_old = SlackEvent.received_at <= func.statement_timestamp() - self.grace
        return super().is_ready() & is_old


def dispatch(event_id: int) -> None:
    """Do what the event asks for, unless it is done or being done."""
    effects.carry_out(SlackEvents(), [event_id], later=background.submit_delivery)


def _start(event: SlackEvent) -> Outcome:
    if event.dag_id in HANDED_IN:
        result = HANDED_IN[event.dag_id](event)
    else:
        result = start_run(event.dag_id or "", event.run_id or "", event.run_conf or {})
    if result.is_absent and event.kind in ABSENT:
        return Outcome(Fate.FAILED, result.reason, after=_note(event, ABSENT[event.kind]))
    return _told(event, outcome_of(result))


def _told(event: SlackEvent, outcome: Outcome) -> Outcome:
    """Let the person hear that what they said was not taken."""
    is_lost = outcome.fate is Fate.FAILED
    return replace(outcome, after=_note(event, NOT_TAKEN)) if is_lost else outcome


def _note(event: SlackEvent, text: str) -> Callable[[], object] | None:
    if event.user_id is None:
        return None
    return partial(notes.send_note, event.channel_id, event.user_id, text)


def _follow_up(event: SlackEvent, reply: AnswerReply) -> None:
    """Say what is left to say after the transaction: to the person alone, and to everybody."""
    if reply.note and event.user_id:
        notes.send_note(event.channel_id, event.user_id, reply.note)
    if reply.message_ids:
        deliver(reply.message_ids)
    if reply.after is not None:
        reply.after()
