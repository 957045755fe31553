"""Migrations go up, down and up again, and make exactly what the models say."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from include.base.errors import FatalError
from include.store.migrate import downgrade, upgrade
from include.store.models import Base
from sandbox.postgres import drop_database, ensure_database
from tests.db.conftest import url_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from sandbox.postgres import SandboxPostgres

import pytest


@pytest.fixture
def empty(postgres: SandboxPostgres) -> Iterator[Engine]:
    """An engine on an empty database."""
    ensure_database(postgres, "migrations")
    engine = create_engine(url_of(postgres, "migrations"))
    yield engine
    engine.dispose()
    drop_database(postgres, "migrations")


def facts(engine: Engine) -> dict[str, object]:
    """Everything named in the schema: tables, columns, checks, indexes, functions, triggers."""
    query = """
        SELECT 'table' AS kind, table_name::text AS name FROM information_schema.tables
         WHERE table_schema = 'public'
        UNION SELECT 'column', table_name || '.' || column_name || ' ' || data_type
          FROM information_schema.columns WHERE table_schema = 'public'
        UNION SELECT 'check', conrelid::regclass || ' ' || conname || pg_get_constraintdef(oid)
          FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION SELECT 'index', indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION SELECT 'trigger', tgname FROM pg_trigger WHERE NOT tgisinternal
        UNION SELECT 'function', proname FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace AND proname ~ '^(durable|history)_'
    """
    with engine.connect() as connection:
        return {f"{kind} {name}": True for kind, name in connection.execute(text(query))}


def test_up_down_and_up_again_gives_the_same_schema(empty: Engine) -> None:
    upgrade(empty.url)
    first = facts(empty)
    assert len(first) > 150
    downgrade(empty.url)
    assert set(inspect(empty).get_table_names()) == {"alembic_version"}
    assert not [fact for fact in facts(empty) if fact.startswith(("function", "trigger"))]
    upgrade(empty.url)
    assert facts(empty) == first


def test_a_database_of_another_release_is_refused_and_left_alone(empty: Engine) -> None:
    with empty.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num text)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('0013')"))
    with pytest.raises(FatalError, match=r"'migrations' is at revision '0013'.*empty database"):
        upgrade(empty.url)
    assert inspect(empty).get_table_names() == ["alembic_version"]


def test_a_new_database_has_one_signing_key_of_its_own(empty: Engine) -> None:
    secrets = []
    for _ in range(2):
        upgrade(empty.url)
        with empty.connect() as connection:
            secrets += connection.execute(text("SELECT secret FROM hook_keys")).scalars()
        downgrade(empty.url)
    assert len(set(secrets)) == len(secrets) == 2


def test_the_models_say_what_the_migrations_made(empty: Engine) -> None:
    upgrade(empty.url)
    with empty.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_tables_made_from_the_models_are_those_of_the_migrations(empty: Engine) -> None:
    """Alembic's comparison leaves out checks, computed columns and conditions of indexes."""
    upgrade(empty.url)
    migrated = facts(empty)
    downgrade(empty.url)
    with empty.begin() as connection:
        for revision in ("0002_letters", "0004_languages"):
            module = import_module(f"include.store.migrations.versions.{revision}")
            for statement in module.FUNCTIONS:
                connection.exec_driver_sql(statement)
    Base.metadata.create_all(empty)
    described = facts(empty)
    left_out = ("function ", "trigger ", "table request_roots", "column request_roots.")
    assert {fact for fact in migrated if not fact.startswith(left_out)} == set(described)


def test_a_vector_of_another_size_is_refused_by_the_column(empty: Engine) -> None:
    upgrade(empty.url)
    insert = (
        "INSERT INTO request_embeddings (request_id, model, dimensions, content_hash, embedding) "
        "VALUES (1, 'm', 3, 'h', '[1,2,3]')"
    )
    with empty.connect() as connection, pytest.raises(Exception, match="expected 384 dimensions"):
        connection.execute(text(insert))


def test_the_default_thresholds_are_there(empty: Engine) -> None:
    upgrade(empty.url)
    with empty.connect() as connection:
        row = connection.execute(text("SELECT version, area_id, attach, ask FROM thresholds")).one()
    assert tuple(row) == (1, None, 0.9, 0.8)


def test_without_judges_the_thresholds_for_all_are_in_force_again(empty: Engine) -> None:
    upgrade(empty.url)
    with empty.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO thresholds (attach, ask, created_by, judge, is_fitted)"
                " VALUES (0.95, 0.85, 'ann', NULL, false), (0.7, 0.6, 'ann', 'model/a/1', true)"
            )
        )
    downgrade(empty.url, "0012_area_owners")
    newest = text("SELECT attach, ask FROM thresholds ORDER BY version DESC LIMIT 1")
    with empty.connect() as connection:
        assert tuple(connection.execute(newest).one()) == (0.95, 0.85)
