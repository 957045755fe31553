"""ASGI apps that plugins mount, and that cost nothing where nobody calls them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI


class LazyApp:
    """An ASGI app that is built at its first call: every Airflow component imports every plugin.

    Args:
        build: Makes the app; called once, by whichever thread comes first.
    """

    def __init__(self, build: Callable[[], FastAPI]) -> None:
        self._build = build
        self._app: FastAPI | None = None
        self._lock = threading.Lock()

    @property
    def app(self) -> FastAPI:
        """The app, built once."""
        with self._lock:
            if self._app is None:
                self._app = self._build()
            return self._app

    @property
    def routes(self) -> list[Any]:
        """The app's routes, for whoever walks them."""
        return self.app.routes

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one call."""
        await self.app(scope, receive, send)
