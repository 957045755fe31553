"""Taking submissions in without a run each: stored at once, a few alone, many together.

Starting a run of ``process_customer_entry`` costs Airflow more than storing an entry, and carrying
it out costs seconds. So whoever takes submissions in (the relay, the REST route) stores them here.
While few wait, each is carried out by a run of its own. When ``hold_from`` wait, the next ones
are *held*: ``drain_backlog`` takes them together.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from include.base.settings import load_settings
from include.engine.dag_ids import DRAIN_DAG, MAIN_DAG
from include.entries import held
from include.entries.held import HELD
from include.entries.report import report, warnings_of
from include.entries.store import Stored, idempotency_key, store
from include.entries.submission import parse_submission
from include.entries.tell import tell
from include.outbox.runs import queue_entry, start_runs
from include.store.locks import AdvisoryLock, hold
from include.store.models import Entry, EntryStatus, Outcome
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from include.entries.submission import Submission

MOST_AT_ONCE = 1_000


@dataclass(frozen=True)
class Arrival:
    """A submission, and the run id it gets when it is carried out alone."""

    submission: Submission
    run_id: str


def arrival(values: Any) -> Arrival:
    """A submission as a client hands it in, checked.

    Raises:
        Refused: a field is missing, wrong or unknown.
    """
    return Arrival(parse_submission(values), f"api__{uuid.uuid4().hex[:20]}")


def take_in_now(
    arrivals: Sequence[Arrival], *, handed_in_by: str | None = None
) -> tuple[list[Stored], list[int]]:
    """Store submissions in a transaction of their own (see :func:`take_in`).

    Raises:
        TransientError: the database cannot be used now.
    """
    with session_scope() as session:
        return take_in(session, arrivals, handed_in_by=handed_in_by)


def start(start_ids: Sequence[int]) -> None:
    """Start the runs that :func:`take_in` asked for; the sweep starts what cannot be started."""
    start_runs(start_ids)


def warnings(entry_ids: Sequence[int]) -> dict[int, list[str]]:
    """What stored entries name that the product does not know, by entry."""
    with session_scope() as session:
        return warnings_of(session, entry_ids)


def standing(entry_id: int) -> dict[str, Any] | None:
    """What became of an entry, as its run reports it, with the run that carries it out."""
    with session_scope() as session:
        entry = session.get(Entry, entry_id)
        if entry is None:
            return None
        found = report(session, entry_id, entry.run_id)
        return found | {"dag_id": entry.dag_id, "run_id": entry.run_id}


def take_in(
    session: Session,
    arrivals: Sequence[Arrival],
    *,
    queue: bool = True,
    handed_in_by: str | None = None,
) -> tuple[list[Stored], list[int]]:
    """Store submissions once each, in order; and the ids of the runs to start after the commit.

    What holds no pain gets no run: its card is queued here, and sent by the sweep.

    Args:
        session: The caller's transaction.
        arrivals: At most :data:`MOST_AT_ONCE`.
        queue: Write down the runs of those carried out alone; the relay starts these itself.
        handed_in_by: Label of who was signed in.
    """
    pairs = [
        (idempotency_key(one.submission, MAIN_DAG, one.run_id), one.submission) for one in arrivals
    ]
    if _are_many(session, len(arrivals)):
        # Before anything is stored: the drains that are asked for must see it.
        held.lock_turns(session)
        stored = store(session, pairs, dag_id=DRAIN_DAG, run_id=HELD, handed_in_by=handed_in_by)
        start_ids = held.ask_for(session, [one.entry_id for one in stored])
    else:
        stored = [
            one
            for pair, arrived in zip(pairs, arrivals, strict=True)
            for one in store(
                session,
                [pair],
                dag_id=MAIN_DAG,
                run_id=arrived.run_id,
                handed_in_by=handed_in_by,
            )
        ]
        start_ids = [
            queue_entry(session, one.entry_id, one.run_id)
            for one, arrived in zip(stored, arrivals, strict=True)
            if queue and one.run_id == arrived.run_id and one.status == EntryStatus.RECEIVED
        ]
    new = [one.entry_id for one in stored if one.is_new]
    noise = select(Entry).where(Entry.id.in_(new), Entry.outcome == Outcome.NOISE)
    tell(session, session.scalars(noise).all())
    return stored, start_ids


def _are_many(session: Session, arriving: int) -> bool:
    """Whether so many wait that those arriving shall be held.

    While few wait, arrivals look one after the other: of many at the same moment each would
    otherwise see none of the others.
    """
    limit = load_settings().hold_from
    for look in range(2):
        if look:
            hold(session, AdvisoryLock.ARRIVING)
        waiting = session.scalars(
            select(func.count(Entry.id)).where(
                Entry.status == EntryStatus.RECEIVED, Entry.dag_id.in_((MAIN_DAG, DRAIN_DAG))
            )
        ).one()
        if waiting + arriving > 1 and waiting + arriving >= limit:
            return True
    return False
