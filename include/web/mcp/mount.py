"""The MCP server inside the pages' app: made at the first call, and only for those with a token.

Only a bearer token counts: a browser's cookie could be ridden by another site. The package takes
seconds to import, which the other routes of the API server must not wait for.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import anyio
from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import resolve_user_from_token
from fastapi import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from include.engine.dag_ids import MAIN_DAG
from include.web.visitor import visitor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI
    from starlette.applications import Starlette
    from starlette.types import Receive, Scope, Send

    from include.web.visitor import Visitor

PATH = "/mcp"


class McpMount:
    """The ASGI app at ``PATH``; its server runs from the first call until :meth:`close`."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._app: Starlette | None = None
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call of a caller whose token Airflow knows."""
        try:
            caller = await self._caller(Request(scope))
        except HTTPException as refusal:
            body = {"detail": refusal.detail}
            headers = {"www-authenticate": "Bearer"} if refusal.status_code == 401 else None
            await JSONResponse(body, refusal.status_code, headers)(scope, receive, send)
            return
        app = await self._started()
        from include.web.mcp.server import visitor_var

        reset = visitor_var.set(caller)
        try:
            await app(scope, receive, send)
        finally:
            visitor_var.reset(reset)

    async def _caller(self, request: Request) -> Visitor:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            said = "Send a token of Airflow's as bearer (user menu, Generate Token)."
            raise HTTPException(401, said)
        user = await resolve_user_from_token(token.strip())

        def look() -> Visitor:
            may_read = get_auth_manager().is_authorized_dag(
                method="GET",
                access_entity=DagAccessEntity.RUN,
                details=DagDetails(id=MAIN_DAG),
                user=user,
            )
            if not may_read:
                raise HTTPException(403, f"Airflow does not let you read runs of {MAIN_DAG}.")
            return visitor(user)

        return await anyio.to_thread.run_sync(look)

    async def _started(self) -> Starlette:
        async with self._lock:
            if self._app is None:
                self._app = await anyio.to_thread.run_sync(_make)
                ready = asyncio.Event()
                # What a call starts would end with it; this runs on.
                self._running = asyncio.create_task(_run(self._app, ready))
                await ready.wait()
        return self._app

    async def close(self) -> None:
        """End the server."""
        running, self._running, self._app = self._running, None, None
        if running is not None:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    @asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        """For the app that this is a part of."""
        try:
            yield
        finally:
            await self.close()


def _make() -> Starlette:
    from include.web.mcp.server import make_app, make_server

    return make_app(make_server(), PATH)


async def _run(app: Starlette, ready: asyncio.Event) -> None:
    async with app.router.lifespan_context(app):
        ready.set()
        await asyncio.Event().wait()
