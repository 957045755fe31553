"""Tells open inboxes at once that a question was answered elsewhere, without asking all the time.

PostgreSQL notifies when a durable hook changes. One connection a process listens, and only while
somebody looks at an inbox.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import ClassVar
from weakref import WeakKeyDictionary

import psycopg

from include.base.connections import FEEDBACK_DB, get_connection
from include.base.safe_log import describe
from include.store.session import conninfo

log = logging.getLogger(__name__)

CHANNEL = "durable_hooks"
LOOK_UP = 5.0
"""Seconds between two looks whether anybody still waits."""


class Changes:
    """Wakes everybody of one event loop who waits when some hook has changed."""

    _of_loops: ClassVar[WeakKeyDictionary[asyncio.AbstractEventLoop, Changes]] = WeakKeyDictionary()

    @classmethod
    def here(cls) -> Changes:
        """Those of the running loop: an API server has one."""
        return cls._of_loops.setdefault(asyncio.get_running_loop(), cls())

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()
        self._listens = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[asyncio.Event]:
        """An event that is set by the next change; nothing is missed from here on."""
        changed = asyncio.Event()
        self._waiting.add(changed)
        if self._task is None or self._task.done():
            self._listens.clear()
            self._task = asyncio.create_task(self._listen())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._listens.wait(), LOOK_UP)
        try:
            yield changed
        finally:
            self._waiting.discard(changed)

    async def _listen(self) -> None:
        try:
            info = await asyncio.to_thread(get_connection, FEEDBACK_DB)
            async with await psycopg.AsyncConnection.connect(
                conninfo(info), autocommit=True
            ) as connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                self._listens.set()
                while self._waiting:
                    async for _ in connection.notifies(timeout=LOOK_UP, stop_after=1):
                        for changed in self._waiting:
                            changed.set()
        # The page asks again in a moment, and a new task listens then.
        except (psycopg.Error, OSError) as error:
            log.warning("Inboxes do not hear of answers: %s", describe(error))
