"""Whether a database connection hears notifications is found out when it is made."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from include.base.connections import get_connection
from include.durable import listening
from include.durable import loop as loop_module
from include.durable.listening import hears
from include.store.session import conninfo
from tests.db.durable.conftest import serving, until, wait_of
from tests.db.durable.test_loop import answer, ask

pytestmark = pytest.mark.usefixtures("feedback_db")


class Pooled:
    """A connection as a pool shows it: the server's process is another than the one it named."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], *, listens: bool) -> None:
        self._connection = connection
        self._listens = listens
        self.info = SimpleNamespace(backend_pid=-1)

    async def execute(self, statement: str, *arguments: Any) -> Any:
        """A pool in transaction mode would leave LISTEN behind in another session."""
        if statement.startswith("LISTEN") and not self._listens:
            return None
        return await self._connection.execute(statement, *arguments)

    def fileno(self) -> int:
        """The socket's."""
        return self._connection.fileno()


async def connect() -> psycopg.AsyncConnection[Any]:
    where = conninfo(get_connection("feedback_db"))
    return await psycopg.AsyncConnection.connect(where, autocommit=True, row_factory=dict_row)


async def test_a_connection_to_the_server_itself_hears_and_needs_no_second_one() -> None:
    async with await connect() as connection:
        await connection.execute("LISTEN a_channel")

        async def none() -> psycopg.AsyncConnection[Any]:
            raise AssertionError("a second connection was made")

        assert await hears(connection, "a_channel", none)


@pytest.mark.parametrize("listens", [True, False], ids=["session mode", "transaction mode"])
async def test_behind_a_pool_it_is_tried(monkeypatch: pytest.MonkeyPatch, *, listens: bool) -> None:
    monkeypatch.setattr(listening, "PATIENCE_SECONDS", 5.0 if listens else 0.3)
    async with await connect() as connection:
        pooled = Pooled(connection, listens=listens)
        await pooled.execute("LISTEN a_channel")
        assert await hears(pooled, "a_channel", connect) is listens  # type: ignore[arg-type]


async def test_a_deaf_loop_says_so_and_serves_its_waits_by_looking(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def deaf(*_arguments: Any) -> bool:
        return False

    monkeypatch.setattr(loop_module, "hears", deaf)
    monkeypatch.setattr(loop_module, "SAFETY_POLL_SECONDS", 0.2)
    monkeypatch.setattr(loop_module, "CHANNEL", "nobody_notifies")
    hook = ask()
    with caplog.at_level(logging.ERROR):
        async with serving() as served:
            waiting = served.wait(wait_of())
            await until(lambda: served.loop.passes > 0)
            answer(hook)
            assert await waiting is not None
    assert "pool in transaction mode" in caplog.text
