"""One loop a process that serves every open wait: it listens, and it polls slowly as a safety net.

Waiting tasks *join* the loop; the loop reads all joined rows in one statement, wakes what is due,
expires what is over, reminds, and hands closed hooks on. Its cost does not grow with the number
of waits: one connection, and about three statements for each pass; a pass happens on a
notification, when the next row is due, or after ``SAFETY_POLL_SECONDS``.
"""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from include.base.tracing import apart
from include.durable.handlers import MARK_TOLD, notify_handler
from include.durable.listening import hears
from include.durable.spans import mark_wait
from include.durable.types import CANCELLED_IN_AIRFLOW, HookEvent, HookView

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from psycopg import AsyncConnection

log = logging.getLogger(__name__)

CHANNEL = "durable_hooks"
SAFETY_POLL_SECONDS = 10.0
BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
HANDLER_RETRY_SECONDS = 30.0
STATEMENT_TIMEOUT_MS = 15_000
DEAF = (
    "durable hooks: the database connection leads through a pool in transaction mode, where LISTEN "
    "does not work. Nothing is lost, but waits go on only every %.0f s. Let it lead to PostgreSQL "
    "itself, or to a pool in session mode."
)

_COLUMNS = ", ".join(f.name for f in fields(HookView))
_QUALIFIED = ", ".join(f"h.{f.name}" for f in fields(HookView))

OVERDUE_REMINDER = (
    "status = 'pending' AND next_at <= durable_now() "
    "AND reminded_at IS NULL AND remind_at <= durable_now()"
)
CLOSE_OVERDUE = f"""
    UPDATE hooks
       SET status = CASE WHEN due_at <= durable_now() THEN 'due' ELSE 'expired' END,
           closed_at = durable_now()
     WHERE status = 'pending' AND next_at <= durable_now()
       AND LEAST(due_at, expires_at) <= durable_now()
    RETURNING {_COLUMNS}
"""
# One round trip answers three questions: which of ours are closed, which reminders are due, and
# when to look again.
LOOK = f"""
    SELECT 'closed' AS what, {_COLUMNS}, NULL::float AS wait_seconds
      FROM hooks WHERE key = ANY(%(keys)s) AND is_current AND status <> 'pending'
    UNION ALL
    SELECT 'remind', {_COLUMNS}, NULL
      FROM hooks WHERE {OVERDUE_REMINDER}
    UNION ALL
    SELECT 'next', {", ".join("NULL" for _ in fields(HookView))},
           EXTRACT(epoch FROM min(next_at) - durable_now())
      FROM hooks WHERE status = 'pending' AND next_at > durable_now()
"""
# A sleep's row is made by the first trigger that joins; a later one finds it, so the time stays.
JOIN_SLEEPS = """
    INSERT INTO hooks (key, kind, dag_id, run_id, task_id, map_index, due_at)
    SELECT key, kind, dag_id, run_id, task_id, map_index,
           durable_now() + make_interval(secs => seconds)
      FROM unnest(%(keys)s::text[], %(kinds)s::text[], %(dag_ids)s::text[], %(run_ids)s::text[],
                  %(task_ids)s::text[], %(map_indexes)s::int[], %(seconds)s::float[])
           AS w(key, kind, dag_id, run_id, task_id, map_index, seconds)
     WHERE seconds IS NOT NULL
    ON CONFLICT DO NOTHING
"""
# A task that was cleared comes back with another id: its hook opens again, with its old times.
JOIN_WAITERS = f"""
    UPDATE hooks AS h
       SET waiter = w.waiter, task_id = w.task_id, wait_resumes = w.wait_resumes,
           parked_at = NULL,
           status = CASE WHEN reopen THEN 'pending' ELSE h.status END,
           closed_at = CASE WHEN reopen THEN NULL ELSE h.closed_at END,
           told_at = CASE WHEN reopen THEN NULL ELSE h.told_at END,
           answered_via = CASE WHEN reopen THEN NULL ELSE h.answered_via END
      FROM (SELECT j.*, o.id,
                   o.status = 'cancelled' AND o.answered_via = '{CANCELLED_IN_AIRFLOW}'
                   AND o.waiter IS DISTINCT FROM j.waiter AS reopen,
                   o.status = 'pending' AND o.parked_at IS NULL
                   AND COALESCE(o.waiter <> j.waiter, false) AS again
              FROM unnest(%(keys)s::text[], %(waiters)s::text[], %(task_ids)s::text[],
                          %(wait_resumes)s::bool[])
                   AS j(key, waiter, task_id, wait_resumes)
              JOIN hooks o ON o.key = j.key AND o.is_current) AS w
     WHERE h.id = w.id AND (h.waiter IS DISTINCT FROM w.waiter OR w.reopen)
    RETURNING w.reopen OR w.again AS reopen, {_QUALIFIED}
"""
# A task that waits again in a parked run: somebody cleared it, the rest of the run must follow. A
# row that is locked is being resumed already.
REQUEST_RESUME = """
    UPDATE parked_runs SET resume_requested = true
     WHERE id IN (SELECT p.id FROM parked_runs p
                    JOIN unnest(%(dag_ids)s::text[], %(run_ids)s::text[], %(waiters)s::text[],
                                %(keys)s::text[]) AS j(dag_id, run_id, waiter, key)
                      ON p.dag_id = j.dag_id AND p.run_id = j.run_id
                    JOIN hooks h ON h.key = j.key AND h.is_current
                   WHERE NOT p.resume_requested AND h.parked_at IS NULL
                   FOR UPDATE OF p SKIP LOCKED)
"""
FIND_JOINED = "SELECT key FROM hooks WHERE key = ANY(%(keys)s) AND is_current"
CANCEL_OWN = f"""
    UPDATE hooks
       SET status = 'cancelled', closed_at = durable_now(), answered_via = '{CANCELLED_IN_AIRFLOW}'
     WHERE key = %(key)s AND is_current AND status = 'pending' AND parked_at IS NULL
       AND (waiter = %(waiter)s OR waiter IS NULL)
    RETURNING {_COLUMNS}
"""
MARK_REMINDED = "UPDATE hooks SET reminded_at = durable_now() WHERE id = %(id)s"


@dataclass(frozen=True)
class Wait:
    """What a trigger waits for. ``waiter`` is the task instance's id (another after a clear).

    ``seconds`` is the length of a sleep, ``None`` for a hook that an upstream task created.
    ``wait_resumes``: a parked run is continued by running this task again, see ``Hook``.
    """

    key: str
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    waiter: str
    kind: str = "approval"
    seconds: float | None = None
    wait_resumes: bool = False


@dataclass(frozen=True)
class Pass:
    """What one pass found, as broadcast to the triggers: closed hooks and keys with no row."""

    closed: dict[str, HookView]
    missing: frozenset[str]


class HookLoop:
    """The waits of one process on one database. Use :func:`loop_for`; not thread-safe."""

    def __init__(self, conninfo: Callable[[], str]) -> None:
        self._conninfo = conninfo
        self._waits: dict[str, Wait] = {}
        self._joining: dict[str, Wait] = {}
        self._wake = asyncio.Event()
        self._handler_pause: dict[tuple[Any, str], float] = {}
        self.listeners: set[asyncio.Event] = set()
        self.passes = 0
        self.statements = 0

    def join(self, wait: Wait) -> None:
        """Serve this wait from the next pass on; its row is read once even if nothing happens."""
        self._waits[wait.key] = wait
        self._joining[wait.key] = wait
        self._wake.set()

    def leave(self, wait: Wait) -> None:
        """Stop serving a wait; another task instance's wait with the same key stays."""
        for waits in (self._waits, self._joining):
            if waits.get(wait.key) == wait:
                del waits[wait.key]

    async def run(self) -> AsyncIterator[Pass]:
        """Serve for ever; a lost database connection is logged and made again, nobody is lost."""
        failures = 0
        while True:
            try:
                async for found in self._serve():
                    failures = 0
                    yield found
            except Exception as error:
                pause = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
                failures += 1
                log.warning(
                    "durable hooks: database connection lost (%s); %d waits stay, next try in %ss",
                    type(error).__name__,
                    len(self._waits),
                    pause,
                )
                # Waits joined before the loss are joined again: joining twice changes nothing.
                self._joining = dict(self._waits)
                await asyncio.sleep(pause * random.uniform(0.8, 1.2))

    async def cancel(self, wait: Wait) -> None:
        """Close a wait whose task was cleared or marked by a user, and tell its handler."""
        connection = await self._connect()
        async with connection:
            cursor = await connection.execute(CANCEL_OWN, {"key": wait.key, "waiter": wait.waiter})
            row = await cursor.fetchone()
            if row is not None and await self._tell(HookView(**row), "cancelled"):
                await connection.execute(MARK_TOLD + "%(id)s", {"id": row["id"]})

    async def _serve(self) -> AsyncIterator[Pass]:
        connection = await self._connect()
        async with connection:
            # A notification read along with a statement's result is not seen on the socket again.
            connection.add_notify_handler(lambda _: self._wake.set())
            await connection.execute(f"LISTEN {CHANNEL}")
            if not await hears(connection, CHANNEL, self._connect):
                log.error(DEAF, SAFETY_POLL_SECONDS)
            while True:
                self._wake.clear()
                with apart():
                    found, seconds = await self._pass(connection)
                if found.closed or found.missing:
                    yield found
                await self._rest(connection, seconds)

    async def _connect(self) -> AsyncConnection[dict[str, Any]]:
        import psycopg
        from psycopg.rows import dict_row

        # Reading an Airflow connection is a blocking call: not on the event loop.
        conninfo = await asyncio.to_thread(self._conninfo)
        connection = await psycopg.AsyncConnection.connect(
            conninfo, autocommit=True, row_factory=dict_row, connect_timeout=10
        )
        await connection.execute(f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}")
        return connection

    async def _rest(self, connection: AsyncConnection[Any], seconds: float) -> None:
        """Until a notification, a join, or the time is over.

        The socket itself is watched, because a join would have to cancel an iteration over
        ``connection.notifies()``, and ``asyncio.wait_for`` inside that may lose a cancellation
        before Python 3.12 (bpo-37658); the loop would then sleep on until the safety poll.
        """
        running = asyncio.get_running_loop()
        running.add_reader(connection.fileno(), self._wake.set)
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass
        finally:
            running.remove_reader(connection.fileno())

    async def _pass(self, connection: AsyncConnection[dict[str, Any]]) -> tuple[Pass, float]:
        missing = await self._join_pending(connection)
        for row in await self._rows(connection, CLOSE_OVERDUE, {}):
            hook = HookView(**row)
            if hook.status == "expired" and await self._tell(hook, "expired"):
                await self._rows(connection, MARK_TOLD + "%(id)s", {"id": hook.id})
        closed: dict[str, HookView] = {}
        seconds = SAFETY_POLL_SECONDS
        for row in await self._rows(connection, LOOK, {"keys": list(self._waits)}):
            what, wait_seconds = row.pop("what"), row.pop("wait_seconds")
            if what == "next":
                if wait_seconds is not None:
                    seconds = min(seconds, max(0.02, float(wait_seconds) + 0.005))
            elif what == "closed":
                closed[row["key"]] = HookView(**row)
            elif await self._tell(HookView(**row), "remind"):
                await self._rows(connection, MARK_REMINDED, {"id": row["id"]})
        self.passes += 1
        for listener in self.listeners:
            listener.set()
        return Pass(closed=closed, missing=missing), seconds

    async def _join_pending(self, connection: AsyncConnection[dict[str, Any]]) -> frozenset[str]:
        if not self._joining:
            return frozenset()
        waits = list(self._joining.values())
        arguments = {
            "keys": [w.key for w in waits],
            "kinds": [w.kind for w in waits],
            "dag_ids": [w.dag_id for w in waits],
            "run_ids": [w.run_id for w in waits],
            "task_ids": [w.task_id for w in waits],
            "map_indexes": [w.map_index for w in waits],
            "seconds": [w.seconds for w in waits],
            "waiters": [w.waiter for w in waits],
            "wait_resumes": [w.wait_resumes for w in waits],
        }
        if any(w.seconds is not None for w in waits):
            await self._rows(connection, JOIN_SLEEPS, arguments)
        for row in await self._rows(connection, JOIN_WAITERS, arguments):
            reopen, hook = row.pop("reopen"), HookView(**row)
            mark_wait("wait opened", hook)
            if reopen:
                await self._tell(hook, "reopened")
        await self._rows(connection, REQUEST_RESUME, arguments)
        present = {row["key"] for row in await self._rows(connection, FIND_JOINED, arguments)}
        for wait in waits:
            if self._joining.get(wait.key) == wait:
                del self._joining[wait.key]
        return frozenset(w.key for w in waits) - present

    async def _rows(
        self, connection: AsyncConnection[dict[str, Any]], statement: str, arguments: dict[str, Any]
    ) -> list[dict[str, Any]]:
        self.statements += 1
        cursor = await connection.execute(statement, arguments)
        return await cursor.fetchall() if cursor.description else []

    async def _tell(self, hook: HookView, event: HookEvent) -> bool:
        """Call the hook's handler in a thread; false when it failed (it is called again later)."""
        clock = asyncio.get_running_loop().time()
        if self._handler_pause.get((hook.id, event), 0.0) > clock:
            return False
        try:
            await asyncio.to_thread(notify_handler, hook, event)
        except Exception as error:
            self._handler_pause[hook.id, event] = clock + HANDLER_RETRY_SECONDS
            log.warning(
                "durable hook %s: handler failed on %s (%s)", hook.id, event, type(error).__name__
            )
            return False
        self._handler_pause.pop((hook.id, event), None)
        return True


_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, HookLoop]] = WeakKeyDictionary()


def loop_for(conn_id: str) -> HookLoop:
    """The loop of this event loop and connection; made on first use."""

    def conninfo() -> str:
        from include.base.connections import get_connection
        from include.store.session import conninfo as build

        return build(get_connection(conn_id))

    loops = _loops.setdefault(asyncio.get_running_loop(), {})
    if conn_id not in loops:
        loops[conn_id] = HookLoop(conninfo)
    return loops[conn_id]


async def closed_hook(wait: Wait, stream: AsyncIterator[Pass], loop: HookLoop) -> HookView | None:
    """Wait on the shared stream until this wait's hook is closed; ``None`` when it has no row."""
    loop.join(wait)
    try:
        async for found in stream:
            hook = found.closed.get(wait.key)
            # A pass made before this wait joined may still speak of the task before a clear; a
            # parked run is continued by the keeper, not by the task that waited before.
            if hook is not None and hook.waiter == wait.waiter and hook.parked_at is None:
                mark_wait("wait over", hook, since=hook.closed_at)
                return hook
            if wait.key in found.missing:
                return None
        raise RuntimeError("the durable hooks' stream ended, which it never does")
    finally:
        with suppress(KeyError):
            loop.leave(wait)
