"""The status of a request: changed once, with its history, and whoever sleeps on it is woken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from include.outbox.events import record_event
from include.outbox.webhooks import queue_webhooks
from include.requests.waking import Wake, wake_new_request
from include.store.models import (
    Feedback,
    Request,
    RequestMerge,
    RequestStatus,
    RequestStatusChange,
    WebhookEvent,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_WAKES = {RequestStatus.SHIPPED: Wake.SHIPPED, RequestStatus.DEPRIORITIZED: Wake.DEPRIORITIZED}


def set_status(
    session: Session, request: Request, status: RequestStatus, *, by: str
) -> RequestStatusChange | None:
    """Give a locked request another status; ``None`` when it has that status already."""
    if request.status == status:
        return None
    request.status = status
    request.shipped_at = func.now() if status == RequestStatus.SHIPPED else None
    change = RequestStatusChange(request_id=request.id, status=status, changed_by=by)
    session.add(change)
    session.flush()
    record_event(
        session,
        f"status:{change.id}",
        f"request_{status}" if status != RequestStatus.OPEN else "request_reopened",
        request_id=request.id,
        actor=by,
        slug=request.slug,
    )
    if status == RequestStatus.SHIPPED:
        key = f"shipped:{change.id}"
        queue_webhooks(session, WebhookEvent.REQUEST_SHIPPED, key, request_id=request.id)
    if status in _WAKES:
        wake_new_request(session, request.id, _WAKES[status])
    return change


def live_evidence(session: Session, request_id: int) -> int:
    """How many pieces of evidence a request has itself."""
    statement = select(func.count(Feedback.id)).where(
        Feedback.request_id == request_id, Feedback.removed_at.is_(None)
    )
    return session.scalar(statement) or 0


def merged_into(session: Session, request_id: int) -> int | None:
    """The request it is merged into directly, if it is."""
    return session.scalar(
        select(RequestMerge.into_id).where(
            RequestMerge.request_id == request_id, RequestMerge.undone_at.is_(None)
        )
    )
