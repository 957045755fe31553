"""Sessions on the product's database, from the Airflow connection ``feedback_db``."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import URL, create_engine
from sqlalchemy.exc import StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session, sessionmaker

from include.base.connections import FEEDBACK_DB, ConnectionInfo, get_connection
from include.base.errors import UnstorableValue
from include.store.refusals import translated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy import Engine

    SessionScope = Callable[[], AbstractContextManager[Session]]
    """Opens a transaction that commits at its end: :func:`session_scope`, or a test's own."""


def database_url(info: ConnectionInfo) -> URL:
    """The SQLAlchemy URL (psycopg 3) of a connection; a host that is a path is a socket folder."""
    query: dict[str, str] = {
        key: str(info.extra[key])
        for key in ("host", "sslmode", "sslrootcert", "options", "connect_timeout")
        if key in info.extra
    }
    host: str | None = info.host or None
    if host and host.startswith("/"):
        query["host"], host = host, None
    return URL.create(
        "postgresql+psycopg",
        username=info.login or None,
        password=info.password or None,
        host=host,
        port=info.port,
        database=info.schema or "feedback",
        query=query,
    )


def conninfo(info: ConnectionInfo) -> str:
    """The same as :func:`database_url` as a libpq connection string, for psycopg itself."""
    from psycopg.conninfo import make_conninfo

    url = database_url(info)
    parameters: dict[str, str | int | None] = {
        "user": url.username,
        "password": str(url.password) if url.password else None,
        "host": url.host,
        "port": url.port,
        "dbname": url.database,
        **{key: str(value) for key, value in url.query.items()},
    }
    return make_conninfo("", **{key: value for key, value in parameters.items() if value})


POOL_SIZE = 5
MOST_CONNECTIONS = 25
"""Of one process. The relay's threads may need that many for a moment; others use one or two."""

POOL_SECONDS = 10
"""How long a thread waits for a connection, then it is told that none was free. Slack has given up
after three seconds and calls again; a page is asked for again."""


@lru_cache(maxsize=4)
def engine_for(url: URL) -> Engine:
    """One engine a process and URL: small pool, connections checked before use."""
    return create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=MOST_CONNECTIONS - POOL_SIZE,
        pool_timeout=POOL_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"connect_timeout": 10},
    )


def engine() -> Engine:
    """The engine of ``feedback_db``; the connection is looked up once a minute and process."""
    # An environment variable may be changed by a test, and reading it costs nothing.
    return _engine(os.environ.get("AIRFLOW_CONN_FEEDBACK_DB"), time.monotonic() // 60)


@lru_cache(maxsize=1)
def _engine(_environment: str | None, _minute: float) -> Engine:
    return engine_for(database_url(get_connection(FEEDBACK_DB)))


@contextmanager
def session_scope() -> Iterator[Session]:
    """A session that commits at the end and rolls back on an exception.

    Raises:
        TransientError: the database cannot be reached, has no room, or another transaction was in
            the way; a retry helps.
        FatalError: the database refused a row; the message names the constraint, not the row.
        UnstorableValue: a value is one that no row can hold.
        Defect: the database refused a statement; the product is at fault.
    """
    try:
        with sessionmaker(engine(), expire_on_commit=False)() as session, session.begin():
            yield session
    except (StatementError, PoolTimeoutError) as error:
        # PostgreSQL's own message quotes the row, that is the customer's words: `from None`.
        raise translated(error) from None
    except UnicodeEncodeError:
        raise UnstorableValue("A text holds half a character and cannot be stored.") from None
