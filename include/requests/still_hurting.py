"""New feedback on a request that has just shipped: its owner is asked whether it still hurts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from include.base.settings import load_settings
from include.durable.api import signing_keys
from include.durable.keys import sign
from include.outbox.messages import queue_message
from include.people.users import slack_user_of
from include.slack.cards import requests as cards
from include.slack.cards.words import moment_words
from include.store.models import Request, RequestFollower, RequestStatus, User

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.store.models import Entry

REOPEN = "reopen"
"""What the token of the button *Open it again* is for; it holds the request's id."""


def ask_owner(session: Session, request_id: int, entry: Entry) -> int | None:
    """Queue the question when the request shipped within ``shipped_recently_days``; once an entry.

    The owner is who created the request, else its first follower in Slack, else the review channel.
    Returns the message's id.
    """
    settings = load_settings()
    recently = func.now() - timedelta(days=settings.shipped_recently_days)
    request = session.scalars(
        select(Request).where(
            Request.id == request_id,
            Request.status == RequestStatus.SHIPPED,
            Request.shipped_at > recently,
        )
    ).one_or_none()
    if request is None:
        return None
    card = cards.still_hurting(
        title=request.title,
        url=settings.request_url(request.slug),
        token=sign(REOPEN, str(request.id), signing_keys(session)[0]),
        quote=entry.customer_pain,
        when=moment_words(request.shipped_at),
    )
    return queue_message(
        session,
        key=f"still_hurting:{request.id}:{entry.id}",
        purpose="still_hurting",
        address=_owner(session, request) or settings.review_channel,
        body=card.text,
        blocks=card.blocks,
        entry_id=entry.id,
    )


def _owner(session: Session, request: Request) -> str | None:
    return slack_user_of(session, request.created_by) or session.scalar(
        select(User.slack_user_id)
        .join(RequestFollower, RequestFollower.user_id == User.id)
        .where(RequestFollower.request_id == request.id, User.slack_user_id.is_not(None))
        .order_by(RequestFollower.created_at, User.id)
        .limit(1)
    )
