"""Mounts the REST route for feedback at ``/feedback``: ``POST https://<airflow>/feedback/entries``."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from include.web.lazy import LazyApps


class FeedbackIntakePlugin(AirflowPlugin):
    """Registers the route with Airflow's API server."""

    name = "feedback_intake"
    fastapi_apps: Any = LazyApps(
        "include.web.feedback_route:build", url_prefix="/feedback", name="Feedback intake"
    )
