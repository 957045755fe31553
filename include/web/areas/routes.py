"""``areas`` and ``areas/<slug>``: reports of any day, and prepared questions."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from include.insights.answer_words import EXAMPLES
from include.people.actor import Action, demand
from include.people.audit import write_down
from include.requests.areas import keep_area
from include.store.session import session_scope
from include.web.areas.queries import read_area, read_areas
from include.web.forms import Sent, field
from include.web.guard import MAY_READ, OUR_FORM
from include.web.names import MOST_PEOPLE, owner_in, read_people
from include.web.rendering import go_to, render
from include.web.visitor import Visiting
from include.workflows.ask_analytics import answer_question

router = APIRouter()
LONGEST_QUESTION = 500


@router.get("/areas", dependencies=[MAY_READ])
def areas_page(request: Request, visitor: Visiting, ask: str = "") -> HTMLResponse:
    """All areas, and a question about the numbers."""
    with session_scope() as session:
        rows = read_areas(session)
    return render(
        request,
        "areas/list.html",
        title="Areas",
        visitor=visitor,
        rows=rows,
        ask=ask[:LONGEST_QUESTION],
        answer=_answer(ask),
        examples=EXAMPLES,
    )


@router.get("/areas/{slug}", dependencies=[MAY_READ])
def area_page(
    request: Request, visitor: Visiting, slug: str, day: date | None = None, ask: str = ""
) -> HTMLResponse:
    """One area: its report of a day, what changed in a week, its requests with most ARR."""
    with session_scope() as session:
        page = read_area(session, slug, day)
    if page is None:
        raise HTTPException(404, f"There is no area with the address {slug[:120]!r}.")
    name = page.area.name
    examples = [
        f"top requests in {name}",
        f"which accounts said most about {name}?",
        f"what shipped in {name}?",
    ]
    return render(
        request,
        "areas/page.html",
        title=name,
        visitor=visitor,
        page=page,
        day=day,
        ask=ask[:LONGEST_QUESTION],
        answer=_answer(ask),
        examples=examples,
    )


@router.get("/manage-areas", dependencies=[MAY_READ])
def manage(request: Request, visitor: Visiting) -> HTMLResponse:
    """The list of areas, to add to and to change."""
    with session_scope() as session:
        rows = read_areas(session)
        people = read_people(session, [row.owner_id for row in rows])
    return render(
        request,
        "areas/manage.html",
        title="Manage areas",
        visitor=visitor,
        rows=rows,
        people=people,
        has_more_people=len(people) >= MOST_PEOPLE,
    )


@router.post("/manage-areas", dependencies=[MAY_READ, OUR_FORM])
def save_area(request: Request, visitor: Visiting, form: Sent) -> Response:
    """Add an area, or change one; its address stays."""
    with session_scope() as session:
        actor = visitor.actor(session)
        demand(session, actor, Action.CHANGE_SETTINGS)
        area = keep_area(
            session,
            slug=field(form, "slug") or None,
            name=field(form, "name"),
            description=field(form, "description"),
            slack_channel=field(form, "slack_channel"),
            owner_id=owner_in(session, form),
        )
        write_down(session, actor, Action.CHANGE_SETTINGS, f"area:{area.slug}"[:200])
    return go_to(request, "manage-areas", f"“{area.name}” is saved.")


def _answer(ask: str) -> object:
    """The answer's words; ``False`` where no prepared question was meant."""
    if not ask.strip():
        return None
    answer = answer_question(ask[:LONGEST_QUESTION])
    return answer.words if answer is not None else False
