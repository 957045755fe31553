"""Doing what a stored event asks for: starting its run in Airflow, or its effect in the product.

Everything here may be repeated: the run's id follows from the event's key, an effect and the mark
that it is done are one transaction. What cannot be done now is found by :func:`dispatch_pending`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from include.base.connections import MissingConnection
from include.base.errors import TransientError
from include.engine.airflow_api import StartResult, StartStatus, start_run
from include.engine.dag_ids import MAIN_DAG
from include.outbox import notes
from include.relay import background
from include.relay.effects import perform
from include.relay.handing_in import hand_in
from include.relay.listeners import EFFECTS, shipped_command
from include.store.models.slack import EventState, SlackEvent
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

log = logging.getLogger(__name__)

GRACE = timedelta(seconds=30)
"""The sweep leaves younger events to the process that received them."""

ABSENT = {f"command:{shipped_command.COMMAND}": shipped_command.ABSENT}
"""What a person is told when the workflow they asked for is not part of this installation."""

NOT_TAKEN = "I could not take your feedback. Please send it again, or tell an operator."


@dataclass
class DispatchReport:
    """How many events the sweep finished, gave up on, and left for later."""

    done: int = 0
    failed: int = 0
    waiting: int = 0

    def as_dict(self) -> dict[str, int]:
        """For an XCom or a log."""
        return {"done": self.done, "failed": self.failed, "waiting": self.waiting}


def dispatch(event_id: int) -> bool:
    """Do what the event asks for; true when it is done, also when it was before."""
    return _dispatch(event_id, background.submit_delivery)


def dispatch_pending(limit: int = 200, *, grace: timedelta = GRACE) -> DispatchReport:
    """The sweep: events that are stored but not done, oldest first."""
    report = DispatchReport()
    with session_scope() as session:
        statement = (
            select(SlackEvent.id)
            .where(
                SlackEvent.state == EventState.RECEIVED,
                SlackEvent.received_at <= func.statement_timestamp() - grace,
            )
            .order_by(SlackEvent.received_at, SlackEvent.id)
            .limit(limit)
        )
        waiting = list(session.execute(statement).scalars())
    for event_id in waiting:
        _dispatch(event_id, lambda work: work())
        state = _state(event_id)
        report.done += state == EventState.DONE
        report.failed += state == EventState.FAILED
        report.waiting += state == EventState.RECEIVED
    if waiting:
        log.info("Slack events swept: %s", report.as_dict())
    return report


def _dispatch(event_id: int, later: Callable[[Callable[[], Any]], Any]) -> bool:
    with session_scope() as session:
        event = session.get(SlackEvent, event_id)
    if event is None or event.state != EventState.RECEIVED:
        return event is not None and event.state == EventState.DONE
    if event.run_conf is not None:
        return _start(event, later)
    follow_up = perform(event_id, EFFECTS)
    if follow_up is not None:
        later(follow_up.carry_out)
    return _state(event_id) == EventState.DONE


def _start(event: SlackEvent, later: Callable[[Callable[[], Any]], Any]) -> bool:
    try:
        if event.dag_id == MAIN_DAG:
            result = hand_in(event)
        else:
            result = start_run(event.dag_id or "", event.run_id or "", event.run_conf or {})
    except (MissingConnection, TransientError) as error:
        result = StartResult(StartStatus.UNAVAILABLE, str(error))
    done = result.status in (StartStatus.STARTED, StartStatus.EXISTS)
    absent = result.is_absent and event.kind in ABSENT
    refused = result.status == StartStatus.REFUSED or absent
    with session_scope() as session:
        stored = session.get_one(SlackEvent, event.id, with_for_update=True)
        if stored.state != EventState.RECEIVED:
            return stored.state == EventState.DONE
        stored.attempts, stored.error = stored.attempts + 1, result.reason
        if done:
            stored.state, stored.dispatched_at = EventState.DONE, _now()
        elif refused:
            stored.state = EventState.FAILED
    if not done:
        log.warning("Slack event %s: run not started: %s", event.id, result.reason)
    channel, user = event.channel_id, event.user_id
    if refused and user:

        def tell() -> None:
            notes.send_note(channel, user, ABSENT[event.kind] if absent else NOT_TAKEN)

        later(tell)
    return done


def _state(event_id: int) -> str | None:
    with session_scope() as session:
        statement = select(SlackEvent.state).where(SlackEvent.id == event_id)
        return session.execute(statement).scalar_one_or_none()


def _now() -> Any:
    return func.statement_timestamp()
