"""``entries/new``: a form to hand feedback in, stored as every way in stores it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import func, literal_column, select

from include.base.checked import Refused
from include.base.errors import UnstorableValue
from include.entries import intake
from include.relay import background
from include.store.models import Account, Area, Opportunity
from include.store.session import session_scope
from include.web.forms import Sent, field, fields
from include.web.guard import MAY_READ, MAY_SUBMIT, OUR_FORM
from include.web.rendering import go_to, render
from include.web.visitor import Visiting, Visitor

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

router = APIRouter()
MOST_CHOICES = 1_000
FIELDS = ("customer_pain", "severity", "account_id", "opportunity_id", "areas", "links")


@router.get("/entries/new", dependencies=[MAY_READ])
def new_entry(request: Request, visitor: Visiting) -> Response:
    """The empty form."""
    return _form(request, visitor, {"external_id": uuid.uuid4().hex}, {}, 200)


@router.post("/entries/new", dependencies=[MAY_SUBMIT, OUR_FORM])
def hand_in(request: Request, visitor: Visiting, form: Sent) -> Response:
    """Store what the form says, once however often it is sent; the entry's page follows."""
    names = ("customer_pain", "severity", "account_id", "opportunity_id", "external_id")
    given = {name: field(form, name) for name in names}
    areas = fields(form, "areas")
    links = [line.strip() for line in field(form, "links").splitlines() if line.strip()]
    values: dict[str, Any] = {name: value for name, value in given.items() if value}
    values |= {"areas": areas, "links": links, "source": "ui"}
    if visitor.email:
        values["submitter"] = {"email": visitor.email, "name": None}
    shown = given | {"areas": areas, "links": "\n".join(links)}
    try:
        arrived = intake.arrival(values)
    except Refused as refused:
        problems = {one.field: one.beside_field() for one in refused.problems}
        return _form(request, visitor, shown, problems, 422)
    with session_scope() as session:
        by = visitor.actor(session).label
    try:
        [stored], start_ids = intake.take_in_now([arrived], handed_in_by=by)
    except UnstorableValue as refused:
        problems = {refused.field or "customer_pain": str(refused)}
        return _form(request, visitor, shown, problems, 422)
    if start_ids:
        background.submit(intake.start, start_ids)
    note = "Stored. Its run is starting; load this page again to see what became of it."
    return go_to(request, f"entries/{stored.entry_id}", note)


def _form(
    request: Request,
    visitor: Visitor,
    given: dict[str, Any],
    problems: dict[str, str],
    status: int,
) -> Response:
    with session_scope() as session:
        areas, accounts, opportunities = _choices(session)
    return render(
        request,
        "submit/page.html",
        title="Hand feedback in",
        visitor=visitor,
        status=status,
        given=dict.fromkeys(FIELDS, "") | given,
        problems=problems,
        areas=areas,
        accounts=accounts,
        opportunities=opportunities,
        most=MOST_CHOICES,
    )


def _choices(session: Session) -> tuple[Any, Any, Any]:
    """Areas, and the accounts and deals that a form offers; any id may be typed."""
    return (
        session.execute(select(Area.slug, Area.name).order_by(Area.name)).all(),
        session.execute(
            select(Account.id, Account.name)
            # As its index has it.
            .order_by(func.coalesce(Account.arr, literal_column("-1")).desc(), Account.id.desc())
            .limit(MOST_CHOICES)
        ).all(),
        session.execute(
            select(Opportunity.id, Opportunity.name).order_by(Opportunity.id).limit(MOST_CHOICES)
        ).all(),
    )
