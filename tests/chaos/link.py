"""A network between a worker and the API servers that can be slow, and can be cut.

``python -m tests.chaos.link ADDRESS PORT TO_PORT [DELAY]`` forwards TCP to this machine; all data
arrives ``DELAY`` seconds late. Stopped by a signal (SIGSTOP), it is a network in which everything
disappears.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Pass on what arrives until one side closes."""
    with suppress(OSError):
        while data := await reader.read(65536):
            await asyncio.sleep(delay)
            writer.write(data)
            await writer.drain()
    with suppress(OSError):
        writer.close()


async def serve(address: str, port: int, to_port: int, delay: float) -> None:
    """Forward for ever."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", to_port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, back, delay), pump(there, writer, delay))

    server = await asyncio.start_server(connected, address, port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    _, address, port, to_port, *delay = sys.argv
    asyncio.run(serve(address, int(port), int(to_port), float(*delay)))
