"""What an assistant may change, as far as the person may for whom it acts."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from pydantic import BaseModel

from include.base.errors import FatalError
from include.durable.api import signing_keys
from include.durable.keys import sign
from include.entries.correct import undo_attachment
from include.entries.questions import answer_question
from include.people.actor import Action, demand
from include.people.audit import write_down
from include.requests import merging
from include.requests.evidence import live_feedback
from include.requests.lookup import find_request
from include.store.session import session_scope
from include.web.forms import follow_up, plain

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.outbox.replies import AnswerReply
    from include.web.visitor import Visitor


class Done(BaseModel):
    """What was done."""

    said: str


def answer(visitor: Visitor, question_id: str, choice: str, other: str | None) -> Done:
    """Answer a question as its card does.

    Raises:
        FatalError: there is no such question or request, somebody was first, or they may not.
    """
    _may_act(visitor)
    try:
        hook_id = uuid.UUID(question_id)
    except ValueError:
        raise FatalError(f"question_id {question_id!r} is none; take one of open_questions") from (
            None
        )
    with session_scope() as session:
        request_id = find_request(session, other).id if other else None
        reply = answer_question(
            session,
            token=sign("hook", str(hook_id), signing_keys(session)[0]),
            choice=choice,
            actor=visitor.actor(session),
            via="mcp",
            request_id=request_id,
        )
        said = _said(session, reply)
    follow_up(reply.message_ids)
    return Done(said=said)


def merge(visitor: Visitor, slug: str, into: str, reason: str) -> Done:
    """Let one request count as part of another.

    Raises:
        FatalError: they may not, or the two cannot be merged; the message says why.
    """
    _may_act(visitor)
    with session_scope() as session:
        actor = visitor.actor(session)
        demand(session, actor, Action.MERGE)
        write_down(session, actor, Action.MERGE, f"request:{slug}"[:200], into=into, via="mcp")
        merging.merge(session, slug, into, by=actor.label, reason=reason)
    return Done(said=f"{slug} counts as part of {into} now.")


def undo(visitor: Visitor, entry_id: int | None, merged: str | None) -> Done:
    """Take an attachment or a merge back.

    Raises:
        FatalError: neither or both are given, there is nothing to take back, or they may not.
    """
    _may_act(visitor)
    if (entry_id is None) == (merged is None):
        raise FatalError("give either entry_id or merged_request")
    with session_scope() as session:
        actor = visitor.actor(session)
        if merged is not None:
            demand(session, actor, Action.UNMERGE)
            write_down(session, actor, Action.UNMERGE, f"request:{merged}"[:200], via="mcp")
            merging.unmerge(session, merged, by=actor.label)
            return Done(said=f"{merged} is a request of its own again.")
        feedback = live_feedback(session, entry_id or 0)
        if feedback is None:
            raise FatalError(f"entry {entry_id} is evidence of no request")
        token = sign("undo", str(feedback.id), signing_keys(session)[0])
        reply = undo_attachment(session, token=token, actor=actor)
        said = _said(session, reply)
    follow_up(reply.message_ids)
    return Done(said=said)


def _may_act(visitor: Visitor) -> None:
    if not visitor.may_act:
        raise FatalError("Your role in Airflow lets you read. Ask an operator for the role User.")


def _said(session: Session, reply: AnswerReply) -> str:
    note = plain(session, reply.note) if reply.note else "Done."
    if reply.status != "recorded":
        raise FatalError(note)
    return note
