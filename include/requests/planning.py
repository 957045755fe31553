"""Statuses between open and shipped: each change once, and followers hear that it is planned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from include.base.errors import FatalError
from include.base.settings import load_settings
from include.matching.types import RequestStatus
from include.outbox.messages import queue_message
from include.requests.lifecycle import merged_into, set_status
from include.requests.lookup import find_request
from include.requests.merging import family_of
from include.slack.cards import requests as cards
from include.slack.cards.words import person_words
from include.store.models import Request, RequestFollower, User

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

PLANNABLE = (
    RequestStatus.OPEN,
    RequestStatus.PLANNED,
    RequestStatus.IN_PROGRESS,
    RequestStatus.DEPRIORITIZED,
)
"""What :func:`plan` sets; shipping and reopening have operations of their own."""


def plan(session: Session, reference: str, status: RequestStatus, *, by: str) -> list[int]:
    """Set the status; the messages to send, one for each follower of a request now planned.

    A repeat changes nothing and tells nobody.

    Raises:
        FatalError: there is no such request, it is merged into another or has shipped, or the
            status is not one of ``PLANNABLE``.
    """
    if status not in PLANNABLE:
        raise FatalError(f"status {status.value!r} is not set by hand: use mark_shipped")
    request = find_request(session, reference, lock=True)
    if (into := merged_into(session, request.id)) is not None:
        other = session.get_one(Request, into)
        raise FatalError(f"{request.slug!r} is merged into {other.slug!r}; change that one")
    if request.status == RequestStatus.SHIPPED:
        raise FatalError(f"{request.slug!r} has shipped; reopen it first")
    change = set_status(session, request, status, by=by)
    if change is None or status != RequestStatus.PLANNED:
        return []
    followers = session.execute(
        select(User.id, User.slack_user_id)
        .join(RequestFollower, RequestFollower.user_id == User.id)
        .where(
            RequestFollower.request_id.in_(family_of(session, request.id)),
            User.slack_user_id.is_not(None),
        )
        .distinct()
        .order_by(User.id)
    )
    card = cards.planned(
        title=request.title,
        url=load_settings().request_url(request.slug),
        by=person_words(by),
    )
    return [
        queue_message(
            session,
            key=f"planned:{change.id}:{row.id}",
            purpose="planned",
            address=row.slack_user_id,
            body=card.text,
            blocks=card.blocks,
        )
        for row in followers
    ]
