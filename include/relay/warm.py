"""The relay as Airflow's API server runs it: made ready beside the server's start.

Building the Bolt app and the first connection to the database take up to a second together; a
person's first press should not wait for it.
"""

from __future__ import annotations

import logging
import threading
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.orm import configure_mappers

from include.relay import asgi
from include.relay.app import app_for
from include.relay.workspace import is_ours
from include.slack.client import signing_secret
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

log = logging.getLogger(__name__)


def build() -> FastAPI:
    """The relay, warmed each time a server starts that it is mounted into."""
    return asgi.build(lifespan=_warmed)


@asynccontextmanager
async def _warmed(_app: FastAPI) -> AsyncIterator[None]:
    # Nobody waits for it: a database that does not answer must not keep the server from starting.
    threading.Thread(target=warm, name="slack-relay-warm", daemon=True).start()
    yield


def warm() -> None:
    """Build and connect; a failure is logged and only costs the time it would have saved."""
    try:
        import_module("sqlalchemy.dialects.postgresql.psycopg")
        configure_mappers()
        app_for(signing_secret())
        is_ours({})
        with session_scope() as session:
            session.execute(text("SELECT 1"))
    except Exception as error:
        log.warning("The relay could not be warmed and starts slower: %s", type(error).__name__)
