"""What somebody said with ``/feedback`` becomes an entry: who they are, stored, and a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import update

from include.base.errors import FatalError
from include.engine.airflow_api import StartResult, StartStatus, start_run
from include.engine.dag_ids import MAIN_DAG
from include.entries import intake
from include.entries.submission import parse_submission
from include.outbox.sender import deliver
from include.people.submitters import identify, queue_note, submitter_conf
from include.relay import background
from include.store.models import Entry, EntryStatus, PersonKind
from include.store.session import session_scope

if TYPE_CHECKING:
    from include.store.models.slack import SlackEvent

BOT = "a bot said it"


def hand_in(event: SlackEvent) -> StartResult:
    """Store the entry and start its run, or leave it to the run that takes many together.

    A person is looked up as for the modal: a guest's and a nameless person's entry goes to the
    review channel, with a note to them; a bot's is refused.

    Raises:
        TransientError: Slack, which must be asked who it is, or the database is away.
        MissingConnection: ``airflow_api`` or ``slack_app`` is not defined.
    """
    run_id, key = event.run_id or "", event.key
    who = identify(event.user_id or "")
    if who.kind is PersonKind.BOT:
        return StartResult(StartStatus.REFUSED, BOT)
    conf: dict[str, Any] = dict(event.run_conf or {})
    with session_scope() as session:
        conf["submitter"] = submitter_conf(session, who.user_id)
        try:
            arrival = intake.Arrival(parse_submission(conf), run_id, conf)
        except FatalError as error:
            return StartResult(StartStatus.REFUSED, str(error))
        [taken], start_ids = intake.take_in(session, [arrival], queue=False)
        note = queue_note(
            session, key, event.user_id or "", {"kind": who.kind, "user_id": who.user_id}
        )
    if note is not None:
        background.submit_delivery(deliver, [note])
    if taken.is_held or taken.run_id != run_id:
        intake.start(start_ids)
        return StartResult(StartStatus.STARTED)
    result = start_run(MAIN_DAG, run_id, conf)
    if result.status is StartStatus.REFUSED:
        _give_up(taken.entry_id)
    return result


def _give_up(entry_id: int) -> None:
    with session_scope() as session:
        session.execute(
            update(Entry)
            .where(Entry.id == entry_id, Entry.status == EntryStatus.RECEIVED)
            .values(status=EntryStatus.FAILED, error="Airflow refused its input")
        )
