"""Mounts the Slack relay at ``/slack``: Slack's Request URL is ``https://<airflow>/slack/events``.

Every Airflow component imports this file, so the relay itself is built when it is first called, or
in the API server right after its start.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin

from include.slack.relay.warm import is_server, warm_beside_start

if TYPE_CHECKING:
    from fastapi import FastAPI


class LazyRelay:
    """An ASGI app that becomes the relay on its first call."""

    def __init__(self) -> None:
        self._app: FastAPI | None = None
        self._lock = threading.Lock()

    @property
    def app(self) -> FastAPI:
        """The relay, built once."""
        with self._lock:
            if self._app is None:
                from include.slack.relay.asgi import build

                self._app = build()
            return self._app

    @property
    def routes(self) -> list[Any]:
        """The relay's routes, for whoever walks them."""
        return self.app.routes

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one call."""
        await self.app(scope, receive, send)


relay = LazyRelay()
if is_server():
    warm_beside_start(lambda: relay.app)


class SlackRelayPlugin(AirflowPlugin):
    """Registers the relay with Airflow's API server."""

    name = "slack_relay"
    fastapi_apps: list[Any] = [  # noqa: RUF012 - the form Airflow's base class prescribes
        {"app": relay, "url_prefix": "/slack", "name": "Slack relay"}
    ]
