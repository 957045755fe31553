"""``me``: what concerns the person who looks."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import select

from include.store.models import Entry, Feedback, RequestFollower
from include.store.models import Request as FeatureRequest
from include.store.session import session_scope
from include.web.guard import MAY_READ
from include.web.inbox.queries import count_open
from include.web.rendering import render
from include.web.visitor import Visiting

router = APIRouter()
MOST = 50


@router.get("/me", dependencies=[MAY_READ])
def me_page(request: Request, visitor: Visiting) -> HTMLResponse:
    """My open questions, what I handed in, what I follow."""
    with session_scope() as session:
        actor = visitor.actor(session)
        mine = count_open(session, actor.labels)["mine"]
        entries = session.execute(
            select(
                Entry.id,
                Entry.customer_pain,
                Entry.status,
                Entry.outcome,
                Entry.created_at,
                FeatureRequest.slug,
                FeatureRequest.title,
            )
            .outerjoin(Feedback, (Feedback.entry_id == Entry.id) & Feedback.removed_at.is_(None))
            .outerjoin(FeatureRequest, FeatureRequest.id == Feedback.request_id)
            .where(Entry.submitter_id == (actor.user_id or 0))
            .order_by(Entry.id.desc())
            .limit(MOST)
        ).all()
        followed = session.execute(
            select(FeatureRequest.slug, FeatureRequest.title, FeatureRequest.status)
            .join(RequestFollower, RequestFollower.request_id == FeatureRequest.id)
            .where(RequestFollower.user_id == (actor.user_id or 0))
            .order_by(RequestFollower.created_at.desc())
            .limit(MOST)
        ).all()
    return render(
        request,
        "me/page.html",
        title=f"{visitor.name}: my page",
        visitor=visitor,
        actor=actor,
        mine=mine,
        entries=entries,
        followed=followed,
        most=MOST,
    )
