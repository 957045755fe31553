"""``erase``: what erasing an entry, a person or an account would change, and doing it."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from include.base.errors import FatalError
from include.operations.erasure import WHAT, erase
from include.people.actor import Action, demand
from include.store.session import session_scope
from include.web.forms import Sent, field
from include.web.guard import MAY_READ, OUR_FORM
from include.web.rendering import go_to, render
from include.web.visitor import Visiting

router = APIRouter()
LONGEST = 320


def may_erase(visitor: Visiting) -> None:
    """Refuse before what the form holds is looked at."""
    with session_scope() as session:
        demand(session, visitor.actor(session), Action.ERASE)


MAY_ERASE = Depends(may_erase)


@router.get("/erase", dependencies=[MAY_READ])
def erase_page(request: Request, visitor: Visiting, what: str = "", who: str = "") -> HTMLResponse:
    """What would be erased, counted and rolled back; or a form to say what."""
    who, counted, trouble = who.strip()[:LONGEST], None, ""
    if visitor.may_configure and who:
        try:
            with session_scope() as session:
                actor = visitor.actor(session)
            counted = erase(what, who, actor, dry_run=True)
        except FatalError as error:
            trouble = str(error)
    return render(
        request,
        "erase/page.html",
        title="Erase",
        visitor=visitor,
        kinds=WHAT,
        what=what if what in WHAT else "entry",
        who=who,
        rows={name: count for name, count in counted["rows"].items() if count} if counted else None,
        trouble=trouble,
    )


@router.post("/erase", dependencies=[MAY_READ, OUR_FORM, MAY_ERASE])
def erase_now(request: Request, visitor: Visiting, form: Sent) -> Response:
    """Erase, and say how much."""
    what, who = field(form, "what"), field(form, "who")[:LONGEST]
    with session_scope() as session:
        actor = visitor.actor(session)
    try:
        done = erase(what, who, actor, dry_run=False)
    except FatalError as error:
        return go_to(request, "erase", f"Nothing was erased: {error}.")
    changed, messages = sum(done["rows"].values()), done["messages"]
    return go_to(
        request,
        "erase",
        f"Erased: {changed} rows changed, {messages} messages in Slack are being redacted.",
    )
