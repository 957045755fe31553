"""Mounts the Slack relay at ``/slack``: Slack's Request URL is ``https://<airflow>/slack/events``."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from include.web.lazy import LazyApps


class SlackRelayPlugin(AirflowPlugin):
    """Registers the relay with Airflow's API server."""

    name = "slack_relay"
    fastapi_apps: Any = LazyApps(
        "include.relay.warm:build", url_prefix="/slack", name="Slack relay"
    )
