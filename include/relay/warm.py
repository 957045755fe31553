"""Making the relay ready before Slack's first call, beside the API server's start.

Building the Bolt app, importing what clicks need, and the first connection to the database take up
to a second together; a person's first press should not wait for it.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

MODULES = (
    "include.entries.group_questions",
    "include.entries.correct",
    "include.requests.merge_questions",
    "include.relay.dispatch",
    "include.outbox.sender",
    "sqlalchemy.dialects.postgresql.psycopg",
)
SERVER = "airflow.api_fastapi.main"
PATIENCE_SECONDS = 120.0
_POLL_SECONDS = 0.2


def warm() -> None:
    """Build and import; a failure is logged and only costs the time it would have saved."""
    try:
        from sqlalchemy import text
        from sqlalchemy.orm import configure_mappers

        from include.relay.app import app_for
        from include.slack.client import signing_secret, slack_client
        from include.store.session import session_scope

        for module in MODULES:
            import_module(module)
        configure_mappers()
        app_for(signing_secret())
        slack_client()
        with session_scope() as session:
            session.execute(text("SELECT 1"))
    except Exception as error:
        log.warning("The relay could not be warmed and starts slower: %s", type(error).__name__)


def warm_beside_start(build: Callable[[], object]) -> threading.Thread:
    """Warm in a thread of its own, once the server has been put together."""

    def work() -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        # While the server imports its own modules, a second thread must not import them too.
        while not is_served() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        build()
        warm()

    thread = threading.Thread(target=work, name="slack-relay-warm", daemon=True)
    thread.start()
    return thread


def is_server() -> bool:
    """Whether this process is Airflow's API server."""
    return SERVER in sys.modules


def is_served() -> bool:
    """Whether Airflow's API server has started in this process."""
    app = getattr(sys.modules.get(SERVER), "app", None)
    return bool(getattr(getattr(app, "state", None), "lifespan_called", False))
