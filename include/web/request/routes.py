"""``requests/<slug>``: one request and what can be done with it."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from include.store.session import session_scope
from include.web.guard import MAY_READ
from include.web.rendering import go_to, render
from include.web.request.queries import (
    MOST_ACCOUNTS,
    MOST_HISTORY,
    MOST_RELATED,
    read_request,
    survivor_of,
)
from include.web.visitor import Visiting

router = APIRouter()


@router.get("/requests/{slug}", dependencies=[MAY_READ])
def request_page(
    request: Request, visitor: Visiting, slug: str, before: int | None = None
) -> Response:
    """The request; one that is merged leads to the one that stands for it, which says so."""
    with session_scope() as session:
        found = survivor_of(session, slug)
        if found is None:
            raise HTTPException(404, f"There is no request with the address {slug[:120]!r}.")
        if found.slug != slug:
            note = f"“{slug}” is merged into this request. You can take that back below."
            return go_to(request, f"requests/{found.slug}", note)
        actor = visitor.actor(session)
        page = read_request(session, found, visitor_id=actor.user_id, before=before)
    return render(
        request,
        "request/page.html",
        title=found.title,
        visitor=visitor,
        page=page,
        actor=actor,
        before=before,
        most={"accounts": MOST_ACCOUNTS, "history": MOST_HISTORY, "related": MOST_RELATED},
        once=uuid.uuid4().hex,
    )
