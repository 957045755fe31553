"""A real PostgreSQL for the database tests: one embedded server a session, one database a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.orm import Session

from include.base.connections import get_connection
from include.store.migrate import upgrade
from include.store.session import database_url, engine_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

    from sandbox.postgres import SandboxPostgres

TEMPLATE = "feedback_template"
DATABASE = "test"


@pytest.fixture(scope="session")
def template(postgres: SandboxPostgres) -> str:
    """A migrated database that every test's own is copied from."""
    from sandbox.postgres import drop_database, ensure_database

    drop_database(postgres, TEMPLATE)
    ensure_database(postgres, TEMPLATE)
    upgrade(url_of(postgres, TEMPLATE))
    return TEMPLATE


@pytest.fixture
def feedback_db(
    postgres: SandboxPostgres, template: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[URL]:
    """A fresh migrated database, also set as the connection ``feedback_db``.

    It is called the same in every test: the engine stays, which knows the statements compiled.
    """
    from sandbox.postgres import drop_database

    with psycopg.connect(postgres.uri("postgres"), autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(DATABASE), sql.Identifier(template)
            )
        )
    monkeypatch.setenv("AIRFLOW_CONN_FEEDBACK_DB", postgres.uri(DATABASE))
    url = database_url(get_connection("feedback_db"))
    yield url
    engine_for(url).dispose()
    drop_database(postgres, DATABASE)


@pytest.fixture
def session(feedback_db: URL) -> Iterator[Session]:
    """A session on the fresh database; what a test wants kept it commits itself."""
    with Session(engine_for(feedback_db), expire_on_commit=False) as session:
        yield session


def url_of(postgres: SandboxPostgres, database: str) -> URL:
    """The SQLAlchemy URL of a database on the test server."""
    from include.base.connections import _from_environment

    return database_url(_from_environment("feedback_db", postgres.uri(database)))
