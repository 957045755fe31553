"""What is told to the person who handed an entry in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from include.base.settings import load_settings
from include.durable.api import signing_keys
from include.durable.keys import sign
from include.outbox.messages import queue_message
from include.people.permissions import slack_user_of
from include.requests.evidence import Evidence, live_feedback
from include.slack.cards import blocks
from include.store.models import (
    Area,
    Entry,
    Outcome,
    Request,
    RequestArea,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.base.settings import Settings


def tell(session: Session, entry: Entry) -> int | None:
    """Queue the card that says where an entry went; ``None`` while it went nowhere."""
    feedback = live_feedback(session, entry.id)
    if feedback is None:
        return None
    if entry.outcome == Outcome.CREATED:
        request = session.get_one(Request, feedback.request_id)
        return _tell_opened(session, entry, request, feedback.id)
    evidence = Evidence(feedback.match_type, feedback.reason, feedback.confidence)
    return _tell_attached(session, entry, feedback.request_id, feedback.id, evidence)


def _tell_attached(
    session: Session,
    entry: Entry,
    request_id: int,
    feedback_id: int,
    evidence: Evidence,
    settings: Settings | None = None,
) -> int:
    request = session.get_one(Request, request_id)
    person, found = slack_user_of(session, entry.submitter_id), settings or load_settings()
    card = blocks.attached_card(
        quote=entry.customer_pain,
        request_title=request.title,
        request_url=found.request_url(request.slug),
        confidence=evidence.confidence,
        reason=evidence.reason,
        undo_token=correction_token(session, feedback_id),
        is_theirs=person is not None,
    )
    return queue_message(
        session,
        key=f"attached:{feedback_id}",
        purpose="attached",
        address=person or found.review_channel,
        body=card.text,
        blocks=card.blocks,
        entry_id=entry.id,
    )


def _tell_opened(
    session: Session,
    entry: Entry,
    request: Request,
    feedback_id: int,
    settings: Settings | None = None,
) -> int:
    person, found = slack_user_of(session, entry.submitter_id), settings or load_settings()
    areas = session.scalars(
        select(Area.name)
        .join(RequestArea, RequestArea.area_id == Area.id)
        .where(RequestArea.request_id == request.id)
        .order_by(Area.name)
    ).all()
    card = blocks.created_card(
        quote=entry.customer_pain,
        request_title=request.title,
        request_url=found.request_url(request.slug),
        areas=list(areas),
        pick_token=correction_token(session, feedback_id),
        is_theirs=person is not None,
    )
    return queue_message(
        session,
        key=f"created:{entry.id}",
        purpose="created",
        address=person or found.review_channel,
        body=card.text,
        blocks=card.blocks,
        entry_id=entry.id,
    )


def correction_token(session: Session, feedback_id: int) -> str:
    """What the buttons that correct a feedback's place carry; the same on every call."""
    return sign("undo", str(feedback_id), signing_keys(session)[0])
