"""Mounts the pages at ``/gtm-feedback``; Airflow shows them in its navigation and on runs."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from include.base.addresses import FRAME, MOUNT
from include.web.lazy import LazyApps


class PagesPlugin(AirflowPlugin):
    """Registers the app and its places in Airflow's UI.

    Addresses have no leading slash: Airflow resolves them against its own path.
    """

    name = "gtm_feedback_pages"
    fastapi_apps: Any = LazyApps(
        "include.web.app:build", url_prefix=f"/{MOUNT}", name="GTM Feedback"
    )
    external_views: Any = [  # noqa: RUF012 (Airflow takes bad ones out of the list)
        {
            "name": "Feedback",
            "href": f"{MOUNT}/inbox",
            "url_route": FRAME,
            "destination": "nav",
            "nav_top_level": True,
            "icon": f"{MOUNT}/static/icon.svg",
        },
        {
            "name": "Entry",
            "href": f"{MOUNT}/runs?dag_id={{DAG_ID}}&run_id={{RUN_ID}}",
            "url_route": "entry",
            "destination": "dag_run",
        },
    ]
    react_apps: Any = [  # noqa: RUF012 (Airflow takes bad ones out of the list)
        {
            "name": "GtmFeedbackLine",
            "bundle_url": f"{MOUNT}/static/dashboard.js",
            "url_route": "feedback-line",
            "destination": "dashboard",
        },
    ]
