"""A clock that tests move, and waits served by a real loop on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from include.base.connections import get_connection
from include.durable.keys import hook_key
from include.durable.loop import HookLoop, Wait, closed_hook
from include.store.session import conninfo
from tests.db.durable.airflow_double import AirflowDouble
from tests.virtual_clock import MoveClock, set_offset

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from sqlalchemy import URL

    from include.durable.types import HookView


@pytest.fixture
def move_clock(feedback_db: URL) -> MoveClock:
    """Move the time all waits read, and wake the loops."""
    return set_offset


def wait_of(
    run_id: str = "r1",
    *,
    name: str = "answer",
    waiter: str = "ti-1",
    seconds: float | None = None,
    map_index: int = -1,
) -> Wait:
    """What a sensor of a run waits for."""
    return Wait(
        key=hook_key("a_dag", run_id, name, map_index),
        dag_id="a_dag",
        run_id=run_id,
        task_id="wait",
        map_index=map_index,
        waiter=waiter,
        kind="approval" if seconds is None else "sleep",
        seconds=seconds,
    )


@pytest.fixture
def airflow() -> AirflowDouble:
    """A DAG ask -> wait -> apply -> report, with a second wait beside it that joins at report."""
    return AirflowDouble(ask="wait", wait="apply", apply="report", second="report")


class Served:
    """A loop at work with its subscribers, as a triggerer has it."""

    def __init__(self, loop: HookLoop) -> None:
        self.loop = loop
        self._queues: list[asyncio.Queue[object]] = []

    def wait(self, wait: Wait) -> asyncio.Task[HookView | None]:
        """Start waiting; the task's result is the closed hook."""
        queue: asyncio.Queue[object] = asyncio.Queue()
        self._queues.append(queue)

        async def stream() -> AsyncIterator[object]:
            while True:
                yield await queue.get()

        return asyncio.ensure_future(closed_hook(wait, stream(), self.loop))  # type: ignore[arg-type]

    async def pump(self) -> None:
        """Broadcast the loop's passes to all who wait."""
        async for found in self.loop.run():
            self.broadcast(found)

    def broadcast(self, found: object) -> None:
        """Hand a pass to all who wait."""
        for queue in self._queues:
            queue.put_nowait(found)


@asynccontextmanager
async def serving() -> AsyncIterator[Served]:
    """A loop on the test's database, running until the block ends."""
    served = Served(HookLoop(lambda: conninfo(get_connection("feedback_db"))))
    task = asyncio.ensure_future(served.pump())
    try:
        yield served
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Poll to a deadline."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
