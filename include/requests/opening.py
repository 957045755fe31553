"""Opening requests and attaching evidence: the rows an entry ends in."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from include.requests.vectors import live_key
from include.requests.waking import Wake, wake_new_request
from include.store.models import (
    Area,
    Entry,
    EntryStatus,
    Feedback,
    Outcome,
    Request,
    RequestArea,
    RequestEmbedding,
    RequestFollower,
    RequestStatusChange,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from include.agents.draft import Draft

OPENING_LOCK = 7_310_002
"""Advisory lock under which requests are opened: what is new is seen before another is made."""


@dataclass(frozen=True)
class Evidence:
    """Why an entry belongs to a request: from a verdict, or ``None`` when a person said so."""

    match_type: str
    reason: str
    confidence: float | None = None


@dataclass(frozen=True)
class Vector:
    """A vector with what made it. ``content_hash`` starting with ``pain:`` marks a provisional one.

    A provisional vector is the customer's words' own; it serves until the request's text is
    embedded.
    """

    model: str
    values: list[float]
    content_hash: str


def lock_opening(session: Session) -> None:
    """Let nobody else open a request until this transaction ends."""
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": OPENING_LOCK})


def newest_request_id(session: Session) -> int:
    """The horizon of a search: requests with a greater id were opened after it. 0 when none."""
    return session.scalar(select(func.max(Request.id))) or 0


def open_request(session: Session, entry: Entry, draft: Draft, vector: Vector | None) -> Request:
    """Open the request of an entry, once: a repeat returns the one it opened before.

    Call it under :func:`lock_opening`, after looking for what was opened meanwhile.
    """
    existing = session.scalars(
        select(Request).where(Request.opened_by_entry_id == entry.id)
    ).one_or_none()
    if existing is not None:
        return existing
    request = Request(
        slug=_free_slug(session, draft.title),
        title=draft.title,
        description=draft.description,
        created_by=entry.submitter_id,
        opened_by_entry_id=entry.id,
    )
    session.add(request)
    session.flush()
    session.add_all(RequestArea(request_id=request.id, area_id=area) for area in draft.area_ids)
    session.add(
        RequestStatusChange(request_id=request.id, status="open", changed_by=f"entry {entry.id}")
    )
    if vector is not None:
        session.add(
            RequestEmbedding(
                request_id=request.id,
                model=live_key(session, vector.model),
                dimensions=len(vector.values),
                content_hash=vector.content_hash,
                embedding=vector.values,
            )
        )
    session.flush()
    return request


def attach(session: Session, entry: Entry, request_id: int, evidence: Evidence) -> int:
    """Make the entry evidence of a request, once; the submitter follows it. Returns the row's id.

    A repeat returns the live row the entry has already, also when that is on another request.
    """
    statement = (
        insert(Feedback)
        .values(
            request_id=request_id,
            entry_id=entry.id,
            quote=entry.customer_pain,
            severity=entry.severity,
            account_id=entry.account_id,
            opportunity_id=entry.opportunity_id,
            links=entry.links,
            confidence=evidence.confidence,
            reason=evidence.reason,
            match_type=evidence.match_type,
            created_by=entry.submitter_id,
        )
        .on_conflict_do_nothing()
        .returning(Feedback.id)
    )
    feedback_id = session.scalar(statement)
    if feedback_id is None:
        return session.scalars(
            select(Feedback.id).where(
                Feedback.entry_id == entry.id,
                Feedback.pain_number == 0,
                Feedback.removed_at.is_(None),
            )
        ).one()
    if entry.submitter_id is not None:
        session.execute(
            insert(RequestFollower)
            .values(request_id=request_id, user_id=entry.submitter_id, entry_id=entry.id)
            .on_conflict_do_nothing()
        )
    wake_new_request(session, request_id, Wake.EVIDENCE)
    return feedback_id


def finish(entry: Entry, outcome: Outcome) -> None:
    """Note what became of the entry."""
    entry.status, entry.outcome, entry.error = EntryStatus.DONE, outcome, None
    entry.updated_at = func.now()


def live_feedback(session: Session, entry_id: int) -> Feedback | None:
    """The evidence an entry has become, if any."""
    return session.scalars(
        select(Feedback).where(Feedback.entry_id == entry_id, Feedback.removed_at.is_(None))
    ).one_or_none()


def areas_by_id(session: Session) -> Sequence[Area]:
    """All product areas, in a stable order."""
    return session.scalars(select(Area).order_by(Area.id)).all()


def slug_of(title: str) -> str:
    """A title as the part of a URL: ASCII letters, digits and hyphens, at most 60 characters."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")
    return slug or "request"


def _free_slug(session: Session, title: str) -> str:
    base = slug_of(title)
    taken = set(session.scalars(select(Request.slug).where(Request.slug.like(f"{base}%"))))
    if base not in taken:
        return base
    number = 2
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}"
