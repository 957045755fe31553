"""A backup of the product's database that is restored is the same database."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from sandbox.postgres import drop_database, ensure_database, server_programs
from tests.db.conftest import DATABASE, url_of
from tests.db.entries.conftest import TableJudge, make_request, route_entry, submit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import URL, Engine

    from sandbox.postgres import SandboxPostgres
    from tests.db.entries.conftest import WordsEmbedder

COPY = "restored"


class Programs:
    """PostgreSQL's own programs for backups, on one server."""

    def __init__(self, server: SandboxPostgres) -> None:
        self.server = server
        self.folder = server_programs(server.folder)

    def run(self, program: str, *arguments: str) -> str:
        """What the program printed.

        Raises:
            AssertionError: it said anything on stderr, such as an object that was left out.
        """
        done = subprocess.run(
            [str(self.folder / program), "-h", self.server.host, "-U", "postgres", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def schema(self, database: str) -> list[str]:
        """The schema as lines, without the key that each dump makes up for itself.

        Also without parentheses: reading an ``OR`` of three again leaves one pair out.
        """
        lines = self.run("pg_dump", "--schema-only", database).splitlines()
        return [
            re.sub("[()]", "", line)
            for line in lines
            if not line.startswith(("\\restrict", "\\unrestrict"))
        ]


@pytest.fixture
def programs(postgres: SandboxPostgres) -> Programs:
    """The programs of the tests' server."""
    return Programs(postgres)


@pytest.fixture
def restored(
    feedback_db: URL,
    embedder: WordsEmbedder,
    programs: Programs,
    tmp_path: Path,
) -> Iterator[Engine]:
    """A database with a request and its evidence, dumped and restored under another name."""
    make_request(embedder, "Export tables")
    entry = submit("We need to export tables", "attached")
    route_entry(entry, embedder, TableJudge(**{"export-tables": 0.95}), run_id="attached")
    dump = str(tmp_path / "feedback.dump")
    programs.run("pg_dump", "-Fc", "-f", dump, DATABASE)
    ensure_database(programs.server, COPY)
    programs.run("pg_restore", "-d", COPY, dump)
    engine = create_engine(url_of(programs.server, COPY))
    yield engine
    engine.dispose()
    drop_database(programs.server, COPY)


def test_a_restored_backup_has_the_same_schema(restored: Engine, programs: Programs) -> None:
    schema = programs.schema(DATABASE)
    assert len(schema) > 1000
    assert programs.schema(COPY) == schema


def test_a_restored_backup_has_all_rows(restored: Engine, feedback_db: URL) -> None:
    def rows(engine: Engine) -> dict[str, int]:
        with engine.connect() as connection:
            names = connection.scalars(
                text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            ).all()
            return {name: connection.scalar(text(f"SELECT count(*) FROM {name}")) for name in names}

    original = create_engine(feedback_db)
    assert rows(restored) == rows(original)
    assert rows(restored)["request_evidence"] == 1
    original.dispose()


def test_evidence_still_follows_the_words(restored: Engine) -> None:
    with restored.begin() as connection:
        connection.execute(
            text("UPDATE entries SET customer_pain = 'x', embedding = NULL, embedding_model = NULL")
        )
        assert connection.scalar(text("SELECT count(*) FROM request_evidence")) == 0
