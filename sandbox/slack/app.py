"""The ASGI application of the sandbox."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse

from sandbox.slack import act_api, page, sockets, web_api
from sandbox.slack.actor import Actor
from sandbox.slack.hub import Hub
from sandbox.slack.relay import RelayLine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp, Receive, Scope, Send

    from sandbox.slack.settings import Settings

_LOCAL_NAMES = ("127.0.0.1", "localhost")


class LoopbackOnly:
    """Refuses what does not come from, and is not addressed to, this machine.

    The host name is checked because a page elsewhere can point its own name at 127.0.0.1.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and not scope["path"].startswith("/api/"):
            headers = dict(scope["headers"])
            name = headers.get(b"host", b"").decode("latin-1").partition(":")[0]
            peer = (scope.get("client") or ("", 0))[0]
            if peer != "127.0.0.1" or name not in _LOCAL_NAMES:
                if scope["type"] == "websocket":
                    await receive()
                    await send({"type": "websocket.close", "code": 4403})
                    return
                refusal = PlainTextResponse("the sandbox answers this machine only", 403)
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


def make_app(settings: Settings) -> Starlette:
    """Build the application; the state directory is opened at once."""
    hub = Hub.start(settings)
    relay = RelayLine(settings.relay_url, settings.signing_secret, sockets=hub.sockets)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        del app
        yield
        await relay.close()
        hub.journal.close()

    app = Starlette(
        routes=[
            *web_api.ROUTES,
            *act_api.ROUTES,
            *page.ROUTES,
            *sockets.ROUTES,
        ],
        middleware=[Middleware(LoopbackOnly)],
        lifespan=lifespan,
    )
    app.state.hub = hub
    app.state.actor = Actor(hub, relay)
    return app
