"""A real PgBouncer before a real PostgreSQL: what a pool in transaction mode swallows."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.rows import dict_row

from include.durable import listening
from include.durable.listening import hears
from include.engine.metadata_pool import NO_PREPARED_STATEMENTS
from sandbox.cluster import find_program
from sandbox.environment import PGBOUNCER_PORT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sandbox.postgres import SandboxPostgres


@contextmanager
def pool(postgres: SandboxPostgres, folder: Path, mode: str) -> Iterator[dict[str, Any]]:
    """PgBouncer in this mode; how to connect through it."""
    config = folder / f"{mode}.ini"
    config.write_text(
        f"[databases]\npostgres = host={postgres.host} user=postgres\n[pgbouncer]\n"
        f"listen_addr =\nlisten_port = {PGBOUNCER_PORT}\nunix_socket_dir = {postgres.host}\n"
        f"auth_type = any\npool_mode = {mode}\ndefault_pool_size = 4\n",
        encoding="utf-8",
    )
    as_owner = ["-u", "pgserver"] if os.geteuid() == 0 else []
    where = {"host": postgres.host, "port": PGBOUNCER_PORT, "dbname": "postgres", "user": "any"}
    process = subprocess.Popen([str(find_program("pgbouncer")), "-q", *as_owner, str(config)])
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                psycopg.connect(**where).close()
                break
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, "PgBouncer does not answer"
                time.sleep(0.1)
        yield where
    finally:
        process.terminate()
        process.wait(20)


def connecting(where: dict[str, Any]) -> Callable[[], Any]:
    async def connect() -> psycopg.AsyncConnection[Any]:
        return await psycopg.AsyncConnection.connect(**where, autocommit=True, row_factory=dict_row)

    return connect


@pytest.mark.parametrize(("mode", "is_heard"), [("session", True), ("transaction", False)])
async def test_a_pool_in_transaction_mode_is_found_out(
    postgres: SandboxPostgres,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    *,
    is_heard: bool,
) -> None:
    monkeypatch.setattr(listening, "PATIENCE_SECONDS", 2.0)
    with pool(postgres, tmp_path, mode) as where:
        connect = connecting(where)
        async with await connect() as connection:
            await connection.execute("LISTEN a_channel")
            assert await hears(connection, "a_channel", connect) is is_heard


def test_airflows_arguments_keep_statements_from_being_prepared(
    postgres: SandboxPostgres, tmp_path: Path
) -> None:
    with (
        pool(postgres, tmp_path, "transaction") as where,
        psycopg.connect(**where, **NO_PREPARED_STATEMENTS) as connection,
    ):
        for number in range(20):
            connection.execute("SELECT %s::int", (number,))
        prepared = connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()
    assert prepared == (0,)
