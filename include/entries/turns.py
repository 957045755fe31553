"""Whose turn it is to drain: one automatic run after the other, and no entry between two of them.

An entry that is *held* has no run of its own; it waits for the drain whose number is in the row
``drain`` of ``watermarks``. Who holds an entry reads the number under a shared lock and asks for
that run; a drain that finds nothing more to take raises the number under the exclusive one. So an
entry is either seen by the drain at work or asks for the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from include.outbox.runs import queue_run
from include.store.models import Entry, EntryStatus, RunStart, Watermark

if TYPE_CHECKING:
    from datetime import timedelta

    from sqlalchemy.orm import Session

MAIN_DAG, DRAIN_DAG = "process_customer_entry", "drain_backlog"
AUTOMATIC = "backlog__"
HELD = "held"
"""``run_id`` of entries that wait for a drain."""

NAME = "drain"


def ask_for_drain(session: Session) -> int:
    """Write the drain down whose turn it is; a repeat finds its row. Returns the row's id.

    What the caller's transaction holds will be seen by that drain.
    """
    return queue_run(session, DRAIN_DAG, run_id_of(_turn(session, shared=True)), {})


def drained_lately(session: Session, period: timedelta) -> bool:
    """Whether an automatic drain was asked for within ``period``."""
    newest = select(func.max(RunStart.created_at)).where(
        RunStart.dag_id == DRAIN_DAG, RunStart.run_id.startswith(AUTOMATIC, autoescape=True)
    )
    when = session.scalar(newest)
    now = session.scalars(select(func.now())).one()
    return when is not None and when > now - period


def take_held(session: Session, run_id: str) -> int:
    """Make all held entries this drain's; how many."""
    return len(
        session.scalars(
            update(Entry)
            .where(
                Entry.dag_id == DRAIN_DAG,
                Entry.run_id == HELD,
                Entry.status.in_((EntryStatus.RECEIVED, EntryStatus.FAILED)),
            )
            .values(run_id=run_id, status=EntryStatus.RECEIVED, error=None, updated_at=func.now())
            .returning(Entry.id)
        ).all()
    )


def take_or_pass(session: Session, run_id: str) -> int:
    """Take what is held; when there is nothing, pass the turn on. Returns how many were taken."""
    turn = _turn(session, shared=False)
    taken = take_held(session, run_id)
    if not taken and run_id == run_id_of(turn):
        _set(session, turn + 1)
    return taken


def has_passed(session: Session, run_id: str) -> bool:
    """Whether this run takes no more."""
    return run_id != run_id_of(_turn(session, shared=True))


def pass_over(session: Session, run_id: str) -> int:
    """Take the turn from a drain that ended before its end, and ask for the next one."""
    turn = _turn(session, shared=False)
    if run_id == run_id_of(turn):
        turn += 1
        _set(session, turn)
    return queue_run(session, DRAIN_DAG, run_id_of(turn), {})


def held_since(session: Session, period: timedelta) -> str | None:
    """The drain that should have taken entries which are held for longer than ``period``."""
    turn = _turn(session, shared=True)
    oldest = session.scalar(
        select(func.min(Entry.updated_at)).where(
            Entry.dag_id == DRAIN_DAG,
            Entry.run_id == HELD,
            Entry.status.in_((EntryStatus.RECEIVED, EntryStatus.FAILED)),
        )
    )
    now = session.scalars(select(func.now())).one()
    return run_id_of(turn) if oldest is not None and oldest < now - period else None


def run_id_of(turn: int) -> str:
    """The id of an automatic drain."""
    return f"{AUTOMATIC}{turn:06d}"


def _turn(session: Session, *, shared: bool) -> int:
    statement = select(Watermark.position).where(Watermark.name == NAME)
    found = session.scalar(statement.with_for_update(read=shared))
    if found is None:
        session.execute(insert(Watermark).values(name=NAME, position=1).on_conflict_do_nothing())
        found = session.scalars(statement.with_for_update(read=shared)).one()
    return found


def _set(session: Session, turn: int) -> None:
    session.execute(
        update(Watermark).where(Watermark.name == NAME).values(position=turn, updated_at=func.now())
    )
