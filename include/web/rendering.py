"""Pages as HTML: the templates, what every template can use, and the headers of every page."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode

from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from include.insights.wording import count, money, percent
from include.slack.cards.words import moment_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request

    from include.web.visitor import Visitor

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
NOTE = "gtm_feedback_note"
"""The cookie that carries one sentence from a form to the page that follows it."""

LONGEST_NOTE = 1000

HEADERS = {
    "content-security-policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "frame-ancestors 'self'; form-action 'self'; base-uri 'none'; object-src 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    # The pages hold customers' words: nobody else's cache keeps them.
    "cache-control": "private, no-cache",
}
"""Inline styles are for the charts, whose SVG brings its colours; no script is ever inline."""

_LEAVE = """
document.querySelector("a").addEventListener("click", (event) => {
  event.preventDefault();
  const link = parent.document.createElement("a");
  link.href = event.target.href;
  parent.document.body.append(link);
  link.click();
});
"""

NAV = (
    ("inbox", "Inbox"),
    ("requests", "Requests"),
    ("areas", "Areas"),
    ("accounts", "Accounts"),
    ("digests", "Digests"),
    ("health", "Health"),
    ("settings", "Settings"),
    ("me", "Me"),
)


def render(
    request: Request,
    template: str,
    *,
    title: str,
    visitor: Visitor | None = None,
    status: int = 200,
    **values: Any,
) -> HTMLResponse:
    """A whole page.

    Args:
        request: The one that is answered.
        template: Its path below ``include/web``, as ``inbox/page.html``.
        title: Of the window, and the page's heading unless the template has another.
        visitor: Who looks; without one (an error) nothing personal is shown.
        status: HTTP status.
        values: What the template shows.
    """
    root = str(request.scope.get("root_path", ""))
    note = request.cookies.get(NOTE)
    body = (
        _templates()
        .get_template(template)
        .render(
            title=title,
            visitor=visitor,
            here=request.url.path.removeprefix(root).strip("/"),
            nav=NAV,
            note=unquote(note)[:LONGEST_NOTE] if note else None,
            url=_urls(root),
            airflow=str(request.scope.get("app_root_path", "")),
            **values,
        )
    )
    answer = HTMLResponse(body, status, HEADERS)
    if note:
        answer.delete_cookie(NOTE, path=root or "/")
    return answer


def sign_in_page(login: str) -> HTMLResponse:
    """What the frame shows when the session has ended; it needs nothing that asks for a login.

    The frame's sandbox forbids links to leave it, so a script presses one in Airflow's own page.
    """
    allowed = base64.b64encode(hashlib.sha256(_LEAVE.encode()).digest()).decode()
    policy = f"{HEADERS['content-security-policy']}; script-src 'sha256-{allowed}'"
    body = _templates().get_template("sign_in.html").render(login=login, script=Markup(_LEAVE))
    return HTMLResponse(body, 401, HEADERS | {"content-security-policy": policy})


def go_to(request: Request, path: str, note: str | None = None) -> RedirectResponse:
    """After a form: the page at ``path``, which shows the note once.

    Always a redirect, so that reloading repeats nothing and Airflow's address bar follows.
    """
    root = str(request.scope.get("root_path", ""))
    answer = RedirectResponse(f"{root}/{path}", 303)
    if note:
        answer.set_cookie(
            NOTE,
            quote(note[:LONGEST_NOTE]),
            max_age=60,
            path=root or "/",
            httponly=True,
            samesite="lax",
        )
    return answer


def _urls(root: str) -> Any:
    """``url("requests/csv-export", q="x")``: an address of ours, wherever Airflow is mounted."""

    def url(path: str, _query: Mapping[str, Any] | None = None, **query: Any) -> str:
        asked = {
            name: value
            for name, value in {**(_query or {}), **query}.items()
            if value not in (None, "")
        }
        address = f"{root}/{quote(path, safe='/')}"
        if path.startswith("static/"):
            asked["v"] = fingerprint(path.removeprefix("static/"))
        return f"{address}?{urlencode(asked, doseq=True)}" if asked else address

    return url


@lru_cache(maxsize=64)
def fingerprint(name: str) -> str:
    """What changes when a static file does, so that browsers may keep it for ever."""
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def _time(moment: datetime | None) -> Markup:
    """A moment that ``pages.js`` shows in the reader's zone; without scripts it is UTC."""
    if moment is None:
        return Markup("-")
    iso = moment.astimezone(UTC).isoformat(timespec="seconds")
    return Markup('<time datetime="{}">{}</time>').format(iso, moment_words(moment))


@lru_cache(maxsize=1)
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "time": _time,
        "counted": count,
        "percent": lambda value: "-" if value is None else percent(value),
        "money": lambda value: "-" if value is None else money(float(value)),
    }
    return environment
