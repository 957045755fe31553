"""A run of the tests that is interrupted or killed leaves no server and no folder behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
STARTS = 120.0
ENDS = 60.0

TEST = """
import threading
from pathlib import Path

def test_that_lasts(postgres):
    Path({told!r}).with_suffix(".part").write_text(f"{{postgres.pid}} {{postgres.folder}}")
    Path({told!r}).with_suffix(".part").rename({told!r})
    threading.Event().wait(300)
"""


@pytest.mark.parametrize(
    ("how", "more"),
    [(signal.SIGINT, []), (signal.SIGINT, ["-n", "1"]), (signal.SIGKILL, [])],
    ids=["interrupted", "interrupted in two processes", "killed"],
)
def test_no_server_is_left_behind(tmp_path: Path, how: signal.Signals, more: list[str]) -> None:
    told, test = tmp_path / "told", tmp_path / "test_lasting.py"
    test.write_text(TEST.format(told=str(told)), encoding="utf-8")
    options = [
        *more,
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "tests.conftest",
        "--rootdir",
        str(tmp_path),
    ]
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, str(test)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
        # Whoever runs the tests in the background has them ignore the signal.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        until(lambda: told.exists() or run.poll() is not None, STARTS)
        assert run.poll() is None, run.stdout.read() if run.stdout else ""
        pid, folder = told.read_text(encoding="utf-8").split()
        assert alive(int(pid))

        os.killpg(run.pid, how)
        run.communicate(timeout=ENDS)
        until(lambda: not alive(int(pid)) and not Path(folder).parent.exists(), ENDS)
    finally:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
            run.communicate()


def alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits for its parent does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait for it, to a deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not so after {seconds:.0f} s"
        time.sleep(0.1)
