"""Migrate the product's database: ``python -m include.store.migrate [revision]``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from include.base.connections import FEEDBACK_DB, get_connection, read_as_server
from include.base.errors import FatalError
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
    """Migrate up to ``revision``; does nothing when the schema is there already.

    Raises:
        FatalError: the database is at a revision that this release does not know.
    """
    from alembic import command

    config = alembic_config(url)
    _require_known_revision(config, url)
    command.upgrade(config, revision)


def downgrade(url: URL, revision: str = "base") -> None:
    """Migrate down to ``revision``; the tables of the steps undone are dropped with their data."""
    from alembic import command

    command.downgrade(alembic_config(url), revision)


def _require_known_revision(config: Config, url: URL) -> None:
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from sqlalchemy import create_engine, pool

    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if present is not None and present not in known:
        raise FatalError(
            f"Database {url.database!r} is at revision {present!r}, which this release does not "
            "know. A newer release made it, or a development version from before 0.1.0. Run the "
            "release that made it, or give the connection feedback_db a new, empty database "
            "(in the sandbox: make clean)."
        )


def main() -> None:
    """Command line: upgrade ``feedback_db`` to the given revision (default: the newest)."""
    revision = sys.argv[1] if len(sys.argv) > 1 else "head"
    try:
        upgrade(database_url(get_connection(FEEDBACK_DB)), revision)
    except FatalError as error:
        sys.exit(str(error))
    sys.stdout.write(f"feedback_db is at {revision}\n")


if __name__ == "__main__":
    read_as_server()
    main()
