"""``inbox``: the questions that are open, answered one by one or many at once."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from typing import Any, Literal

import anyio
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from include.base.errors import FatalError
from include.entries.questions import answer_question
from include.requests import merge_questions
from include.requests.search_now import search_now
from include.store.session import session_scope
from include.web.forms import Sent, field, fields, follow_up, plain
from include.web.guard import MAY_ANSWER, MAY_READ, OUR_FORM
from include.web.inbox.changes import Changes
from include.web.inbox.queries import (
    closed_since,
    count_open,
    read_inbox,
    read_question,
    read_twins,
)
from include.web.rendering import go_to, render
from include.web.visitor import Visiting

router = APIRouter()

Whose = Literal["mine", "unowned", "all", ""]
LONGEST_WAIT = 10.0
"""Seconds: an API server that stops waits for what it still answers."""

MOST_AT_ONCE = 100
FOUND = 15


@router.get("/inbox", dependencies=[MAY_READ])
def inbox(
    request: Request, visitor: Visiting, whose: Whose = "", area: str = "", after: str = ""
) -> HTMLResponse:
    """The open questions, oldest first; mine when there are any."""
    with session_scope() as session:
        actor = visitor.actor(session)
        found = read_inbox(session, whose=whose, area=area, labels=actor.labels, after=after)
    return render(
        request, "inbox/page.html", title="Inbox", visitor=visitor, inbox=found, area=area
    )


@router.get("/inbox/waiting", dependencies=[MAY_READ])
def waiting(visitor: Visiting) -> dict[str, int]:
    """How many questions are open, for the line on Airflow's home page."""
    with session_scope() as session:
        counts = count_open(session, visitor.actor(session).labels)
    return {"open": counts["all"], "mine": counts["mine"]}


@router.get("/inbox/changes", dependencies=[MAY_READ])
async def state(ids: str = "") -> dict[str, Any]:
    """Those of the questions that are closed, as soon as there is one; empty after a while."""
    given = ids.split(",")
    if len(given) > MOST_AT_ONCE:
        raise HTTPException(422, f"ids names {len(given)} questions: at most {MOST_AT_ONCE}")
    wanted = []
    for one in given:
        with contextlib.suppress(ValueError):
            wanted.append(uuid.UUID(one))
    deadline = asyncio.get_running_loop().time() + LONGEST_WAIT
    async with Changes.here().watched() as changed:
        while True:
            closed = await anyio.to_thread.run_sync(_closed, wanted)
            left = deadline - asyncio.get_running_loop().time()
            if closed or left <= 0:
                return {"closed": closed}
            changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), left)


@router.post("/inbox/answers", dependencies=[MAY_ANSWER, OUR_FORM])
def answer(request: Request, visitor: Visiting, form: Sent) -> Response:
    """Record answers: one, by its own button, or the same for all that were chosen.

    Each is a transaction of its own. What somebody else answered first is told with their name.
    """
    choice, _, token = field(form, "one").partition(":")
    chosen = [token] if token else fields(form, "token")
    tokens = chosen[:MOST_AT_ONCE]
    choice = choice if token else field(form, "all")
    back = _back(form)
    if not tokens:
        return go_to(request, back, "Choose at least one question first.")
    picked = field(form, "request_id")
    request_id = int(picked) if picked.isascii() and picked.isdigit() and len(picked) < 19 else None
    recorded, notes = 0, []
    for one in tokens:
        with session_scope() as session:
            reply = answer_question(
                session,
                token=one,
                choice=choice,
                actor=visitor.actor(session),
                via="web",
                request_id=request_id,
            )
            note = plain(session, reply.note) if reply.note else None
        recorded += reply.status == "recorded"
        notes += [note] if note else []
        follow_up(reply.message_ids)
    if left := len(chosen) - len(tokens):
        notes.append(f"{left} more were chosen than {MOST_AT_ONCE} at once; they are still open.")
    return go_to(request, back, _told(recorded, notes))


@router.get("/inbox/{hook_id}/other", dependencies=[MAY_READ])
def other_request(
    request: Request, visitor: Visiting, hook_id: uuid.UUID, q: str = ""
) -> HTMLResponse:
    """A search for the request that a question is really about."""
    with session_scope() as session:
        question = read_question(session, hook_id)
    if question is None:
        raise HTTPException(404, "This question is closed, or there is none of this id.")
    quote = question.words[0].quote if question.words else ""
    return render(
        request,
        "pick.html",
        title="Which request is it?",
        visitor=visitor,
        quote=quote,
        q=q,
        found=search_now(q or quote, limit=FOUND, besides=[question.request_id]),
        here_path=f"inbox/{hook_id}/other",
        action="inbox/answers",
        hidden={"one": f"attach:{question.token}"},
        name="request_id",
        press="Add to this request",
        by_slug=False,
    )


@router.get("/inbox/twins", dependencies=[MAY_READ])
def twins(request: Request, visitor: Visiting) -> HTMLResponse:
    """Pairs of open requests that look the same."""
    with session_scope() as session:
        pairs, total = read_twins(session)
        counts = count_open(session, visitor.actor(session).labels)
    return render(
        request,
        "inbox/twins.html",
        title="Near-duplicates",
        visitor=visitor,
        pairs=pairs,
        total=total,
        counts=counts,
    )


@router.post("/inbox/twins", dependencies=[MAY_ANSWER, OUR_FORM])
def answer_twins(request: Request, visitor: Visiting, form: Sent) -> Response:
    """Merge a pair, say that they are not the same, or take a merge back."""
    choice, _, token = field(form, "one").partition(":")
    if choice not in (merge_questions.MERGE, merge_questions.DISMISS, merge_questions.UNDO):
        raise FatalError(f"choice {choice[:40]!r} is unknown")
    with session_scope() as session:
        reply = merge_questions.answer(
            session, token=token, choice=choice, actor=visitor.actor(session)
        )
        note = plain(session, reply.note) if reply.note else "Done."
    follow_up(reply.message_ids)
    return go_to(request, "inbox/twins", note)


def _closed(ids: list[uuid.UUID]) -> list[dict[str, str]]:
    with session_scope() as session:
        return [
            {"id": str(hook.id), "words": plain(session, words)}
            for hook, words in closed_since(session, ids)
        ]


def _back(form: Any) -> str:
    """Where the answer was given: the inbox with its filters."""
    query = field(form, "back")
    return f"inbox?{query}" if query and not query.startswith("/") else "inbox"


def _told(recorded: int, notes: list[str]) -> str:
    said = []
    if recorded:
        said.append(f"{recorded} answer{'s' if recorded > 1 else ''} recorded.")
    return " ".join([*said, *dict.fromkeys(notes)])
