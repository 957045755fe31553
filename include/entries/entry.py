"""Entries: stored first and once, owned by one run, finished with one outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import exists, false, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from include.agents.noise import noise_reason
from include.base.errors import FatalError
from include.store.models import Account, Area, Entry, EntryStatus, Opportunity, Outcome, User

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from include.entries.submission import Submission, Submitter


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
    if submission.external_id:
        return f"{submission.source}:{submission.external_id}"
    return f"run:{dag_id}/{run_id}"


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


def ensure_user(session: Session, submitter: Submitter | None) -> int | None:
    """The id of the submitter's user, created when new; a missing part is filled in."""
    if submitter is None:
        return None
    email = submitter.email.lower() if submitter.email else None
    # A part that is not given must not be compared: NULL would find everybody without one.
    signs = [User.slack_user_id == submitter.slack_user_id] if submitter.slack_user_id else []
    signs += [func.lower(User.email) == email] if email else []
    known = (
        select(User)
        .where(or_(false(), *signs))
        # Slack's id is the surer sign when the two name different people.
        .order_by((User.slack_user_id == submitter.slack_user_id).desc().nulls_last())
    )
    users = session.scalars(known).all()
    if len(users) != 1 or not _says_all(users[0], submitter):
        # Also to wait for whoever is just storing the part that would be filled in here.
        session.execute(
            insert(User)
            .values(email=email, slack_user_id=submitter.slack_user_id, name=submitter.name or "")
            .on_conflict_do_nothing()
        )
        users = session.scalars(known).all()
    user = users[0]
    if len(users) == 1:
        user.email = user.email or email
        user.slack_user_id = user.slack_user_id or submitter.slack_user_id
        user.name = user.name or submitter.name or ""
    session.flush()
    return user.id


def _says_all(user: User, submitter: Submitter) -> bool:
    """Whether nothing of the submitter is missing in the user."""
    return bool(
        (user.email or not submitter.email)
        and (user.slack_user_id or not submitter.slack_user_id)
        and (user.name or not submitter.name)
    )


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


def _known(model: type[Account | Opportunity], key: str | None) -> ColumnElement[bool]:
    """Whether there is such a row, answered by the statement that stores the entry."""
    return false() if key is None else exists().where(model.id == key)
