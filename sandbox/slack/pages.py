"""Stand-ins for the product's pages, so that links in messages lead somewhere and have previews."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<body style="font: 16px/1.5 system-ui; max-width: 40rem; margin: 4rem auto">
<h1>{title}</h1><p>In your own workspace this link leads to the page of this {kind}: set
<code>web_base_url</code> to where your pages are. The sandbox has none.</p>
<p><a href="/">Back to Slack</a></p></body></html>"""
_KINDS = {"requests": "request", "areas": "area", "accounts": "account"}


async def show(request: Request) -> Response:
    """Say what would be here."""
    kind = _KINDS.get(request.path_params["kind"])
    if kind is None:
        return Response(status_code=404)
    title = escape(f"{kind.capitalize()} {request.path_params['key']}")
    return HTMLResponse(_PAGE.format(title=title, kind=kind))


ROUTES = [Route("/app/{kind}/{key}", show)]
