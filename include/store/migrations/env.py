"""Alembic's entry: runs the migrations on the URL handed over by ``include.store.migrate``."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, pool, text

from include.store.models import Base

# Two processes that start together migrate one after the other.
MIGRATION_LOCK = 7_310_001


def run() -> None:
    """Run the migrations in one transaction, under an advisory lock."""
    engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        context.configure(
            connection=connection, target_metadata=Base.metadata, compare_server_default=False
        )
        with context.begin_transaction():
            context.run_migrations()


run()
