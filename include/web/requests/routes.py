"""``requests``: the list, and the same as CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from include.base.settings import load_settings
from include.requests.search_now import search_now
from include.store.session import session_scope
from include.web.guard import MAY_READ
from include.web.rendering import render
from include.web.requests.queries import (
    SORTS,
    STATUSES,
    Wanted,
    choices,
    read_found,
    read_requests,
)
from include.web.visitor import Visiting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any


router = APIRouter()
FOUND = 50
MOST_SEARCHES = 10
"""Portions of what a search finds that are looked through for those that fit the filters."""

AT_ONCE = 2_000
LONGEST_QUERY = 500
COLUMNS = (
    "slug",
    "title",
    "status",
    "areas",
    "owner",
    "feedback",
    "accounts",
    "arr",
    "dealbreakers",
    "trend",
    "newest_at",
    "created_at",
    "page",
)

Sort = Literal["arr", "accounts", "feedback", "dealbreakers", "newest", "trend", "opened"]
Status = Literal["", "undelivered", "open", "planned", "in_progress", "shipped", "deprioritized"]


@router.get("/requests", dependencies=[MAY_READ])
def requests_page(
    request: Request,
    visitor: Visiting,
    q: str = "",
    status: Status = "",
    area: str = "",
    owner: str = "",
    sort: Sort = "arr",
    after: str = "",
) -> HTMLResponse:
    """Requests by what they amount to, or those that some words mean."""
    wanted = Wanted(status, area, owner, sort, after)
    listed = _rows(q, wanted)
    with session_scope() as session:
        areas, owners = choices(session)
    return render(
        request,
        "requests/page.html",
        title="Requests",
        visitor=visitor,
        rows=listed.rows,
        following=listed.following,
        guessed=listed.guessed,
        is_cut=listed.is_cut,
        wanted=wanted,
        q=q,
        areas=areas,
        owners=owners,
        sorts={key: name for key, (name, _) in SORTS.items()},
        statuses=STATUSES,
    )


@router.get("/requests.csv", dependencies=[MAY_READ])
def requests_csv(
    q: str = "",
    status: Status = "",
    area: str = "",
    owner: str = "",
    sort: Sort = "arr",
) -> Response:
    """All that the page lists, page by page, for a spreadsheet."""
    wanted = Wanted(status, area, owner, sort)
    listed = _rows(q, wanted, AT_ONCE)
    name = {"content-disposition": 'attachment; filename="requests.csv"'}
    return StreamingResponse(
        _lines(wanted, listed), media_type="text/csv; charset=utf-8", headers=name
    )


def _lines(wanted: Wanted, listed: Listed) -> Iterator[str]:
    """The file in portions; a request that moved down the list meanwhile is in it once."""
    settings = load_settings()
    written: set[int] = set()
    # Spreadsheets read UTF-8 only behind its mark.
    out = io.StringIO("\ufeff")
    out.seek(0, io.SEEK_END)
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    while True:
        for row in listed.rows:
            if row.id not in written:
                written.add(row.id)
                values = dict(row._mapping) | {
                    "newest_at": row.newest_at.isoformat() if row.feedback else "",
                    "created_at": row.created_at.isoformat(),
                    "page": settings.request_url(row.slug),
                }
                writer.writerow({name: _plain(values[name]) for name in COLUMNS})
        yield out.getvalue()
        if listed.following is None:
            return
        out.seek(0)
        out.truncate()
        listed = _rows("", replace(wanted, after=listed.following), AT_ONCE)


@dataclass(frozen=True)
class Listed:
    """Rows and where the next ones begin; of a search whether they are mere guesses, or not all."""

    rows: Sequence[Any]
    following: str | None = None
    guessed: bool = False
    is_cut: bool = False


def _rows(q: str, wanted: Wanted, limit: int | None = None) -> Listed:
    if q.strip():
        return _found(q[:LONGEST_QUERY], wanted)
    with session_scope() as session:
        return Listed(
            *(read_requests(session, wanted, limit) if limit else read_requests(session, wanted))
        )


def _found(q: str, wanted: Wanted) -> Listed:
    """What a search finds and the filters leave; it looks on where they leave little."""
    rows: list[Any] = []
    seen: list[int] = []
    guessed, is_full = True, True
    for _ in range(MOST_SEARCHES):
        found = search_now(q, limit=FOUND, besides=seen)
        guessed = guessed and all(one.is_guess for one in found)
        if seen and all(one.is_guess for one in found):
            is_full = False
            break
        with session_scope() as session:
            rows += read_found(session, [one.id for one in found], wanted)
        seen += [one.id for one in found]
        is_full = len(found) == FOUND
        if not is_full or len(rows) >= FOUND:
            break
    return Listed(rows[:FOUND], None, guessed, is_full)


def _plain(value: object) -> object:
    """A cell that a spreadsheet does not take for a formula."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value
