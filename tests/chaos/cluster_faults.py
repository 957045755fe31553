"""What can go wrong with a cluster, done to the sandbox."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.cluster import find_program, workers_ready
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


def freeze(stack: Stack, program: str, seconds: float) -> None:
    """Let a program stand still for so long, as on a machine that has no time for it."""
    group = os.getpgid(stack.pid(program))
    os.killpg(group, signal.SIGSTOP)
    time.sleep(seconds)
    os.killpg(group, signal.SIGCONT)


@contextmanager
def far_worker(stack: Stack, *, delay: float = 0.0, clock: str = "") -> Iterator[Link]:
    """A worker behind a network of its own, and beside it only ``worker-2``.

    ``clock`` is how far its clock is off, as libfaketime has it: ``+120s``.
    """
    with own_network() as network:
        port = free_port()
        to = [network.address, str(port), str(stack.sandbox.airflow_port), str(delay)]
        link = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.link", *to], cwd=ROOT, start_new_session=True
        )
        environment = stack.sandbox.environment(stack.postgres_host()) | {
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://{network.address}:{port}/execution/",
        }
        faked = ["faketime", "-f", clock] if clock else []
        command = f"{AIRFLOW} celery worker --skip-serve-logs --celery-hostname {FAR}".split()
        with (stack.logs / f"{FAR}.log").open("wb") as log:
            worker = subprocess.Popen(
                [*network.enter, *faked, *command],
                env=environment,
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            until(lambda: FAR in workers_ready(stack.sandbox), 180)
            stack.stop("worker")
            yield Link(link, network)
        finally:
            os.killpg(link.pid, signal.SIGCONT)
            kill_group(worker)
            kill_group(link)
            stack.start("worker")
            until(lambda: set(WORKERS) <= workers_ready(stack.sandbox), 180)


@dataclass(frozen=True)
class Network:
    """Where the far worker finds the link, how it is started there, and this side's interface."""

    address: str = "127.0.0.1"
    enter: tuple[str, ...] = ()
    interface: str = ""


@contextmanager
def own_network() -> Iterator[Network]:
    """A network namespace, joined to this machine by one cable; without root this machine's own.

    Redis and the databases are reached through sockets in folders, which a namespace shares.
    """
    name = f"far{os.getpid()}"
    if os.geteuid() != 0 or not _ip(f"netns add {name}"):
        yield Network()
        return
    near = f"10.{os.getpid() % 200 + 20}.77"
    try:
        for arguments in (
            f"link add {name} type veth peer name far netns {name}",
            f"address add {near}.1/30 dev {name}",
            f"link set {name} up",
            f"-n {name} address add {near}.2/30 dev far",
            f"-n {name} link set far up",
            f"-n {name} link set lo up",
        ):
            assert _ip(arguments), arguments
        yield Network(f"{near}.1", ("ip", "netns", "exec", name), name)
    finally:
        _ip(f"netns delete {name}")


def _ip(arguments: str) -> bool:
    """Whether ``ip`` did it."""
    program = find_program("ip")
    return bool(program) and not subprocess.run([str(program), *arguments.split()]).returncode


class Link:
    """The network between the far worker and the API servers."""

    def __init__(self, process: subprocess.Popen[bytes], network: Network) -> None:
        self._process = process
        self._network = network

    def cut(self, seconds: float) -> None:
        """Let nothing through, and answer nothing, for so long."""
        self._set(through=False)
        time.sleep(seconds)
        self._set(through=True)

    def _set(self, *, through: bool) -> None:
        if interface := self._network.interface:
            assert _ip(f"link set {interface} {'up' if through else 'down'}")
        else:
            os.killpg(self._process.pid, signal.SIGCONT if through else signal.SIGSTOP)
