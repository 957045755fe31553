"""What somebody said in Slack becomes an entry: stored first, then a run that is told its id.

Once it is stored, its words are in ``entries`` and no more in ``slack_events``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import update

from include.base.errors import FatalError
from include.base.tracing import entry_span
from include.engine.airflow_api import StartResult, StartStatus, start_run
from include.engine.dag_ids import INGEST_DAG, MAIN_DAG
from include.entries import intake
from include.entries.store import idempotency_key, store
from include.entries.submission import form_of, parse_submission
from include.outbox.sender import deliver
from include.people.actor import Action, Actor, label_of, may, standing_in_slack
from include.people.submitters import identify, queue_note, submitter_conf
from include.relay import background
from include.store.models import Entry, EntryStatus, SlackEvent
from include.store.session import session_scope

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

BOT = "a bot said it"


def hand_in(event: SlackEvent) -> StartResult:
    """Store what was said with ``/feedback`` and start its run, or hold it for the next drain.

    A person is looked up as for the form: a guest's and a nameless person's entry goes to the
    review channel, with a note to them; a bot's is refused.

    Raises:
        TransientError: Slack, which must be asked who it is, or the database is away.
        MissingConnection: ``airflow_api`` or ``slack_app`` is not defined.
    """
    conf, run_id = dict(event.run_conf or {}), event.run_id or ""
    if "entry_id" not in conf:
        who = identify(event.user_id or "")
        actor = Actor(standing_in_slack(who.kind), event.user_id, user_id=who.user_id)
        with session_scope() as session:
            if not may(session, actor, Action.HAND_IN):
                return StartResult(StartStatus.REFUSED, BOT)
            conf["submitter"] = submitter_conf(session, who.user_id)
            try:
                arrival = intake.Arrival(parse_submission(conf), run_id)
            except FatalError as error:
                return StartResult(StartStatus.REFUSED, str(error))
            [stored], start_ids = intake.take_in(
                session, [arrival], queue=False, handed_in_by=label_of(event.user_id or "")
            )
            conf = {"entry_id": stored.entry_id}
            _forget_words(session, event.id, conf)
            note = queue_note(
                session, event.key, event.user_id or "", {"kind": who.kind, "user_id": who.user_id}
            )
        if note is not None:
            background.submit_delivery(deliver, [note])
        if stored.run_id != run_id:
            intake.start(start_ids)
            return StartResult(StartStatus.STARTED)
    return _start(MAIN_DAG, run_id, conf)


def hand_in_form(event: SlackEvent) -> StartResult:
    """Store what was filled in, and start the run that finds out who did it.

    Raises:
        TransientError: the database is away.
        MissingConnection: ``airflow_api`` is not defined.
    """
    conf, run_id = dict(event.run_conf or {}), event.run_id or ""
    if "entry_id" not in conf:
        try:
            submission = parse_submission(form_of(conf))
        except FatalError as error:
            return StartResult(StartStatus.REFUSED, str(error))
        with session_scope() as session:
            key = idempotency_key(submission, INGEST_DAG, run_id)
            [stored] = store(
                session,
                [(key, submission)],
                dag_id=INGEST_DAG,
                run_id=run_id,
                handed_in_by=label_of(event.user_id or ""),
            )
            words = ("customer_pain", "severity", "account_id", "opportunity_id", "links")
            conf = {name: value for name, value in conf.items() if name not in words}
            conf["entry_id"] = stored.entry_id
            _forget_words(session, event.id, conf)
    return _start(INGEST_DAG, run_id, conf)


def _start(dag_id: str, run_id: str, conf: dict[str, Any]) -> StartResult:
    """Start the run of a stored entry; one that Airflow refuses has failed."""
    entry_id = int(conf["entry_id"])
    with entry_span("start run", entry_id, kind=dag_id) as note:
        result = start_run(dag_id, run_id, conf)
        note(state=result.status)
    if result.status is StartStatus.REFUSED:
        _give_up(entry_id)
    return result


def _forget_words(session: Session, event_id: int, conf: dict[str, Any]) -> None:
    session.execute(update(SlackEvent).where(SlackEvent.id == event_id).values(run_conf=conf))


def _give_up(entry_id: int) -> None:
    with session_scope() as session:
        session.execute(
            update(Entry)
            .where(Entry.id == entry_id, Entry.status == EntryStatus.RECEIVED)
            .values(status=EntryStatus.FAILED, error="Airflow refused its input")
        )
