"""Socket Mode of the sandbox: the app's open sockets, and calls sent through them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from typing import Any

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.slack import seed

Json = dict[str, Any]

PATH = "/link"
_REFUSED = 4403


class SocketDesk:
    """Hands out tickets, holds the open sockets, and waits for acknowledgements."""

    def __init__(self) -> None:
        self._tickets: set[str] = set()
        self._open: list[WebSocket] = []
        self._waiting: dict[str, asyncio.Future[Json | None]] = {}

    def ticket(self) -> str:
        """What one socket may be opened with, once."""
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        return ticket

    @property
    def is_open(self) -> bool:
        """Whether the app listens over a socket now."""
        return bool(self._open)

    async def reset(self) -> None:
        """Close the sockets and take the tickets back."""
        self._tickets.clear()
        sockets, self._open = self._open, []
        for socket in sockets:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await socket.close()

    async def send(self, kind: str, payload: Json, *, retry: int, reason: str) -> Json | None:
        """Send one call and wait for its acknowledgement; ``{}`` when that holds nothing.

        Raises:
            ConnectionError: No socket is open, or it was closed before the acknowledgement.
        """
        if not self._open:
            raise ConnectionError("no socket is open")
        envelope_id = secrets.token_hex(16)
        envelope: Json = {
            "envelope_id": envelope_id,
            "type": kind,
            "accepts_response_payload": kind != "events_api",
            "payload": payload,
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": retry, "retry_reason": reason if retry else ""}
        waiting: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = waiting
        try:
            # Slack takes any of the open sockets; here the newest.
            await self._open[-1].send_text(json.dumps(envelope))
            return await waiting
        except (RuntimeError, WebSocketDisconnect):
            raise ConnectionError("the socket was closed") from None
        finally:
            self._waiting.pop(envelope_id, None)

    async def serve(self, socket: WebSocket) -> None:
        """One socket, from its greeting to its end."""
        ticket = socket.query_params.get("ticket", "")
        if ticket not in self._tickets:
            await socket.close(_REFUSED)
            return
        self._tickets.discard(ticket)
        await socket.accept()
        self._open.append(socket)
        try:
            await socket.send_text(json.dumps(self._hello()))
            while True:
                self._acknowledged(await socket.receive_text())
        except (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            if socket in self._open:
                self._open.remove(socket)

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._open),
            "connection_info": {"app_id": seed.APP_ID},
            "debug_info": {"host": "sandbox", "approximate_connection_time": 18060},
        }

    def _acknowledged(self, text: str) -> None:
        try:
            answer = json.loads(text)
        except ValueError:
            return
        waiting = self._waiting.get(str(answer.get("envelope_id")))
        if waiting is not None and not waiting.done():
            payload = answer.get("payload")
            waiting.set_result(payload if isinstance(payload, dict) else {})


async def link(socket: WebSocket) -> None:
    """The address that ``apps.connections.open`` names."""
    desk: SocketDesk = socket.app.state.hub.sockets
    await desk.serve(socket)


ROUTES = [WebSocketRoute(PATH, link)]
