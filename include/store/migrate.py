"""Migrate the product's database: ``python -m include.store.migrate [revision]``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from include.base.connections import FEEDBACK_DB, get_connection
from include.store.session import database_url

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import URL


def alembic_config(url: URL) -> Config:
    """Alembic's configuration for this repository's migrations on the database at ``url``."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    return config


def upgrade(url: URL, revision: str = "head") -> None:
    """Migrate up to ``revision``; does nothing when the schema is there already."""
    from alembic import command

    command.upgrade(alembic_config(url), revision)


def downgrade(url: URL, revision: str = "base") -> None:
    """Migrate down to ``revision``; the tables of the steps undone are dropped with their data."""
    from alembic import command

    command.downgrade(alembic_config(url), revision)


def main() -> None:
    """Command line: upgrade ``feedback_db`` to the given revision (default: the newest)."""
    revision = sys.argv[1] if len(sys.argv) > 1 else "head"
    upgrade(database_url(get_connection(FEEDBACK_DB)), revision)
    sys.stdout.write(f"feedback_db is at {revision}\n")


if __name__ == "__main__":
    main()
