"""The pages, mounted into Airflow's API server at ``/gtm-feedback`` (``plugins/pages.py``).

Each page is a folder here: its routes, its queries, its template. This file puts them together and
says what a reader sees when something is wrong.
"""

from __future__ import annotations

import logging
from urllib.parse import urlencode

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.routing import Route

from include.base.addresses import FRAME
from include.base.errors import Defect, FatalError, TransientError
from include.base.safe_log import describe, where
from include.people.actor import NotAllowed
from include.store.refusals import RETRY_SECONDS
from include.web import (
    accounts,
    api,
    areas,
    digests,
    entry,
    erase,
    health,
    inbox,
    me,
    requests,
    settings,
    submit,
)
from include.web import request as one_request
from include.web.api.read import Missing
from include.web.guard import MAY_READ, SIGNED_IN
from include.web.mcp.mount import PATH, McpMount
from include.web.rendering import STATIC, fingerprint, go_to, render, sign_in_page

log = logging.getLogger(__name__)

PAGES = (
    inbox,
    requests,
    one_request,
    submit,
    entry,
    areas,
    accounts,
    digests,
    health,
    settings,
    erase,
    me,
    api,
)
"""In the order in which addresses are tried: ``entries/new`` before ``entries/<id>``."""
FILES = frozenset(path.name for path in STATIC.iterdir())
TITLES = {403: "You may not do this", 404: "There is no such page"}
FOR_EVER, AN_HOUR = "private, max-age=31536000, immutable", "private, max-age=3600"


def build() -> FastAPI:
    """The app with all pages."""
    assistants = McpMount()
    app = FastAPI(
        title="GTM Feedback",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=assistants.lifespan,
    )

    @app.get("/", dependencies=[MAY_READ])
    def start(request: Request) -> Response:
        """The first page is the inbox."""
        return go_to(request, "inbox")

    @app.get("/static/{name}", dependencies=[SIGNED_IN])
    def static(name: str, v: str = "") -> Response:
        """Style, scripts and icons."""
        if name not in FILES:
            raise HTTPException(404, f"there is no file {name!r}")
        kept = FOR_EVER if v == fingerprint(name) else AN_HOUR
        return FileResponse(STATIC / name, headers={"cache-control": kept})

    for page in PAGES:
        app.include_router(page.router)
    app.router.routes.append(Route(PATH, assistants, methods=["GET", "POST", "DELETE"]))

    app.add_exception_handler(StarletteHTTPException, refused)
    app.add_exception_handler(RequestValidationError, unreadable)
    app.add_exception_handler(Missing, missing)
    app.add_exception_handler(FatalError, fatal)
    app.add_exception_handler(Defect, defect)
    app.add_exception_handler(TransientError, away)
    return app


def refused(request: Request, error: Exception) -> Response:
    """A status that a route or Airflow's rights have given."""
    status, detail = getattr(error, "status_code", 500), str(getattr(error, "detail", error))
    if status == 401:
        return _sign_in(request, detail)
    return _trouble(request, status, TITLES.get(status, "That did not work"), detail)


def unreadable(request: Request, error: Exception) -> Response:
    """An address or a form whose values are of the wrong kind."""
    first = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    place = first.get("loc") or ("",)
    # What comes first says whether it is in the address or in the body.
    where, what = ".".join(map(str, place[1:] or place)), first.get("msg", "it cannot be read")
    return _trouble(request, 422, "That address does not fit", f"{where}: {what}")


def missing(request: Request, error: Exception) -> Response:
    """What the read API was asked for and is not there."""
    return _trouble(request, 404, TITLES[404], str(error))


def fatal(request: Request, error: Exception) -> Response:
    """What the product refuses, in its own words."""
    if isinstance(error, NotAllowed):
        return _trouble(request, 403, TITLES[403], str(error))
    return _trouble(request, 422, "That did not work", str(error))


def defect(request: Request, error: Exception) -> Response:
    """A fault of the product: what it is stands in the log, without anybody's words."""
    log.error("A page could not be made: %s\n%s", describe(error), where(error))
    return _trouble(request, 500, "That did not work", "GTM Feedback is at fault; see its log.")


def away(request: Request, error: Exception) -> Response:
    """The product's database or Airflow's API is away; the details are for the log."""
    said = f"{error} Nothing was changed. Load the page again in a moment."
    answer = _trouble(request, 503, "GTM Feedback is not available now", said)
    answer.headers["retry-after"] = str(RETRY_SECONDS)
    return answer


def is_browser(request: Request) -> bool:
    """Whether a person reads the answer; the read API answers in JSON always."""
    root = str(request.scope.get("root_path", ""))
    path = request.url.path.removeprefix(root)
    return not path.startswith("/api/") and "text/html" in request.headers.get("accept", "")


def _trouble(request: Request, status: int, title: str, detail: str) -> Response:
    if not is_browser(request):
        return JSONResponse({"detail": detail}, status)
    return render(request, "trouble.html", title=title, status=status, detail=detail)


def _sign_in(request: Request, detail: str) -> Response:
    """To Airflow's login; in the frame a link opens it in the whole window.

    An identity provider's page inside a frame would be refused by most of them.
    """
    if request.method != "GET" or not is_browser(request):
        return JSONResponse({"detail": detail}, 401, {"www-authenticate": "Bearer"})
    root = str(request.scope.get("app_root_path", ""))
    query = f"?{request.url.query}" if request.url.query else ""
    framed = f"{root}/plugin/{FRAME}{request.url.path}{query}"
    login = f"{root}/api/v2/auth/login?{urlencode({'next': framed})}"
    if request.headers.get("sec-fetch-dest") != "iframe":
        return RedirectResponse(login, 307)
    return sign_in_page(login)
