"""Alembic's entry: runs the migrations on the URL handed over by ``include.store.migrate``."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, pool

from include.store.locks import AdvisoryLock, hold
from include.store.models import Base


def run() -> None:
    """Run the migrations in one transaction; processes that start together take turns."""
    engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
    with engine.begin() as connection:
        hold(connection, AdvisoryLock.MIGRATING)
        context.configure(
            connection=connection, target_metadata=Base.metadata, compare_server_default=False
        )
        with context.begin_transaction():
            context.run_migrations()


run()
