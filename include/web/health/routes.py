"""``health``: a page for operators, and the same as JSON for a monitor."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from include.base.settings import load_settings
from include.operations.health import State
from include.store.session import session_scope
from include.web.guard import MAY_READ
from include.web.health.queries import read_health
from include.web.rendering import render
from include.web.visitor import Visiting

router = APIRouter()


@router.get("/health", dependencies=[MAY_READ])
def health_page(request: Request, visitor: Visiting, ask: bool = False) -> Response:
    """How each part does; ``ask`` calls Slack and the embeddings API."""
    minutes = load_settings().stuck_after_minutes
    with session_scope() as session:
        health = read_health(session, ask=ask, stuck_minutes=minutes)
    return render(
        request,
        "health/page.html",
        title="Health",
        visitor=visitor,
        health=health,
        asked=ask,
        is_well=not health.late and all(r.state is not State.DEGRADED for r in health.rungs),
    )


@router.get("/health.json", dependencies=[MAY_READ])
def health_json() -> Response:
    """The same for a monitor: 503 while a part is degraded."""
    minutes = load_settings().stuck_after_minutes
    with session_scope() as session:
        health = read_health(session, ask=False, stuck_minutes=minutes)
    degraded = any(rung.state is State.DEGRADED for rung in health.rungs)
    counts = {
        name: value for name, value in health.counts._mapping.items() if isinstance(value, int)
    }
    found = {
        "parts": [asdict(rung) for rung in health.rungs],
        "counts": counts,
        "late": health.late_in_all,
    }
    return JSONResponse(found, 503 if degraded else 200)
