"""Whether a database connection hears notifications: not through a pool in transaction mode.

Such a pool (PgBouncer, Amazon RDS Proxy) gives a client another session of the server for each
transaction. ``LISTEN`` then stays behind in a session that is nobody's, without an error.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from psycopg import AsyncConnection

PATIENCE_SECONDS = 5.0


async def hears(
    connection: AsyncConnection[Any],
    channel: str,
    connect: Callable[[], Awaitable[AsyncConnection[Any]]],
) -> bool:
    """Whether ``connection``, which listens to ``channel``, hears other sessions while it rests.

    A connection to PostgreSQL itself does. It is recognised by its server process, which a pool
    hides. Only behind a pool is it tried, with a second connection.
    """
    row = await (await connection.execute("SELECT pg_backend_pid() AS pid")).fetchone()
    if row is not None and row["pid"] == connection.info.backend_pid:
        return True
    heard = asyncio.Event()
    running, socket = asyncio.get_running_loop(), connection.fileno()
    running.add_reader(socket, heard.set)
    try:
        async with await connect() as other, asyncio.timeout(PATIENCE_SECONDS):
            await other.execute("SELECT pg_notify(%s, '')", (channel,))
            await heard.wait()
    except TimeoutError:
        return False
    finally:
        running.remove_reader(socket)
    return True
