"""What concerns one person: their open questions, their last entries, what they follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from include.base.settings import load_settings
from include.durable.api import hook_token
from include.entries.decisions import find_decision, match_key
from include.entries.entry import get_entry
from include.entries.questions import HANDLER
from include.entries.set_aside import restore_token
from include.people.permissions import label_of
from include.store.models import (
    Entry,
    Feedback,
    Hook,
    HookStatus,
    Outcome,
    Request,
    RequestFollower,
    User,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

QUESTIONS, ENTRIES, FOLLOWED = 10, 5, 10


@dataclass(frozen=True)
class OpenQuestion:
    """A question this person may answer, with the token of its buttons."""

    quote: str
    request_title: str
    request_url: str | None
    shipped: bool
    confidence: float | None
    reason: str
    token: str
    expires_at: datetime | None


@dataclass(frozen=True)
class RecentEntry:
    """Something this person handed in; ``request_title`` is where it went."""

    quote: str
    status: str
    outcome: str | None
    request_title: str | None
    request_url: str | None
    created_at: datetime
    noise_reason: str | None = None
    restore_token: str | None = None


@dataclass(frozen=True)
class Followed:
    """A request this person hears about."""

    title: str
    url: str | None
    status: str
    feedback_count: int


@dataclass(frozen=True)
class Overview:
    """Everything App Home shows; ``more_questions`` counts those that are not listed."""

    questions: list[OpenQuestion]
    more_questions: int
    entries: list[RecentEntry]
    followed: list[Followed]


def overview_of(session: Session, slack_user_id: str) -> Overview:
    """The overview of a Slack user; empty for somebody unknown."""
    mine = (
        select(Hook)
        .where(
            Hook.is_current,
            Hook.status == HookStatus.PENDING,
            Hook.handler == HANDLER,
            Hook.responders.contains([label_of(slack_user_id)]),
        )
        .order_by(Hook.created_at)
    )
    total = session.scalar(select(func.count()).select_from(mine.subquery())) or 0
    listed = session.scalars(mine.limit(QUESTIONS)).all()
    user_id = session.scalar(select(User.id).where(User.slack_user_id == slack_user_id))
    return Overview(
        questions=[_question(session, hook) for hook in listed],
        more_questions=total - len(listed),
        entries=_entries(session, user_id) if user_id is not None else [],
        followed=_followed(session, user_id) if user_id is not None else [],
    )


def _question(session: Session, hook: Hook) -> OpenQuestion:
    [first_id, confidence], *more = hook.question["entries"]
    quote = get_entry(session, int(first_id)).customer_pain
    request = session.get_one(Request, hook.question["request_id"])
    decision = find_decision(session, match_key(int(first_id)))
    return OpenQuestion(
        quote=f"(1 of {len(more) + 1}) {quote}" if more else quote,
        request_title=request.title,
        request_url=load_settings().request_url(request.slug),
        shipped=request.status == "shipped",
        confidence=confidence,
        reason=decision.reason if decision else "",
        token=hook_token(session, hook.id),
        expires_at=hook.expires_at,
    )


def _entries(session: Session, user_id: int) -> list[RecentEntry]:
    statement = (
        select(Entry, Request)
        .outerjoin(Feedback, (Feedback.entry_id == Entry.id) & Feedback.removed_at.is_(None))
        .outerjoin(Request, Request.id == Feedback.request_id)
        .where(Entry.submitter_id == user_id)
        .order_by(Entry.id.desc())
        .limit(ENTRIES)
    )
    settings = load_settings()
    return [
        RecentEntry(
            quote=entry.customer_pain,
            status=entry.status,
            outcome=entry.outcome,
            request_title=request.title if request else None,
            request_url=settings.request_url(request.slug) if request else None,
            created_at=entry.created_at,
            noise_reason=entry.noise_reason,
            restore_token=(
                restore_token(session, entry.id) if entry.outcome == Outcome.NOISE else None
            ),
        )
        for entry, request in session.execute(statement)
    ]


def _followed(session: Session, user_id: int) -> list[Followed]:
    count = (
        select(func.count(Feedback.id))
        .where(Feedback.request_id == Request.id, Feedback.removed_at.is_(None))
        .scalar_subquery()
    )
    statement = (
        select(Request, count)
        .join(RequestFollower, RequestFollower.request_id == Request.id)
        .where(RequestFollower.user_id == user_id)
        .order_by(RequestFollower.created_at.desc(), Request.id.desc())
        .limit(FOLLOWED)
    )
    settings = load_settings()
    return [
        Followed(request.title, settings.request_url(request.slug), request.status, number or 0)
        for request, number in session.execute(statement)
    ]
