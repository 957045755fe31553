"""Servers that end with the process that started them, however that ends.

PostgreSQL and supervisord leave the process group of whoever starts them: Ctrl-C does not reach
them, and a process that was interrupted or killed may stop nothing any more. So another process
does. It waits at a pipe, which the system closes in any case, and then tidies up.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.postgres import stop_server
from sandbox.programs import stop_programs

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_SECONDS = 180.0


@contextmanager
def tidied_up(folder: Path) -> Iterator[Path]:
    """Stop the servers whose state is in ``folder`` and remove it, when the block is left.

    Also when this process ends before. The watchdog has a session of its own, so that a signal to
    this one's process group does not reach it.
    """
    watchdog = subprocess.Popen(
        [sys.executable, "-m", "sandbox.watchdog", str(folder)],
        stdin=subprocess.PIPE,
        start_new_session=True,
        cwd=ROOT,
    )
    try:
        yield folder
    finally:
        watchdog.communicate()


def tidy_up(folder: Path) -> None:
    """Stop supervisord with its programs and every PostgreSQL below ``folder``; remove it."""
    for pidfile in folder.rglob("supervisord.pid"):
        with contextlib.suppress(OSError):
            stop_programs(pidfile.parent)
        _stop(int(pidfile.read_text()))
    for pidfile in folder.rglob("postmaster.pid"):
        stop_server(pidfile.parent, mode="immediate")
    shutil.rmtree(folder, ignore_errors=True)


def _stop(pid: int) -> None:
    """End supervisord, which ends its programs first."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.stdin.read()
    tidy_up(Path(sys.argv[1]))
