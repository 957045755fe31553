"""``api/``: lists with cursors, single things by ids that stay, and the OpenAPI document."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, Response

from include.store.session import session_scope
from include.web.api import read, shapes
from include.web.api.webhooks import router as webhooks
from include.web.guard import MAY_READ
from include.web.requests.queries import Wanted
from include.web.requests.routes import Sort, Status
from include.web.visitor import Visiting

if TYPE_CHECKING:
    from pydantic import BaseModel

Responses = dict[int | str, dict[str, Any]]
MOST = 100
LARGEST_ID = 2**63 - 1
LONGEST = 500
SAID: Responses = {
    401: {"description": "Nobody is signed in: send a token of Airflow's as bearer."},
    403: {"description": "Airflow does not let you read runs of process_customer_entry."},
    503: {"description": "The product's database is away; try again in a moment."},
}
MISSING: Responses = {404: {"description": "There is no such thing; `detail` names it."}}
NOT_MODIFIED: Responses = {
    304: {"description": "Nothing has changed since the ETag that was sent."}
}

router = APIRouter(prefix="/api", dependencies=[MAY_READ], responses=SAID | NOT_MODIFIED)
router.include_router(webhooks)

Cursor = Annotated[str, Query(max_length=LONGEST, description="The `next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=MOST)]
Words = Annotated[str, Query(max_length=LONGEST)]
Short = Annotated[str, Query(max_length=LONGEST)]
EntryId = Annotated[int, Path(ge=1, le=LARGEST_ID)]


@router.get("/requests", response_model=shapes.RequestPage)
def list_requests(
    request: Request,
    status: Status = "",
    area: Short = "",
    owner: Short = "",
    sort: Sort = "opened",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Response:
    """Feature requests that are not merged; sorted by `opened` a page never shows one twice."""
    wanted = Wanted(status, area, owner, sort, cursor)
    with session_scope() as session:
        return answer(request, read.requests(session, wanted, limit))


@router.get("/search", response_model=shapes.Found)
def search(request: Request, q: Words, limit: Limit = 10) -> Response:
    """Requests that some words mean, best first, as the pages and Slack find them."""
    return answer(request, read.search(q, limit))


@router.get("/requests/{slug}", response_model=shapes.RequestFull, responses=MISSING)
def one_request(
    request: Request,
    slug: str,
    evidence_cursor: Annotated[
        int | None, Query(ge=1, le=LARGEST_ID, description="The `next` of `evidence`.")
    ] = None,
) -> Response:
    """A request with its evidence; for a merged one the request that stands for it."""
    with session_scope() as session:
        return answer(request, read.request(session, slug, evidence_cursor))


@router.get("/entries/{entry_id}", response_model=shapes.EntryFull, responses=MISSING)
def one_entry(request: Request, entry_id: EntryId) -> Response:
    """One submission, what became of it, and why."""
    with session_scope() as session:
        return answer(request, read.entry(session, entry_id))


@router.get("/areas", response_model=shapes.Areas)
def list_areas(request: Request) -> Response:
    """Every product area."""
    with session_scope() as session:
        return answer(request, read.areas(session))


@router.get("/areas/{slug}", response_model=shapes.AreaFull, responses=MISSING)
def one_area(request: Request, slug: str, day: date | None = None) -> Response:
    """An area with its report of a day, else its newest."""
    with session_scope() as session:
        return answer(request, read.area(session, slug, day))


@router.get("/accounts", response_model=shapes.AccountPage)
def list_accounts(request: Request, name: Short = "", cursor: Cursor = "") -> Response:
    """Customers, those with the highest ARR first; `name` is a part of theirs."""
    with session_scope() as session:
        return answer(request, read.accounts(session, name, cursor))


@router.get("/accounts/{account_id:path}", response_model=shapes.AccountFull, responses=MISSING)
def one_account(request: Request, account_id: str) -> Response:
    """A customer with its deals and what it asked for."""
    with session_scope() as session:
        return answer(request, read.account(session, account_id))


@router.get("/questions", response_model=shapes.Questions)
def list_questions(
    request: Request,
    visitor: Visiting,
    whose: Literal["mine", "unowned", "all"] = "all",
    area: Short = "",
    cursor: Cursor = "",
) -> Response:
    """Open questions, the oldest first."""
    with session_scope() as session:
        labels = visitor.actor(session).labels
        found = read.questions(session, whose=whose, area=area, labels=labels, cursor=cursor)
        return answer(request, found)


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request) -> JSONResponse:
    """The OpenAPI document of these routes."""
    return JSONResponse(document(request.scope.get("root_path", "")))


def document(root_path: str) -> dict[str, Any]:
    """The OpenAPI document, with the address the app is mounted at."""
    return get_openapi(
        title="GTM Feedback",
        version="1",
        description="Read requests, entries, areas, accounts and questions, and manage webhooks.",
        routes=router.routes,
        servers=[{"url": root_path or "/"}],
    )


def answer(request: Request, body: BaseModel) -> Response:
    """The body with its ETag, or 304 when the caller has it already."""
    content = body.model_dump_json().encode()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    if _knows(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


def _knows(sent: str, tag: str) -> bool:
    tags = {one.strip().removeprefix("W/") for one in sent.split(",")}
    return tag in tags or "*" in tags
