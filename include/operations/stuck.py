"""Finding entries that nobody carries out any more, and starting them again on request."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select, tuple_, update

from include.base.errors import TransientError
from include.engine import airflow_api
from include.engine.airflow_api import StartStatus
from include.engine.dag_ids import DRAIN_DAG, MAIN_DAG
from include.entries import held
from include.entries.entry import get_entry
from include.entries.held import HELD
from include.entries.show import show
from include.outbox.runs import start_runs
from include.store.models import Entry, EntryStatus, Hook, HookStatus, ParkedRun
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

AT_ONCE = 200
LISTED = 200
ALIVE = frozenset({"queued", "running"})


@dataclass(frozen=True)
class StuckEntry:
    """An unfinished entry whose run does not run; ``run_state`` is ``None`` if the run is gone."""

    entry_id: int
    dag_id: str
    run_id: str
    run_state: str | None
    error: str | None


def find_stuck(older_than: timedelta) -> list[StuckEntry]:
    """Entries without an outcome, untouched for ``older_than``, that no run works on.

    An entry that waits for a person is not stuck while its question is open and its run lives.
    Those found are marked ``failed``.
    """
    stuck: list[StuckEntry] = []
    changed: list[int] = []
    states: dict[tuple[str, str], str | None] = {}
    for entry in _in_portions(older_than):
        run = (entry.dag_id, entry.run_id)
        if run not in states:
            states[run] = airflow_api.run_state(*run)
        state = states[run]
        if state in ALIVE:
            continue
        error = entry.error or f"its run is {state or 'gone'} without an outcome"
        with session_scope() as session:
            found = get_entry(session, entry.id, lock=True)
            # Asking Airflow took a while: somebody may have taken or finished it meanwhile.
            if (found.dag_id, found.run_id) != run or found.updated_at != entry.updated_at:
                continue
            if found.status != EntryStatus.FAILED:
                # It has not moved: operators who heard of it need not hear of it again.
                session.execute(
                    update(Entry)
                    .where(Entry.id == found.id)
                    .values(status=EntryStatus.FAILED, error=error, updated_at=Entry.updated_at)
                )
                session.refresh(found)
                changed += show(session, found)
        stuck.append(StuckEntry(entry.id, entry.dag_id, entry.run_id, state, error))
    if changed:
        from include.outbox.sender import deliver

        deliver(changed)
    return stuck


def run_again(stuck: StuckEntry) -> bool:
    """Let the entry's run go on where it failed, or start it anew when it is gone.

    The run of an import or a drain cannot be started anew for one entry: what it left undecided is
    held for the next drain.
    """
    if stuck.run_state is None and stuck.dag_id != MAIN_DAG:
        with session_scope() as session:
            held.lock_turns(session)
            entry = get_entry(session, stuck.entry_id, lock=True)
            if entry.status != EntryStatus.FAILED or entry.run_id != stuck.run_id:
                return False
            entry.dag_id, entry.run_id = DRAIN_DAG, HELD
            entry.status, entry.error, entry.updated_at = EntryStatus.RECEIVED, None, func.now()
            session.flush()
            start_ids = held.ask_for(session, [entry.id])
        start_runs(start_ids)
        return True
    if stuck.run_state is not None:
        if airflow_api.continue_run(stuck.dag_id, stuck.run_id) == 0:
            return False
    else:
        conf = {"entry_id": stuck.entry_id}
        result = airflow_api.start_run(stuck.dag_id, stuck.run_id, conf)
        if result.status not in (StartStatus.STARTED, StartStatus.EXISTS):
            raise TransientError(f"entry {stuck.entry_id}: {result.reason}")
    _receive(stuck.entry_id)
    return True


def _receive(entry_id: int) -> None:
    with session_scope() as session:
        entry = get_entry(session, entry_id, lock=True)
        if entry.status == EntryStatus.FAILED:
            entry.status, entry.error, entry.updated_at = EntryStatus.RECEIVED, None, func.now()
            show(session, entry)


def sweep(older_than: timedelta, *, rerun: bool) -> dict[str, Any]:
    """Find stuck entries and, with ``rerun``, start them again; for the DAG's result."""
    stuck = find_stuck(older_than)
    started, continued = [], set[tuple[str, str]]()
    for entry in stuck if rerun else ():
        run = (entry.dag_id, entry.run_id)
        # One clear continues a run for all its entries; a second would disturb it.
        try:
            if run in continued:
                _receive(entry.entry_id)
            elif not run_again(entry):
                continue
        except TransientError as error:
            # One that Airflow refuses keeps no other from going on.
            log.warning("Entry %s cannot be run again now: %s", entry.entry_id, error)
            continue
        if entry.run_state is not None:
            continued.add(run)
        started.append(entry.entry_id)
    return {
        "stuck": [asdict(entry) for entry in stuck[:LISTED]],
        "stuck_not_listed": max(0, len(stuck) - LISTED),
        "run_again": started,
    }


def _in_portions(older_than: timedelta) -> Iterator[Entry]:
    """All candidates, the oldest first; one that cannot go on keeps no later one from it."""
    after: tuple[datetime, int] | None = None
    while True:
        with session_scope() as session:
            found = _unfinished(session, older_than, after)
        yield from found
        if len(found) < AT_ONCE:
            return
        after = (found[-1].updated_at, found[-1].id)


def _unfinished(
    session: Session, older_than: timedelta, after: tuple[datetime, int] | None
) -> list[Entry]:
    open_question = (
        select(Hook.id)
        .where(
            Hook.dag_id == Entry.dag_id,
            Hook.run_id == Entry.run_id,
            Hook.is_current,
            Hook.status == HookStatus.PENDING,
        )
        .exists()
    )
    is_parked = (
        select(ParkedRun.id)
        .where(ParkedRun.dag_id == Entry.dag_id, ParkedRun.run_id == Entry.run_id)
        .exists()
    )
    statement = (
        select(Entry)
        .where(
            Entry.status != EntryStatus.DONE,
            # What is marked as failed is over: nobody has to wait to see it again.
            (Entry.updated_at < func.now() - older_than) | (Entry.status == EntryStatus.FAILED),
            # What is held waits for a drain; the sweep of drains looks after it.
            or_(Entry.dag_id != DRAIN_DAG, Entry.run_id != HELD),
            # A parked run is continued by the keeper, however long its turn takes.
            ~is_parked,
            # Open questions are many and old; their runs are looked at only once they failed.
            ~open_question | (Entry.status == EntryStatus.FAILED),
        )
        .order_by(Entry.updated_at, Entry.id)
        .limit(AT_ONCE)
    )
    if after is not None:
        statement = statement.where(tuple_(Entry.updated_at, Entry.id) > after)
    return list(session.scalars(statement))
