"""What can go wrong with a running deployment, done to the sandbox."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
from sqlalchemy import create_engine, text

from include.store.session import engine
from sandbox.environment import ROOT
from sandbox.postgres import start_server, stop_server
from tests.e2e.conftest import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.stack import Stack

TRIGGER_LOG_PORT = "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT"


def restart_postgres(stack: Stack) -> None:
    """Stop PostgreSQL at once, without letting anybody finish, and start it again."""
    stop_server(stack.sandbox.postgres_folder, mode="immediate")
    start_server(stack.sandbox.postgres_folder)
    engine().dispose()


def cut_connections(stack: Stack) -> None:
    """End every connection to both databases, in the middle of whatever they do."""
    for database in ("feedback", "airflow"):
        url = f"postgresql+psycopg://postgres@/{database}?host={stack.postgres_host()}"
        admin = create_engine(url, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        admin.dispose()
    engine().dispose()


@contextmanager
def second_triggerer(stack: Stack) -> Iterator[subprocess.Popen[bytes]]:
    """Another triggerer beside the first, as a deployment with two has it."""
    port = str(int(stack.sandbox.environment(stack.postgres_host())[TRIGGER_LOG_PORT]) + 1)
    environment = stack.sandbox.environment(stack.postgres_host()) | {TRIGGER_LOG_PORT: port}
    with (stack.logs / "triggerer-2.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "airflow", "triggerer"],
            env=environment,
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        until(lambda: _loaded(stack), 90)
        yield process
    finally:
        kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """``kill -9`` a process and its children."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=20)


def kill_task(ti_id: str) -> bool:
    """``kill -9`` the process that carries out a task instance; false if there is none."""
    for process in psutil.process_iter(["cmdline"]):
        title = " ".join(process.info["cmdline"] or ())
        if title.startswith("airflow worker --") and title.endswith(f"-- {ti_id}"):
            process.kill()
            return True
    return False


def _loaded(stack: Stack) -> bool:
    log = (stack.logs / "triggerer-2.log").read_text(encoding="utf-8", errors="replace")
    return "triggers currently running" in log or "watchers currently running" in log
