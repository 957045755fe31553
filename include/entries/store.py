"""Storing many submissions at once, by the same rules as one: once each, failed ones taken over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, false, func, select, update
from sqlalchemy.dialects.postgresql import insert

from include.agents.noise import noise_reason
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
                & ~((Entry.dag_id == dag_id) & (Entry.run_id == run_id))
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


STORED_RUN = "entry__"
"""A run whose id begins so carries out an entry that is stored already: a pain of another entry, or
one that was set aside and restored."""


@dataclass(frozen=True)
class StoredEntry:
    """``is_owner`` is false when another run carries the same submission out."""

    entry_id: int
    is_owner: bool
    run_id: str


def idempotency_key(submission: Submission, dag_id: str, run_id: str) -> str:
    """What makes two submissions the same: source and external id, else the run itself."""
    return submission.idempotency_key or f"run:{dag_id}/{run_id}"


def store_entry(session: Session, submission: Submission, dag_id: str, run_id: str) -> StoredEntry:
    """Store a submission once; a repeat finds the first one.

    A run that repeats a submission whose own run failed takes it over, so a resubmission heals.
    """
    if run_id.startswith(STORED_RUN):
        stored = _stored_for(session, dag_id, run_id, submission.customer_pain)
        if stored is not None:
            return stored
    key = idempotency_key(submission, dag_id, run_id)
    areas = submission.areas
    known_areas = set(
        session.scalars(select(Area.slug).where(Area.slug.in_(areas))) if areas else ()
    )
    values = {
        "idempotency_key": key,
        "source": submission.source,
        "external_id": submission.external_id,
        "customer_pain": submission.customer_pain,
        "severity": submission.severity,
        "account_id": submission.account_id,
        "account_known": _known(Account, submission.account_id),
        "opportunity_id": submission.opportunity_id,
        "opportunity_known": _known(Opportunity, submission.opportunity_id),
        "areas": [area for area in areas if area in known_areas],
        "unknown_areas": [area for area in areas if area not in known_areas],
        "links": list(submission.links),
        "submitter_id": ensure_user(session, submission.submitter),
        "dag_id": dag_id,
        "run_id": run_id,
        **set_aside(submission.customer_pain),
    }
    statement = insert(Entry).values(**values).on_conflict_do_nothing().returning(Entry.id)
    entry_id = session.scalar(statement)
    if entry_id is not None:
        return StoredEntry(entry_id, is_owner=True, run_id=run_id)
    entry = session.scalars(
        select(Entry).where(Entry.idempotency_key == key).with_for_update()
    ).one()
    if entry.status == EntryStatus.FAILED and entry.run_id != run_id:
        entry.dag_id, entry.run_id = dag_id, run_id
        entry.status, entry.error = EntryStatus.RECEIVED, None
        entry.updated_at = func.now()
    return StoredEntry(entry.id, is_owner=entry.run_id == run_id, run_id=entry.run_id)


def set_aside(pain: str) -> dict[str, object]:
    """The columns of an entry that surely holds no pain; empty for every other."""
    reason = noise_reason(pain)
    if reason is None:
        return {}
    return {"status": EntryStatus.DONE, "outcome": Outcome.NOISE, "noise_reason": reason}


def _stored_for(session: Session, dag_id: str, run_id: str, pain: str) -> StoredEntry | None:
    number = run_id.removeprefix(STORED_RUN).partition("__")[0]
    entry = session.get(Entry, int(number)) if number.isdigit() and len(number) < 19 else None
    if entry is None:
        return None
    if (entry.dag_id, entry.run_id) == (dag_id, run_id):
        return StoredEntry(entry.id, is_owner=True, run_id=run_id)
    # Another run carries it out by now; a run that somebody only named like this is another entry.
    if entry.customer_pain == pain:
        return StoredEntry(entry.id, is_owner=False, run_id=entry.run_id)
    return None


def _known(model: type[Account | Opportunity], key: str | None) -> ColumnElement[bool]:
    """Whether there is such a row, answered by the statement that stores the entry."""
    return false() if key is None else exists().where(model.id == key)
