"""Entries: stored first and once, owned by one run, finished with one outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from include.base.errors import FatalError
from include.store.models import (
    Entry,
    EntryStatus,
    Outcome,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def get_entry(session: Session, entry_id: int, *, lock: bool = False) -> Entry:
    """The entry, or a :class:`FatalError` that names the id."""
    statement = select(Entry).where(Entry.id == entry_id)
    entry = session.scalars(statement.with_for_update() if lock else statement).one_or_none()
    if entry is None:
        raise no_such_entry(entry_id)
    return entry


def no_such_entry(entry_id: int) -> FatalError:
    """What to raise when an entry that a run names is not there."""
    return FatalError(f"entry {entry_id} does not exist; was the database restored?")


def mark_failed(session: Session, dag_id: str, run_id: str, error: str) -> Entry | None:
    """Note that the run of an unfinished entry failed; ``None`` when there is no such entry."""
    statement = (
        update(Entry)
        .where(Entry.dag_id == dag_id, Entry.run_id == run_id, Entry.status != EntryStatus.DONE)
        .values(status=EntryStatus.FAILED, error=error[:500], updated_at=func.now())
        .returning(Entry)
    )
    return session.scalars(statement).one_or_none()


def finish(entry: Entry, outcome: Outcome) -> None:
    """Note what became of the entry."""
    entry.status, entry.outcome, entry.error = EntryStatus.DONE, outcome, None
    entry.updated_at = func.now()
