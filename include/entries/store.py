"""Storing submissions: once each, before anything else happens to them; failed ones taken over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from include.agents.noise import noise_reason
from include.base.tracing import mark
from include.people.users import ensure_user
from include.store.models import (
    Account,
    Area,
    Decision,
    Entry,
    EntryStatus,
    Opportunity,
    Outcome,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from include.entries.submission import Submission
    from include.people.person import Submitter


@dataclass(frozen=True)
class Stored:
    """A stored submission, with the run that carries it out.

    ``is_new`` is false for a repeat; ``is_taken`` says that it was taken over from another run.
    """

    entry_id: int
    status: str
    dag_id: str
    run_id: str
    is_new: bool = False
    is_taken: bool = False


def idempotency_key(submission: Submission, dag_id: str, run_id: str) -> str:
    """What makes two submissions the same: source and external id, else the run itself."""
    return submission.idempotency_key or f"run:{dag_id}/{run_id}"


def store(
    session: Session,
    submissions: Sequence[tuple[str, Submission]],
    *,
    dag_id: str,
    run_id: str,
    take_from: str | None = None,
    handed_in_by: str | None = None,
) -> list[Stored]:
    """Store (idempotency key, submission) pairs as entries of this run; what became of each.

    What is there already stays with its run, unless that run failed: then this one takes it over,
    so that handing in again heals. With ``take_from`` it also takes over what runs of that DAG have
    stored and not decided. ``handed_in_by`` is the label of who was signed in.
    """
    first = {key: submission for key, submission in reversed(submissions)}
    keys = list(dict.fromkeys(key for key, _ in submissions))
    if not keys:
        return []
    rows = _rows(session, [(key, first[key]) for key in keys], dag_id, run_id, handed_in_by)
    # SQLAlchemy keeps the compiled statement of one row, and compiles that of many each time.
    values = rows[0] if len(rows) == 1 else rows
    new = set(
        session.scalars(
            insert(Entry).values(values).on_conflict_do_nothing().returning(Entry.idempotency_key)
        )
    )
    taken: set[int] = set()
    if len(new) < len(keys):
        taken = _take(session, Entry.idempotency_key.in_(keys), dag_id, run_id, take_from)
    found = {row.idempotency_key: row for row in _standing(session, keys)}
    stored = []
    for key, _ in submissions:
        row = found[key]
        place = (row.id, row.status, row.dag_id, row.run_id)
        stored.append(Stored(*place, is_new=key in new, is_taken=row.id in taken))
        new.discard(key)
    mark("store", (one.entry_id for one in stored if one.is_new))
    mark("take over", taken)
    return stored


def claim(
    session: Session,
    entry_ids: Sequence[int],
    *,
    dag_id: str,
    run_id: str,
    take_from: str | None = None,
) -> set[int]:
    """Take stored entries over as :func:`store` does; the ids of those that were taken."""
    return _take(session, Entry.id.in_(entry_ids), dag_id, run_id, take_from)


def open_batches(session: Session, *, dag_id: str, run_id: str, size: int) -> list[dict[str, Any]]:
    """The run's entries that have no outcome and ask nobody, as labelled ranges of ids."""
    ids = session.scalars(
        select(Entry.id)
        .where(
            Entry.dag_id == dag_id,
            Entry.run_id == run_id,
            Entry.status.in_((EntryStatus.RECEIVED, EntryStatus.FAILED)),
        )
        .order_by(Entry.id)
    ).all()
    size = max(1, size, -(-len(ids) // 500))
    return [
        {
            "label": f"{start + 1} to {min(start + size, len(ids))} of {len(ids)}",
            "first": ids[start],
            "last": ids[min(start + size, len(ids)) - 1],
        }
        for start in range(0, len(ids), size)
    ]


def _rows(
    session: Session,
    submissions: Sequence[tuple[str, Submission]],
    dag_id: str,
    run_id: str,
    handed_in_by: str | None,
) -> list[dict[str, Any]]:
    areas = set(session.scalars(select(Area.slug)))
    accounts = _there(session, Account, (one.account_id for _, one in submissions))
    deals = _there(session, Opportunity, (one.opportunity_id for _, one in submissions))
    people = {
        submitter: ensure_user(session, submitter)
        for submitter in dict.fromkeys(one.submitter for _, one in submissions)
    }
    return [
        {
            "idempotency_key": key,
            "source": one.source,
            "external_id": one.external_id,
            "customer_pain": one.customer_pain,
            "severity": one.severity,
            "account_id": one.account_id,
            "account_known": one.account_id in accounts,
            "opportunity_id": one.opportunity_id,
            "opportunity_known": one.opportunity_id in deals,
            "areas": [area for area in one.areas if area in areas],
            "unknown_areas": [area for area in one.areas if area not in areas],
            "links": list(one.links),
            "submitter_id": people[one.submitter],
            "handed_in_by": handed_in_by,
            "claimed_submitter": _claim(one.submitter),
            "dag_id": dag_id,
            "run_id": run_id,
            **_set_aside(one.customer_pain),
        }
        for key, one in submissions
    ]


def _claim(submitter: Submitter | None) -> dict[str, Any] | None:
    return None if submitter is None else submitter.model_dump(exclude_none=True)


def _set_aside(pain: str) -> dict[str, object]:
    """The columns that set an entry aside which surely holds no pain.

    Rows of one statement name the same columns, so every other entry has them as well.
    """
    reason = noise_reason(pain)
    if reason is None:
        return {"status": EntryStatus.RECEIVED, "outcome": None, "noise_reason": None}
    return {"status": EntryStatus.DONE, "outcome": Outcome.NOISE, "noise_reason": reason}


def _there(
    session: Session, model: type[Account | Opportunity], keys: Iterable[str | None]
) -> set[str | None]:
    wanted = {key for key in keys if key is not None}
    return set(session.scalars(select(model.id).where(model.id.in_(wanted)))) if wanted else set()


def _standing(session: Session, keys: Sequence[str]) -> Sequence[Any]:
    return session.execute(
        select(Entry.idempotency_key, Entry.id, Entry.status, Entry.dag_id, Entry.run_id).where(
            Entry.idempotency_key.in_(keys)
        )
    ).all()


def _take(
    session: Session,
    which: ColumnElement[bool],
    dag_id: str,
    run_id: str,
    take_from: str | None,
) -> set[int]:
    may = Entry.status == EntryStatus.FAILED
    if take_from is not None:
        decided = select(Decision.id).where(Decision.entry_id == Entry.id).exists()
        received = Entry.status == EntryStatus.RECEIVED
        may = may | (received & (Entry.dag_id == take_from) & ~decided)
    return set(
        session.scalars(
            update(Entry)
            .where(which, may, (Entry.dag_id != dag_id) | (Entry.run_id != run_id))
            .values(
                dag_id=dag_id,
                run_id=run_id,
                status=EntryStatus.RECEIVED,
                error=None,
                updated_at=func.now(),
            )
            .returning(Entry.id)
        )
    )
