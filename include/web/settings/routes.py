"""``settings``: what is in force, changed by those whom Airflow lets change variables."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated

from airflow.models.variable import Variable
from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import select

from include.base.errors import FatalError
from include.base.settings import VARIABLE, Settings, load_settings
from include.entries.proposal_cards import ACCEPT, DECLINE, UNDO, answer, listed
from include.entries.thresholds import set_thresholds
from include.people.actor import Action, demand, may
from include.people.audit import write_down
from include.store.models import Area
from include.store.session import session_scope
from include.web.forms import Sent, field, follow_up, plain
from include.web.guard import MAY_ANSWER, MAY_READ, OUR_FORM
from include.web.rendering import go_to, render
from include.web.settings.queries import (
    ENVIRONMENT,
    MOST,
    is_fixed,
    read_settings,
    read_thresholds,
    values_of,
)
from include.web.visitor import Visiting

router = APIRouter()
MOST_PROPOSALS = 10
CHOICES = {
    ACCEPT: "Accepted. The next entries are judged by it.",
    DECLINE: "Left as it was.",
    UNDO: "Taken back. The thresholds are what they were before.",
}


def may_change_settings(visitor: Visiting) -> None:
    """Refuse before what the form holds is looked at."""
    with session_scope() as session:
        demand(session, visitor.actor(session), Action.CHANGE_SETTINGS)


MAY_CHANGE = Depends(may_change_settings)


@router.get("/settings", dependencies=[MAY_READ])
def settings_page(request: Request, visitor: Visiting) -> HTMLResponse:
    """Every setting and threshold."""
    with session_scope() as session:
        thresholds = read_thresholds(session)
        proposals = [
            {
                "token": one.token,
                "words": plain(session, one.words),
                "verdict": plain(session, one.verdict),
                "choices": one.choices,
            }
            for one in listed(session, MOST_PROPOSALS)
        ]
        may_decide = may(session, visitor.actor(session), Action.DECIDE_THRESHOLDS)
        areas = session.execute(select(Area.id, Area.slug, Area.name).order_by(Area.name)).all()
    return render(
        request,
        "settings/page.html",
        title="Settings",
        visitor=visitor,
        settings=read_settings(),
        is_fixed=is_fixed(),
        environment=ENVIRONMENT,
        thresholds=thresholds,
        areas=areas,
        proposals=proposals,
        may_decide=may_decide,
        most={"thresholds": MOST, "proposals": MOST_PROPOSALS},
    )


@router.post("/settings/proposals", dependencies=[MAY_ANSWER, OUR_FORM])
def decide_proposal(request: Request, visitor: Visiting, form: Sent) -> Response:
    """Accept, decline or take back proposed thresholds; the card in Slack follows."""
    choice = field(form, "choice")
    if choice not in CHOICES:
        raise HTTPException(422, f"choice is {choice[:40]!r}; it is one of {', '.join(CHOICES)}")
    with session_scope() as session:
        reply = answer(
            session, token=field(form, "token"), choice=choice, actor=visitor.actor(session)
        )
        note = plain(session, reply.note) if reply.note else CHOICES[choice]
    follow_up(reply.message_ids)
    return go_to(request, "settings", note)


@router.post("/settings", dependencies=[MAY_READ, OUR_FORM])
def change_settings(request: Request, visitor: Visiting, form: Sent) -> Response:
    """Store what the form says, once all of it is valid."""
    with session_scope() as session:
        demand(session, visitor.actor(session), Action.CHANGE_SETTINGS)
    if is_fixed():
        return go_to(request, "settings", f"{ENVIRONMENT} fixes the settings. Nothing was changed.")
    values = values_of({name: str(value) for name, value in form.items()})
    try:
        Settings.check(values)
    except FatalError as error:
        return go_to(request, "settings", f"Not saved: {error}.")
    kept = _unknown_to_form(form.keys()) | values
    Variable.set(VARIABLE, json.dumps(kept), description="Settings of GTM Feedback")
    with session_scope() as session:
        write_down(session, visitor.actor(session), Action.CHANGE_SETTINGS, "settings:all")
    return go_to(request, "settings", "Saved. Every process uses it within a second.")


@router.post("/settings/thresholds", dependencies=[MAY_READ, OUR_FORM, MAY_CHANGE])
def change_thresholds(
    request: Request,
    visitor: Visiting,
    attach: Annotated[float, Form()],
    ask: Annotated[float, Form()],
    area: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
) -> Response:
    """A new version of the thresholds; decisions that were taken keep theirs."""
    with session_scope() as session:
        actor = visitor.actor(session)
        version = set_thresholds(
            session, area=area or None, attach=attach, ask=ask, note=note, by=actor.label
        )
        write_down(session, actor, Action.CHANGE_SETTINGS, f"thresholds:{version}")
    return go_to(request, "settings", f"Version {version} of the thresholds is in force.")


def _unknown_to_form(shown: Iterable[str]) -> dict[str, object]:
    """Stored settings that the form did not show: an open page of an older release drops none."""
    stored = load_settings()
    written = stored.model_dump(mode="json")
    return {
        name: written[name]
        for name, field in Settings.model_fields.items()
        if name not in set(shown) and getattr(stored, name) != field.default
    }
