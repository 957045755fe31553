"""``digests`` and ``digests/<week>``: what was posted, as it was posted."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import select

from include.insights.digest_store import find_digest
from include.store.models import Digest, Message
from include.store.session import session_scope
from include.web.guard import MAY_READ
from include.web.rendering import render
from include.web.visitor import Visiting

router = APIRouter()
MOST = 104
Week = Annotated[str, Query(max_length=20)]
KINDS = (
    ("new", "New requests"),
    ("rising", "Rising"),
    ("shipped", "Shipped"),
    ("unanswered", "Open for long, nobody decided"),
)


@router.get("/digests", dependencies=[MAY_READ])
def digests_page(request: Request, visitor: Visiting, after: Week = "") -> HTMLResponse:
    """The weeks that have a digest, newest first."""
    with session_scope() as session:
        statement = (
            select(Digest.week, Digest.as_of, Digest.content["whole"].label("whole"))
            .order_by(Digest.week.desc())
            .limit(MOST + 1)
        )
        if after:
            statement = statement.where(Digest.week < after)
        found = session.execute(statement).all()
    rows = found[:MOST]
    return render(
        request,
        "digests/list.html",
        title="Digests",
        visitor=visitor,
        rows=rows,
        following=rows[-1].week if len(found) > MOST else None,
    )


@router.get("/digests/{week}", dependencies=[MAY_READ])
def digest_page(request: Request, visitor: Visiting, week: str) -> HTMLResponse:
    """One week."""
    with session_scope() as session:
        digest = find_digest(session, week)
        posted = session.scalars(
            select(Message)
            .where(Message.key.like(f"digest:{week[:20]}%"), Message.kind == "post")
            .order_by(Message.id)
        ).all()
    if digest is None:
        raise HTTPException(404, f"There is no digest of the week {week[:20]!r}.")
    return render(
        request,
        "digests/page.html",
        title=f"Digest of {week}",
        visitor=visitor,
        digest=digest,
        content=digest.content,
        kinds=KINDS,
        posted=posted,
    )
