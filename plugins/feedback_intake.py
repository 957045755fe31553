"""Mounts the REST route for feedback at ``/feedback``: ``POST https://<airflow>/feedback/entries``.

Every Airflow component imports this file, so the app itself is built when it is first called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from fastapi import FastAPI


class LazyIntake:
    """An ASGI app that becomes the intake on its first call."""

    def __init__(self) -> None:
        self._app: FastAPI | None = None

    @property
    def app(self) -> FastAPI:
        """The intake, built once."""
        if self._app is None:
            from include.web.entries import build

            self._app = build()
        return self._app

    @property
    def routes(self) -> list[Any]:
        """The routes, for whoever walks them."""
        return self.app.routes

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one call."""
        await self.app(scope, receive, send)


class FeedbackIntakePlugin(AirflowPlugin):
    """Registers the route with Airflow's API server."""

    name = "feedback_intake"
    fastapi_apps: list[Any] = [  # noqa: RUF012 - the form Airflow's base class prescribes
        {"app": LazyIntake(), "url_prefix": "/feedback", "name": "Feedback intake"}
    ]
