"""Moving one piece of evidence to another request, or taking it off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, HTTPException, Path, Request
from fastapi.responses import Response
from sqlalchemy import select

from include.entries.correct import pick_request, undo_attachment
from include.entries.tokens import PLACE, token_of
from include.requests.search_now import search_now
from include.store.merges import survivors_of
from include.store.models import Entry, Feedback
from include.store.models import Request as FeatureRequest
from include.store.session import session_scope
from include.web.forms import Sent, field, follow_up, plain
from include.web.guard import MAY_ANSWER, MAY_READ, OUR_FORM
from include.web.rendering import go_to, render
from include.web.visitor import Visiting

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.outbox.replies import AnswerReply

router = APIRouter()
FOUND = 15
FeedbackId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("/feedback/{feedback_id}/move", dependencies=[MAY_READ])
def move_form(
    request: Request, visitor: Visiting, feedback_id: FeedbackId, q: str = ""
) -> Response:
    """A search for the request that the words are really about."""
    with session_scope() as session:
        feedback = _found(session, feedback_id)
        words = session.get_one(Entry, feedback.entry_id).customer_pain
        at = feedback.request_id
        here = survivors_of(session, [at]).get(at, at)
    return render(
        request,
        "pick.html",
        title="Move this to which request?",
        visitor=visitor,
        quote=words,
        q=q,
        found=search_now(q or words, limit=FOUND, besides=[here]),
        here_path=f"feedback/{feedback_id}/move",
        action=f"feedback/{feedback_id}/move",
        hidden={},
        name="request_id",
        press="Move here",
        by_slug=False,
    )


@router.post("/feedback/{feedback_id}/move", dependencies=[MAY_ANSWER, OUR_FORM])
def move(request: Request, visitor: Visiting, feedback_id: FeedbackId, form: Sent) -> Response:
    """Move it; the page of the request where it is now follows."""
    picked = field(form, "request_id")
    if not (picked.isascii() and picked.isdigit() and len(picked) < 19):
        raise HTTPException(422, "Choose a request to move it to.")
    with session_scope() as session:
        _found(session, feedback_id)
        reply = pick_request(
            session,
            token=token_of(session, PLACE, feedback_id),
            actor=visitor.actor(session),
            request_id=int(picked),
        )
        note = _note(session, reply, "Moved.")
        slug = _slug(session, feedback_id)
    follow_up(reply.message_ids)
    return go_to(request, f"requests/{slug}", note)


@router.post("/feedback/{feedback_id}/undo", dependencies=[MAY_ANSWER, OUR_FORM])
def undo(request: Request, visitor: Visiting, feedback_id: FeedbackId) -> Response:
    """Take it off; the page of the request that it has become follows."""
    with session_scope() as session:
        _found(session, feedback_id)
        reply = undo_attachment(
            session, token=token_of(session, PLACE, feedback_id), actor=visitor.actor(session)
        )
        note = _note(session, reply, "Taken off. It is a request of its own now.")
        slug = _slug(session, feedback_id)
    follow_up(reply.message_ids)
    return go_to(request, f"requests/{slug}", note)


def _found(session: Session, feedback_id: int) -> Feedback:
    feedback = session.get(Feedback, feedback_id)
    if feedback is None:
        raise HTTPException(404, f"There is no feedback {feedback_id}.")
    return feedback


def _note(session: Session, reply: AnswerReply, done: str) -> str:
    return plain(session, reply.note) if reply.note else done


def _slug(session: Session, feedback_id: int) -> str:
    """The request where the entry of this feedback is evidence now."""
    old = session.get_one(Feedback, feedback_id)
    return session.scalars(
        select(FeatureRequest.slug)
        .join(Feedback, Feedback.request_id == FeatureRequest.id)
        .where(Feedback.entry_id == old.entry_id)
        .order_by(Feedback.removed_at.desc().nulls_first(), Feedback.id.desc())
        .limit(1)
    ).one()
