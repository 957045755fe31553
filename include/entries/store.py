"""Storing many submissions at once, by the same rules as one: once each, failed ones taken over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from include.entries.entry import ensure_user, set_aside
from include.store.models import Account, Area, Decision, Entry, EntryStatus, Opportunity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.orm import Session

    from include.entries.submission import Submission, Submitter

NOT_SET_ASIDE = {"status": EntryStatus.RECEIVED, "outcome": None, "noise_reason": None}


@dataclass
class StoredMany:
    """How many were new, known from before, or taken over from a run that failed."""

    new: int = 0
    known: int = 0
    taken_over: int = 0


@dataclass
class Known:
    """What the product knows, looked up once for many submissions."""

    users: dict[Submitter, int | None] = field(default_factory=dict)

    def user(self, session: Session, submitter: Submitter | None) -> int | None:
        """The submitter's user, made when new."""
        if submitter is None:
            return None
        if submitter not in self.users:
            self.users[submitter] = ensure_user(session, submitter)
        return self.users[submitter]


def store_many(
    session: Session,
    submissions: Sequence[tuple[str, Submission]],
    *,
    dag_id: str,
    run_id: str,
    known: Known,
    take_from: str | None = None,
) -> StoredMany:
    """Store (idempotency key, submission) pairs as entries of this run.

    What is there already stays with its run, unless that run failed: then this one takes it over.
    With ``take_from`` it also takes over what runs of that DAG have stored and not decided.
    """
    first = {key: submission for key, submission in reversed(submissions)}
    keys = [key for key, _ in submissions]
    ordered = [(key, first[key]) for key in dict.fromkeys(keys)]
    areas = set(session.scalars(select(Area.slug)))
    accounts = _there(session, Account, (s.account_id for _, s in ordered))
    deals = _there(session, Opportunity, (s.opportunity_id for _, s in ordered))
    rows = [
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
            "submitter_id": known.user(session, one.submitter),
            "dag_id": dag_id,
            "run_id": run_id,
            # Rows of one statement name the same columns.
            **NOT_SET_ASIDE,
            **set_aside(one.customer_pain),
        }
        for key, one in ordered
    ]
    if not rows:
        return StoredMany()
    # SQLAlchemy keeps the compiled statement of one row, and compiles that of many each time.
    values = rows[0] if len(rows) == 1 else rows
    new = session.execute(
        insert(Entry).values(values).on_conflict_do_nothing().returning(Entry.id)
    ).all()
    taken = session.execute(
        update(Entry)
        .where(
            Entry.idempotency_key.in_([key for key, _ in ordered]),
            (Entry.status == EntryStatus.FAILED)
            | (
                (Entry.status == EntryStatus.RECEIVED)
                & (Entry.dag_id == (take_from or ""))
                & ~select(Decision.id).where(Decision.entry_id == Entry.id).exists()
            ),
        )
        .values(
            dag_id=dag_id,
            run_id=run_id,
            status=EntryStatus.RECEIVED,
            error=None,
            updated_at=func.now(),
        )
        .returning(Entry.id)
    ).all()
    return StoredMany(len(new), len(keys) - len(new) - len(taken), len(taken))


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


def _there(
    session: Session, model: type[Account | Opportunity], keys: Iterable[str | None]
) -> set[str | None]:
    wanted = {key for key in keys if key is not None}
    if not wanted:
        return set()
    return set(session.scalars(select(model.id).where(model.id.in_(wanted))))
