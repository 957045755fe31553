"""What can go wrong with a cluster, done to the sandbox."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sandbox.cluster import workers_ready
from sandbox.environment import ROOT
from sandbox.programs import AIRFLOW
from sandbox.slack.running import free_port
from tests.chaos.faults import kill_group
from tests.e2e.conftest import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.stack import Stack

WORKERS = ("worker", "worker-2")
FAR = "far-away"
"""Name of the worker that has a network of its own."""


def empty_redis(stack: Stack) -> None:
    """Kill Redis and let it come back with nothing: no queue, no message that a worker took."""
    stack.stop("redis")
    shutil.rmtree(stack.sandbox.redis_socket.parent / "appendonlydir")
    stack.start("redis")


def restart_one_by_one(stack: Stack) -> None:
    """A rolling restart: of each pair one, then the other."""
    for program in (
        "scheduler",
        "scheduler-2",
        "triggerer",
        "triggerer-2",
        "worker",
        "worker-2",
        "api-server",
        "api-server-2",
        "dag-processor",
    ):
        stack.stop(program)
        stack.start(program)
        stack.wait_ready()


@contextmanager
def far_worker(stack: Stack, *, delay: float = 0.0, clock: str = "") -> Iterator[Link]:
    """A worker behind a network of its own, and beside it only ``worker-2``.

    ``clock`` is how far its clock is off, as libfaketime has it: ``+120s``.
    """
    port = free_port()
    link = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.chaos.link",
            str(port),
            str(stack.sandbox.airflow_port),
            str(delay),
        ],
        cwd=ROOT,
        start_new_session=True,
    )
    environment = stack.sandbox.environment(stack.postgres_host()) | {
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
    }
    command = [*AIRFLOW.split(), "celery", "worker", "--skip-serve-logs", "--celery-hostname", FAR]
    with (stack.logs / f"{FAR}.log").open("wb") as log:
        worker = subprocess.Popen(
            ["faketime", "-f", clock, *command] if clock else command,
            env=environment,
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        until(lambda: FAR in workers_ready(stack.sandbox), 180)
        stack.stop("worker")
        yield Link(link)
    finally:
        os.killpg(link.pid, signal.SIGCONT)
        kill_group(worker)
        kill_group(link)
        stack.start("worker")
        until(lambda: set(WORKERS) <= workers_ready(stack.sandbox), 180)


class Link:
    """The network of the far worker."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def cut(self, seconds: float) -> None:
        """Let nothing through, and answer nothing, for so long."""
        os.killpg(self._process.pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.killpg(self._process.pid, signal.SIGCONT)
