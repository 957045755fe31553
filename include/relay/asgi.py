"""The relay as an ASGI app, mounted into Airflow's API server (``plugins/slack_relay.py``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from fastapi import FastAPI, Request, Response

from include.relay import background, schema
from include.relay.receive import receive

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager

BODY_LIMIT = 1024 * 1024
THREADS = 12
"""With the twelve of ``include.relay.background`` fewer than a process has connections."""


def build(
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
) -> FastAPI:
    """The app: one URL for events, clicks and commands, with two aliases, and a health check.

    Its schema is in the repository (``slack/openapi.json``) and not served: strangers get nothing.
    """
    app = FastAPI(
        title="Slack relay",
        version="1",
        description="What Slack calls. Every call but the health check must carry its signature.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
    )
    # Own threads: a database that does not answer must not use up those of Airflow's API.
    limiter = _Limiter()

    async def take(request: Request) -> Response:
        raw = await _body(request)
        if raw is None:
            return Response(status_code=413)
        headers: Mapping[str, str] = {k.lower(): v for k, v in request.headers.items()}
        with background.acknowledging():
            answer = await anyio.to_thread.run_sync(receive, raw, headers, limiter=limiter.get())
        return Response(answer.body, status_code=answer.status, headers=answer.headers)

    for path in ("/events", "/interactive", "/commands"):
        app.add_api_route(
            path,
            take,
            methods=["POST"],
            operation_id=f"take_{path.strip('/')}",
            summary="Take a call of Slack: an event, a click, a form, a command.",
            response_class=Response,
            responses=schema.RESPONSES,
            openapi_extra=schema.CALL,
        )

    @app.get("/health", operation_id="health", summary="Whether the relay runs; open to all.")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


class _Limiter:
    """An anyio limiter belongs to the event loop it is first used in."""

    def __init__(self) -> None:
        self._limiter: anyio.CapacityLimiter | None = None

    def get(self) -> anyio.CapacityLimiter:
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(THREADS)
        return self._limiter


async def _body(request: Request) -> bytes | None:
    """The raw body, ``None`` when it is too long; what is declared is not trusted."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > BODY_LIMIT:
        return None
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY_LIMIT:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
