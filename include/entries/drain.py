"""Draining a backlog: entries that wait in runs of their own are taken over by one run.

A run costs seconds and about two core-seconds whatever it does. When many wait, one run stores what
they were started with, ends them with a note that says who carries their entry out, and decides all
together. A run that begins meanwhile finds its entry taken and ends as a repeat: nothing happens
twice. Entries that were stored without a run of their own (``include.entries.intake``) are taken
as well, until there are no more (``include.entries.held``).
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from include.base.errors import FatalError
from include.base.settings import load_settings
from include.engine import airflow_api
from include.engine.dag_ids import DRAIN_DAG, MAIN_DAG
from include.entries import held
from include.entries.held import AUTOMATIC, HELD
from include.entries.store import claim, idempotency_key, open_batches, store
from include.entries.submission import parse_submission
from include.outbox.runs import start_runs
from include.store.models import Entry, EntryStatus, RunStart
from include.store.session import session_scope

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.engine.airflow_api import WaitingRun
    from include.entries.submission import Submission

log = logging.getLogger(__name__)

DECIDING_TASK = "decide_entry"
"""A run in which this task has not begun may be taken over, whether its entry is stored or not."""

LATE = timedelta(seconds=5)
"""A run that begins so long after it was accepted says that many wait."""

ROUND = 1_000
"""Runs taken over at once."""

MOST_ROUNDS = 10
PERIOD = timedelta(minutes=2)
"""How often, at most, a late run alone is a reason to drain."""

HELD_LONG = timedelta(minutes=2)
"""A drain that leaves an entry waiting so long is looked after by the sweep."""


def note_backlog(session: Session, lag: timedelta = timedelta(0)) -> int | None:
    """Write a drain down when many entries wait undecided, or when a run began late.

    One at a time, and because of lateness at most one in two minutes. Returns its row's id.
    """
    waiting = waiting_entries(session)
    # One that waits is this one: no need to ask for the setting, which is a call.
    if waiting >= 2 and waiting >= load_settings().backlog_from:
        return held.ask_for_drain(session)
    if lag < LATE or drained_lately(session, PERIOD):
        return None
    return held.ask_for_drain(session)


def drained_lately(session: Session, period: timedelta) -> bool:
    """Whether an automatic drain was asked for within ``period``."""
    newest = select(func.max(RunStart.created_at)).where(
        RunStart.dag_id == DRAIN_DAG, RunStart.run_id.startswith(AUTOMATIC, autoescape=True)
    )
    when = session.scalar(newest)
    now = session.scalars(select(func.now())).one()
    return when is not None and when > now - period


def waiting_entries(session: Session) -> int:
    """How many entries of the main job are stored and undecided."""
    return session.scalars(
        select(func.count(Entry.id)).where(
            Entry.status == EntryStatus.RECEIVED, Entry.dag_id == MAIN_DAG
        )
    ).one()


def start_drain_if_needed(lag: timedelta = timedelta(0)) -> bool:
    """Start ``drain_backlog`` when many entries wait; true when one was asked for.

    ``lag`` is how long the asking run had waited before its first task began.
    """
    with session_scope() as session:
        start_id = note_backlog(session, lag)
    if start_id is None:
        return False
    start_runs([start_id])
    return True


def take_over(*, dag_id: str, run_id: str, batch_size: int) -> tuple[list[Any], dict[str, Any]]:
    """Take over the waiting runs' entries; the batches to match, and what was taken.

    It looks again until few are left, so that a burst that is still coming in is caught.

    Raises:
        TransientError: Airflow cannot be asked now; what was taken stays taken.
    """
    facts: dict[str, Any] = {"runs": [], "stored": 0, "known_before": 0, "left_alone": 0}
    taken = dict[str, None]()
    least = load_settings().backlog_from
    # Asking Airflow takes seconds while it is busy; what is held is enough to begin with.
    held_only = run_id.startswith(AUTOMATIC) and _held_only(run_id, least)
    for number in range(0 if held_only else MOST_ROUNDS):
        found = airflow_api.waiting_runs(MAIN_DAG, DECIDING_TASK, len(taken) + ROUND)
        waiting = [run for run in found if run.run_id not in taken]
        # One that somebody started by hand takes whatever waits.
        few = len(waiting) - facts["left_alone"] < least
        if few and (number or run_id.startswith(AUTOMATIC)):
            break
        new = _take(waiting, dag_id, run_id, facts)
        taken.update(dict.fromkeys(new))
        if not new:
            break
    facts["runs"] = list(taken)
    facts["shared"] = _share_out(run_id)
    facts["adopted"] = _adopt(dag_id, run_id)
    with session_scope() as session:
        facts["held"] = held.take(session, run_id)
    with session_scope() as session:
        batches = open_batches(session, dag_id=dag_id, run_id=run_id, size=batch_size)
    if batches:
        batches[-1]["then_more"] = True
    else:
        with session_scope() as session:
            if held.take_or_pass(session, run_id):
                batches = open_batches(session, dag_id=dag_id, run_id=run_id, size=batch_size)
                batches[-1]["then_more"] = True
    log.info(
        "Backlog: %s runs taken over, %s entries stored, %s held ones taken",
        len(taken),
        facts["stored"],
        facts["held"],
    )
    return batches, facts


def take_more(run_id: str) -> int:
    """Take what was stored meanwhile; 0 when there was nothing and the next drain has its turn."""
    with session_scope() as session:
        return held.take_or_pass(session, run_id)


def has_passed(session: Session, run_id: str) -> bool:
    """Whether this run takes no more."""
    return held.has_passed(session, run_id)


def look_after_held() -> bool:
    """The sweep: start the next drain where one whose turn it is does not take what is held.

    Raises:
        TransientError: Airflow cannot be asked now.
    """
    with session_scope() as session:
        late = held.late_turns(session, HELD_LONG)
    start_ids = []
    for run_id in late:
        if airflow_api.run_state(DRAIN_DAG, run_id) in ("queued", "running"):
            continue
        with session_scope() as session:
            start_ids.append(held.pass_over(session, run_id))
    start_runs(start_ids)
    return bool(start_ids)


def _held_only(run_id: str, least: float) -> bool:
    """Whether entries are held for this drain and only few wait in runs of their own.

    Those are looked for by the drains of the first lane alone.
    """
    with session_scope() as session:
        if held.lane_of(run_id):
            return True
        waiting, own = session.execute(
            select(
                func.count().filter(Entry.run_id == HELD),
                func.count().filter(Entry.dag_id == MAIN_DAG),
            ).where(Entry.status == EntryStatus.RECEIVED, Entry.dag_id.in_((MAIN_DAG, DRAIN_DAG)))
        ).one()
    return bool(waiting) and own < least


def _share_out(run_id: str) -> int:
    """Leave what was taken over and is for other lanes to their drains; how many entries."""
    with session_scope() as session:
        shared, start_ids = held.share_out(session, run_id)
    start_runs(start_ids)
    return shared


def end_taken(run_ids: list[str], *, dag_id: str, run_id: str) -> int:
    """End the runs whose entries were taken over, beside the matching; how many.

    It saves what they would cost: a run that begins before finds its entry taken and does nothing.

    Raises:
        TransientError: Airflow cannot be asked now.
    """
    note = f"Carried out together with others by {dag_id}, run {run_id}."
    return airflow_api.end_runs(MAIN_DAG, run_ids, note)


def _take(waiting: list[WaitingRun], dag_id: str, run_id: str, facts: dict[str, Any]) -> list[str]:
    """Take the entries of waiting runs, and store what is not stored yet; the runs to end."""
    pairs: list[tuple[str, Submission]] = []
    run_of_key: dict[str, str] = {}
    run_of_entry: dict[int, str] = {}
    for run in waiting:
        if run.conf.get("entry_id") is not None:
            run_of_entry[int(run.conf["entry_id"])] = run.run_id
            continue
        try:
            submission = parse_submission({"source": "ui", **run.conf})
        except FatalError:
            continue  # its own run says what is wrong with it
        key = idempotency_key(submission, MAIN_DAG, run.run_id)
        pairs.append((key, submission))
        run_of_key[key] = run.run_id
    place = {"dag_id": dag_id, "run_id": run_id, "take_from": MAIN_DAG}
    with session_scope() as session:
        stored = store(session, pairs, **place)
        claimed = claim(session, list(run_of_entry), **place)
        # A repeat of an entry that another run carries out, or of one that is decided, ends by
        # itself.
        ours = session.scalars(
            select(Entry.id).where(
                Entry.id.in_(run_of_entry), Entry.dag_id == dag_id, Entry.run_id == run_id
            )
        ).all()
    new = sum(one.is_new or one.is_taken for one in stored)
    facts["stored"] += new + len(claimed)
    facts["known_before"] += len(pairs) + len(run_of_entry) - new - len(claimed)
    taken = [
        run_of_key[key]
        for (key, _), one in zip(pairs, stored, strict=True)
        if (one.dag_id, one.run_id) == (dag_id, run_id)
    ] + [run_of_entry[entry_id] for entry_id in ours]
    facts["left_alone"] = len(waiting) - len(taken)
    return list(dict.fromkeys(taken))


def _adopt(dag_id: str, run_id: str) -> int:
    """Take over what is stored, undecided, and belongs to a drain that ended before its end."""
    with session_scope() as session:
        entries = session.scalars(
            select(Entry)
            .where(
                Entry.dag_id == dag_id,
                Entry.run_id.not_in((run_id, HELD)),
                Entry.status.in_((EntryStatus.RECEIVED, EntryStatus.FAILED)),
                held.in_lane(held.lane_of(run_id)),
            )
            .with_for_update(skip_locked=True)
        ).all()
        adopted = 0
        states: dict[str, str | None] = {}
        for entry in entries:
            if entry.run_id not in states:
                states[entry.run_id] = airflow_api.run_state(dag_id, entry.run_id)
            if states[entry.run_id] not in ("queued", "running"):
                entry.run_id, entry.status, entry.error = run_id, EntryStatus.RECEIVED, None
                adopted += 1
    return adopted
