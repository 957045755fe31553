"""Mounts the REST route for feedback at ``/feedback``: ``POST https://<airflow>/feedback/entries``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin

from include.web.lazy import LazyApp

if TYPE_CHECKING:
    from fastapi import FastAPI


def build() -> FastAPI:
    """The intake."""
    from include.web import feedback_route as entries

    return entries.build()


class FeedbackIntakePlugin(AirflowPlugin):
    """Registers the route with Airflow's API server."""

    name = "feedback_intake"
    fastapi_apps: list[Any] = [  # noqa: RUF012 - the form Airflow's base class prescribes
        {"app": LazyApp(build), "url_prefix": "/feedback", "name": "Feedback intake"}
    ]
