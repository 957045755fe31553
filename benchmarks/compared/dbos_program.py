"""DBOS with open waits: a program of its own, run with the interpreter that has ``dbos``.

It reads one JSON command a line (``open``, ``entry``, ``wake``) and answers each with one line. A
wait is a workflow that asks for a message and then runs one step; an entry is a workflow of four
steps that do nothing. All of it is one process with one event loop: the form of DBOS that holds
many waits at the least cost.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time

from dbos import DBOS, SetWorkflowID

MONTH_SECONDS = 30 * 24 * 3600.0
OPEN_TOGETHER = 50

started: dict[str, float] = {}
waiting: list[str] = []
numbers = itertools.count()


@DBOS.step()
async def nothing() -> None:
    """One of an entry's steps."""


@DBOS.step()
async def after(name: str) -> None:
    """The step that follows the wait: its start is what is measured."""
    started[name] = time.monotonic()


@DBOS.workflow()
async def wait(name: str) -> None:
    """Wait for an answer, then go on."""
    await DBOS.recv_async("answer", timeout_seconds=MONTH_SECONDS)
    await after(name)


@DBOS.workflow()
async def entry() -> None:
    """As many steps as an entry that is attached has tasks."""
    for _ in range(4):
        await nothing()


async def open_waits(count: int) -> list[float]:
    """Start so many waits."""
    names = [f"wait-{next(numbers)}" for _ in range(count)]
    begun = time.monotonic()

    async def one(name: str) -> None:
        with SetWorkflowID(name):
            await DBOS.start_workflow_async(wait, name)

    for first in range(0, count, OPEN_TOGETHER):
        await asyncio.gather(*(one(name) for name in names[first : first + OPEN_TOGETHER]))
    waiting.extend(names)
    return [time.monotonic() - begun]


async def enter(times: int) -> list[float]:
    """Entries one after the other."""
    seconds = []
    for _ in range(times):
        begun = time.monotonic()
        handle = await DBOS.start_workflow_async(entry)
        await handle.get_result()
        seconds.append(time.monotonic() - begun)
        await asyncio.sleep(0.2)
    return seconds


async def wake(times: int, limit: float) -> list[float | None]:
    """Answers one after the other, from the oldest wait on."""
    seconds: list[float | None] = []
    for _ in range(min(times, len(waiting))):
        name = waiting.pop(0)
        begun = time.monotonic()
        await DBOS.send_async(name, {"choice": "attach"}, "answer")
        while name not in started and time.monotonic() - begun < limit:
            await asyncio.sleep(0.001)
        seconds.append(started[name] - begun if name in started else None)
        await asyncio.sleep(0.1)
    return seconds


async def serve(url: str) -> None:
    """Answer commands until the input ends."""
    DBOS(config={"name": "bench", "system_database_url": url, "log_level": "WARNING"})
    DBOS.launch()
    print(json.dumps("ready"), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        command = json.loads(line)
        count = command["count"]
        match command["do"]:
            case "open":
                answer = await open_waits(count)
            case "entry":
                answer = await enter(count)
            case "wake":
                answer = await wake(count, command["limit"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
