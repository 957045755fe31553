"""Evidence of a request: what was attached to it, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from include.outbox.webhooks import queue_webhooks
from include.requests.waking import Wake, wake_new_request
from include.store.models import (
    Entry,
    Feedback,
    RequestFollower,
    WebhookEvent,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Evidence:
    """Why an entry belongs to a request: from a verdict, or ``None`` when a person said so."""

    match_type: str
    reason: str
    confidence: float | None = None


def attach(session: Session, entry: Entry, request_id: int, evidence: Evidence) -> int:
    """Make the entry evidence of a request, once; the submitter follows it. Returns the row's id.

    A repeat returns the live row the entry has already, also when that is on another request.
    """
    statement = (
        insert(Feedback)
        .values(
            request_id=request_id,
            entry_id=entry.id,
            quote_length=len(entry.customer_pain),
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
    queue_webhooks(
        session,
        WebhookEvent.EVIDENCE_ATTACHED,
        f"attached:{feedback_id}",
        request_id=request_id,
        feedback_id=feedback_id,
    )
    wake_new_request(session, request_id, Wake.EVIDENCE)
    return feedback_id


def live_feedback(session: Session, entry_id: int) -> Feedback | None:
    """The evidence an entry has become, if any."""
    return session.scalars(
        select(Feedback).where(Feedback.entry_id == entry_id, Feedback.removed_at.is_(None))
    ).one_or_none()
