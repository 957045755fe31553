"""Mounts the Slack relay at ``/slack``: Slack's Request URL is ``https://<airflow>/slack/events``.

The API server builds the relay right after its start, so that no person's first press waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin

from include.relay.warm import is_server, warm_beside_start
from include.web.lazy import LazyApp

if TYPE_CHECKING:
    from fastapi import FastAPI


def build() -> FastAPI:
    """The relay."""
    from include.relay import asgi

    return asgi.build()


relay = LazyApp(build)
if is_server():
    warm_beside_start(lambda: relay.app)


class SlackRelayPlugin(AirflowPlugin):
    """Registers the relay with Airflow's API server."""

    name = "slack_relay"
    fastapi_apps: list[Any] = [  # noqa: RUF012 - the form Airflow's base class prescribes
        {"app": relay, "url_prefix": "/slack", "name": "Slack relay"}
    ]
