"""What can be done on the page of a request; each form is one operation of ``include.requests``."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response
from sqlalchemy import select

from include.base.errors import FatalError
from include.insights.wording import count
from include.matching.types import RequestStatus
from include.people.actor import Action, Actor, demand
from include.people.audit import write_down
from include.requests import editing, merging, shipping
from include.requests.editing import ChangedMeanwhile, Text
from include.requests.planning import plan
from include.requests.related import dismiss
from include.requests.search_now import search_now
from include.store.models import Area, RequestArea
from include.store.models import Request as FeatureRequest
from include.store.session import session_scope
from include.web.forms import Sent, field, fields, follow_up
from include.web.guard import MAY_ANSWER, MAY_READ, OUR_FORM
from include.web.names import MOST_PEOPLE, owner_in, read_people
from include.web.rendering import go_to, render
from include.web.visitor import Visiting, Visitor

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy.orm import Session
    from starlette.datastructures import FormData

router = APIRouter()
ACT = [MAY_ANSWER, OUR_FORM]
FOUND = 15
NEAR = 0.8
"""From which confidence on somebody who opens a request is shown the one that may be it."""


@router.post("/requests/{slug}/status", dependencies=ACT)
def change_status(request: Request, visitor: Visiting, slug: str, form: Sent) -> Response:
    """Plan, ship, reopen or close it; followers hear of planned and shipped once."""
    try:
        status = RequestStatus(field(form, "status"))
    except ValueError:
        raise FatalError(f"status {field(form, 'status')[:40]!r} is unknown") from None
    run_id = f"page__{field(form, 'once')[:64] or uuid.uuid4().hex}"
    with session_scope() as session:
        now = session.scalar(select(FeatureRequest.status).where(FeatureRequest.slug == slug))
        if status == RequestStatus.SHIPPED:
            actor = _allowed(session, visitor, Action.SHIP)
            batches = shipping.ship(session, slug, actor, run_id=run_id)
        elif now == RequestStatus.SHIPPED:
            actor = _allowed(session, visitor, Action.SHIP)
            batches = shipping.reopen(session, slug, actor, run_id=run_id)
        else:
            actor = _acting(session, visitor, Action.EDIT, slug, status=status)
            batches = [{"message_ids": plan(session, slug, status, by=actor.label)}]
    ids = [one for batch in batches for one in batch["message_ids"]]
    follow_up(ids)
    words = status.value.replace("_", " ")
    note = f"This request is {words} now."
    if now == status:
        note = f"This request was {words} already. Nobody is told again."
    elif ids:
        note += f" {count(len(ids), 'follower')} will hear of it."
    return go_to(request, f"requests/{slug}", note)


@router.get("/requests/{slug}/edit", dependencies=[MAY_READ])
def edit_form(request: Request, visitor: Visiting, slug: str) -> Response:
    """A form with the text as it is."""
    with session_scope() as session:
        found = _found(session, slug)
        chosen = session.scalars(
            select(Area.slug).join(RequestArea).where(RequestArea.request_id == found.id)
        ).all()
        said = Text(found.title, found.description, tuple(chosen), found.owner_id)
        seen = editing.version_of(session, found)
    return _text_form(request, visitor, said, title=f"Edit: {found.title}", slug=slug, seen=seen)


@router.post("/requests/{slug}/edit", dependencies=ACT)
def save_edit(request: Request, visitor: Visiting, slug: str, form: Sent) -> Response:
    """Save it; who saves second is shown what the first has saved, and loses no word."""
    said, problem = _text(form)
    if problem:
        seen = field(form, "seen")
        return _text_form(
            request, visitor, said, title="Not saved", slug=slug, seen=seen, problem=problem
        )
    try:
        with session_scope() as session:
            actor = _acting(session, visitor, Action.EDIT, slug)
            _, start_ids = editing.edit(
                session, slug, said, by=actor.label, seen=field(form, "seen") or None
            )
    except ChangedMeanwhile:
        with session_scope() as session:
            saved = _found(session, slug)
            seen = editing.version_of(session, saved)
        return _text_form(
            request, visitor, said, title="Saved meanwhile", slug=slug, seen=seen, saved=saved
        )
    except FatalError as error:
        seen = field(form, "seen")
        return _text_form(
            request, visitor, said, title="Not saved", slug=slug, seen=seen, problem=str(error)
        )
    follow_up(start_ids=start_ids)
    return go_to(request, f"requests/{slug}", "Saved.")


@router.get("/open", dependencies=[MAY_READ])
def open_form(request: Request, visitor: Visiting) -> Response:
    """An empty form for a request that no feedback has opened."""
    return _text_form(request, visitor, Text("", ""), title="Open a request")


@router.post("/open", dependencies=ACT)
def open_request(request: Request, visitor: Visiting, form: Sent) -> Response:
    """Open it, unless one that is there may be meant: then ask once."""
    said, problem = _text(form)
    if problem:
        return _text_form(request, visitor, said, title="Open a request", problem=problem)
    near = []
    if not field(form, "sure") and said.title:
        near = [one for one in search_now(said.title, limit=3) if one.confidence >= NEAR]
    if near:
        return _text_form(request, visitor, said, title="Is it one of these?", near=near)
    try:
        with session_scope() as session:
            actor = _allowed(session, visitor, Action.EDIT)
            opened, start_ids = editing.open_by_hand(
                session, said, by=actor.label, user_id=actor.user_id
            )
            write_down(session, actor, Action.EDIT, f"request:{opened.id}", opened=True)
    except FatalError as error:
        return _text_form(request, visitor, said, title="Open a request", problem=str(error))
    follow_up(start_ids=start_ids)
    return go_to(request, f"requests/{opened.slug}", "Opened.")


@router.get("/requests/{slug}/merge", dependencies=[MAY_READ])
def merge_form(request: Request, visitor: Visiting, slug: str, q: str = "") -> Response:
    """A search for the request that this one is part of."""
    with session_scope() as session:
        twin = _found(session, slug)
        title, itself = twin.title, twin.id
    return render(
        request,
        "pick.html",
        title=f"Merge “{title}” into which request?",
        visitor=visitor,
        quote="",
        q=q,
        found=search_now(q or title, limit=FOUND, besides=[itself]),
        here_path=f"requests/{slug}/merge",
        action=f"requests/{slug}/merge",
        hidden={},
        name="into",
        press="Merge into this",
        by_slug=True,
    )


@router.post("/requests/{slug}/merge", dependencies=ACT)
def merge(request: Request, visitor: Visiting, slug: str, form: Sent) -> Response:
    """Merge it; the page of the one that stays follows."""
    into = field(form, "into")
    with session_scope() as session:
        actor = _acting(session, visitor, Action.MERGE, slug, into=into[:200])
        merging.merge(session, slug, into, by=actor.label, reason=field(form, "reason")[:500])
    return go_to(request, f"requests/{into}", f"“{slug}” is merged into this request now.")


@router.post("/requests/{slug}/unmerge", dependencies=ACT)
def unmerge(request: Request, visitor: Visiting, slug: str) -> Response:
    """Take a merge back; the page of the one that was merged follows."""
    with session_scope() as session:
        actor = _acting(session, visitor, Action.UNMERGE, slug)
        merging.unmerge(session, slug, by=actor.label)
    return go_to(request, f"requests/{slug}", "The merge was taken back.")


@router.post("/requests/{slug}/follow", dependencies=ACT)
def follow(request: Request, visitor: Visiting, slug: str, form: Sent) -> Response:
    """Hear of it, or no more."""
    with session_scope() as session:
        actor = _allowed(session, visitor, Action.FOLLOW)
        found = _found(session, slug)
        if actor.user_id is None:
            note = "The product does not know you: hand feedback in once, with your address."
        elif field(form, "follow") == "yes":
            editing.follow(session, found.id, actor.user_id)
            note = "You follow this request."
        else:
            editing.unfollow(session, found.id, actor.user_id)
            note = "You do not follow this request any more."
    return go_to(request, f"requests/{slug}", note)


@router.post("/requests/{slug}/not-the-same", dependencies=ACT)
def not_the_same(request: Request, visitor: Visiting, slug: str, form: Sent) -> Response:
    """Say that a related request has nothing to do with this one."""
    with session_scope() as session:
        other = field(form, "other")
        actor = _acting(session, visitor, Action.MERGE, slug, dismiss=other[:200])
        dismiss(session, slug, other, by=actor.label)
    return go_to(request, f"requests/{slug}", "No sweep brings this pair up again.")


def _allowed(session: Session, visitor: Visitor, action: Action) -> Actor:
    """Who acts, if they may.

    Raises:
        NotAllowed: they may not; the message is for them.
    """
    actor = visitor.actor(session)
    demand(session, actor, action)
    return actor


def _acting(session: Session, visitor: Visitor, action: Action, slug: str, **facts: Any) -> Actor:
    """Who acts, if they may; written down in the transaction in which they do."""
    actor = _allowed(session, visitor, action)
    write_down(session, actor, action, f"request:{slug}"[:200], **facts)
    return actor


def _found(session: Session, slug: str) -> FeatureRequest:
    found = session.scalars(select(FeatureRequest).where(FeatureRequest.slug == slug)).one_or_none()
    if found is None:
        raise HTTPException(404, f"There is no request with the address {slug[:120]!r}.")
    return found


def _text(form: FormData) -> tuple[Text, str]:
    """What the form says, and why its owner cannot be taken; the rest is kept in any case."""
    owner_id, problem = None, ""
    try:
        with session_scope() as session:
            owner_id = owner_in(session, form)
    except FatalError as error:
        problem = str(error)
    said = Text(
        title=field(form, "title"),
        description=field(form, "description"),
        areas=tuple(fields(form, "areas")),
        owner_id=owner_id,
    )
    return said, problem


def _text_form(
    request: Request,
    visitor: Visitor,
    said: Text,
    *,
    title: str,
    slug: str = "",
    seen: str = "",
    saved: FeatureRequest | None = None,
    problem: str = "",
    near: list[Any] | None = None,
) -> Response:
    with session_scope() as session:
        areas = session.execute(select(Area.slug, Area.name).order_by(Area.name)).all()
        people = read_people(session, [said.owner_id])
    return render(
        request,
        "request/text.html",
        title=title,
        visitor=visitor,
        status=409 if saved is not None else 422 if problem else 200,
        said=said,
        slug=slug,
        seen=seen,
        saved=saved,
        problem=problem,
        near=near or [],
        areas=areas,
        people=people,
        has_more_people=len(people) >= MOST_PEOPLE,
    )
