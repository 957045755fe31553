"""Entries that are held for a drain, and the drain whose turn it is to take them.

An entry that is *held* has no run of its own; it waits for the drain of its lane. A lane is the
entries of some people: as many lanes as the setting ``drains_at_once`` says are drained side by
side, and what one person says stays in order. Each lane has the number of the drain whose turn it
is, in a row of ``watermarks``. Who holds an entry reads the number under a shared lock and asks for
that run; a drain that finds nothing more to take raises the number under the exclusive one. So an
entry is either seen by the drain at work or asks for the next.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import func, literal, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from include.base.settings import load_settings
from include.engine.dag_ids import DRAIN_DAG
from include.outbox.runs import queue_run
from include.store.models import Entry, EntryStatus, Watermark

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

AUTOMATIC = "backlog__"
HELD = "held"
"""``run_id`` of entries that wait for a drain."""

TURN = "drain"
"""The watermark of the first lane; a colon and its number follow for the others."""

UNDECIDED = (EntryStatus.RECEIVED, EntryStatus.FAILED)
_IS_HELD = (Entry.dag_id == DRAIN_DAG) & (Entry.run_id == HELD) & Entry.status.in_(UNDECIDED)


def lock_turns(session: Session) -> None:
    """Let no drain pass its turn on before this transaction ends: what it holds will be seen."""
    for lane in range(load_settings().drains_at_once):
        _turn(session, lane, shared=True)


def ask_for_drain(session: Session, lane: int = 0) -> int:
    """Write the drain of a lane down whose turn it is; a repeat finds its row. The row's id.

    What the caller's transaction holds will be seen by that drain.
    """
    return queue_run(session, DRAIN_DAG, run_id_of(lane, _turn(session, lane, shared=True)), {})


def ask_for(session: Session, entry_ids: Iterable[int]) -> list[int]:
    """Write down the drains that take these entries, which are held; their rows' ids."""
    lanes = select(_lane()).where(Entry.id.in_(list(entry_ids)), _IS_HELD).distinct()
    return [ask_for_drain(session, lane) for lane in sorted(session.scalars(lanes))]


def take(session: Session, run_id: str) -> int:
    """Make what is held for this drain its own; how many.

    What somebody says waits while another drain has not decided what they said before.
    """
    lane = lane_of(run_id)
    for one in range(load_settings().drains_at_once) if lane is None else (lane,):
        _turn(session, one, shared=False)
    return _take(session, run_id)


def take_or_pass(session: Session, run_id: str) -> int:
    """Take what is held; when there is nothing, pass the turn on. Returns how many were taken."""
    taken = take(session, run_id)
    lane = lane_of(run_id)
    if not taken and lane is not None:
        turn = _turn(session, lane, shared=False)
        if run_id == run_id_of(lane, turn):
            _set(session, lane, turn + 1)
    return taken


def share_out(session: Session, run_id: str) -> tuple[int, list[int]]:
    """Hold what this drain has and other lanes are for; how many, and the rows of their drains."""
    lane = lane_of(run_id)
    if lane is None or load_settings().drains_at_once == 1:
        return 0, []
    lock_turns(session)
    theirs = session.scalars(
        update(Entry)
        .where(
            Entry.dag_id == DRAIN_DAG,
            Entry.run_id == run_id,
            Entry.status == EntryStatus.RECEIVED,
            ~in_lane(lane),
        )
        .values(run_id=HELD, updated_at=func.now())
        .returning(Entry.id)
    ).all()
    return len(theirs), ask_for(session, theirs)


def has_passed(session: Session, run_id: str) -> bool:
    """Whether this run takes no more."""
    lane = lane_of(run_id)
    return lane is None or run_id != run_id_of(lane, _turn(session, lane, shared=True))


def pass_over(session: Session, run_id: str) -> int:
    """Take the turn from a drain that ended before its end, and ask for the next one."""
    lane = lane_of(run_id) or 0
    turn = _turn(session, lane, shared=False)
    if run_id == run_id_of(lane, turn):
        turn += 1
        _set(session, lane, turn)
    return queue_run(session, DRAIN_DAG, run_id_of(lane, turn), {})


def late_turns(session: Session, period: timedelta) -> list[str]:
    """The drains that should have taken entries which are held for longer than ``period``."""
    late = select(_lane()).where(_IS_HELD, Entry.updated_at < func.now() - period).distinct()
    return [
        run_id_of(lane, _turn(session, lane, shared=True)) for lane in sorted(session.scalars(late))
    ]


def run_id_of(lane: int, turn: int) -> str:
    """The id of an automatic drain; the first lane is not named."""
    return f"{AUTOMATIC}{f'{lane}__' if lane else ''}{turn:06d}"


def lane_of(run_id: str) -> int | None:
    """The lane of an automatic drain; None for one that takes whatever is held."""
    found = re.fullmatch(rf"{AUTOMATIC}(?:(\d+)__)?\d+", run_id)
    return int(found[1] or 0) if found else None


def in_lane(lane: int | None) -> ColumnElement[bool]:
    """Whether an entry is of this lane, or of any."""
    return true() if lane is None else _lane() == lane


def _lane() -> ColumnElement[int]:
    """The lane of an entry: that of who handed it in, or any if nobody is named."""
    lanes = load_settings().drains_at_once
    if lanes == 1:
        return literal(0)
    return func.coalesce(Entry.submitter_id, Entry.id) % lanes


def _take(session: Session, run_id: str) -> int:
    earlier = aliased(Entry)
    is_before = (
        select(earlier.id)
        .where(
            earlier.submitter_id == Entry.submitter_id,
            earlier.dag_id == DRAIN_DAG,
            earlier.run_id.not_in((run_id, HELD)),
            earlier.status == EntryStatus.RECEIVED,
        )
        .exists()
    )
    return len(
        session.scalars(
            update(Entry)
            .where(
                _IS_HELD, in_lane(lane_of(run_id)), or_(Entry.submitter_id.is_(None), ~is_before)
            )
            .values(run_id=run_id, status=EntryStatus.RECEIVED, error=None, updated_at=func.now())
            .returning(Entry.id)
        ).all()
    )


def _turn(session: Session, lane: int, *, shared: bool) -> int:
    name = _name(lane)
    statement = select(Watermark.position).where(Watermark.name == name)
    found = session.scalar(statement.with_for_update(read=shared))
    if found is None:
        session.execute(insert(Watermark).values(name=name, position=1).on_conflict_do_nothing())
        found = session.scalars(statement.with_for_update(read=shared)).one()
    return found


def _set(session: Session, lane: int, turn: int) -> None:
    session.execute(
        update(Watermark)
        .where(Watermark.name == _name(lane))
        .values(position=turn, updated_at=func.now())
    )


def _name(lane: int) -> str:
    return f"{TURN}:{lane}" if lane else TURN
