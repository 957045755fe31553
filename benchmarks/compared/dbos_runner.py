"""The same measurements of DBOS: installed into a temporary environment, on the same PostgreSQL."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import psycopg

from benchmarks.stand import BenchmarkError
from sandbox.postgres import ensure_database, start_server, stop_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

REQUIREMENT = "dbos==3.4.0"
DATABASE = "dbos"
PROGRAM = Path(__file__).with_name("dbos_program.py")
SETTLE_SECONDS = 30.0
# Each wait looks at its row by itself once a minute: a shorter window would see none, or all.
WINDOW_SECONDS = 60.0
TIMEOUT = 120.0


class Dbos:
    """The running program."""

    def __init__(self, python: Path, server: Any) -> None:
        ensure_database(server, DATABASE)
        self.database = psycopg.connect(server.uri("postgres"), autocommit=True)
        self.program = subprocess.Popen(
            [str(python), "-u", str(PROGRAM), server.uri(DATABASE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.process = psutil.Process(self.program.pid)
        self._answer()

    def ask(self, do: str, count: int) -> list[float | None]:
        """One command of the program; what it answers."""
        if self.program.stdin is None:
            raise BenchmarkError("the DBOS program has no input")
        self.program.stdin.write(json.dumps({"do": do, "count": count, "limit": TIMEOUT}) + "\n")
        self.program.stdin.flush()
        answer: list[float | None] = self._answer()
        return answer

    def _answer(self) -> Any:
        line = self.program.stdout.readline() if self.program.stdout else ""
        if not line:
            raise BenchmarkError("the DBOS program ended; its error is above")
        return json.loads(line)

    def transactions(self) -> int:
        """Of its database since the server started."""
        self.database.execute("SELECT pg_stat_clear_snapshot()")
        row = self.database.execute(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = %s",
            (DATABASE,),
        ).fetchone()
        return int(row[0]) if row else 0

    def bytes(self) -> int:
        """Its database on disk."""
        row = self.database.execute("SELECT pg_database_size(%s)", (DATABASE,)).fetchone()
        return int(row[0]) if row else 0

    def memory(self) -> int:
        """What the process shares with no other (USS)."""
        return int(self.process.memory_full_info().uss)

    def cpu(self) -> float:
        """Seconds used so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def close(self) -> None:
        """End the program."""
        self.program.kill()
        self.program.wait()
        self.database.close()


def measure(
    plan: Sequence[int], *, quick: bool, say: Callable[[str], None]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """All steps, in the shape of ``steps.measure``."""
    with _dbos(say) as dbos:
        dbos.ask("entry", 3)
        opened = 0
        for waits in plan:
            say(f"waits_compared: DBOS, {waits} open waits")
            before = dbos.bytes()
            dbos.ask("open", waits - opened)
            added, size = waits - opened, dbos.bytes() - before
            time.sleep(SETTLE_SECONDS if waits >= 1000 else SETTLE_SECONDS / 6)
            used, transactions, begun = dbos.cpu(), dbos.transactions(), time.monotonic()
            time.sleep(WINDOW_SECONDS)
            window = time.monotonic() - begun
            step: dict[str, Any] = {
                "copies": added,
                "bytes": {DATABASE: size},
                "waiting": waits,
                "transactions": {DATABASE: (dbos.transactions() - transactions) / window},
                "cpu": {DATABASE: 100 * (dbos.cpu() - used) / window},
                "memory": dbos.memory(),
                "entry": dbos.ask("entry", 5 if quick else 20),
            }
            wakes = 5 if quick else 20
            if waits == 0:
                dbos.ask("open", wakes)
                time.sleep(1.0)
            step["wake"] = dbos.ask("wake", wakes)
            opened = waits and waits - len(step["wake"])
            yield str(waits), step


@contextmanager
def _dbos(say: Callable[[str], None]) -> Iterator[Dbos]:
    folder = Path(tempfile.mkdtemp(prefix="gtm-bench-dbos-"))
    uv = str(Path(sys.executable).with_name("uv"))
    python = folder / "environment" / "bin" / "python"
    try:
        say(f"Installing {REQUIREMENT} into a temporary environment")
        for command in (
            [uv, "venv", "-q", "--python", sys.executable, str(folder / "environment")],
            [uv, "pip", "install", "-q", "--python", str(python), REQUIREMENT],
        ):
            subprocess.run(command, check=True, cwd=folder)
        server = start_server(folder / "postgres")
        dbos = Dbos(python, server)
        try:
            yield dbos
        finally:
            dbos.close()
    finally:
        stop_server(folder / "postgres")
        shutil.rmtree(folder, ignore_errors=True)
