"""Entries a second through one, two and four Celery workers that have little CPU each.

Needs a cluster (``CLUSTER=1``), root, and the kernel's cpu controller (cgroup 1, or 2 with the cpu
controller on at the top). The limit stands for a machine's own: each worker, its pool and its tasks
share it. What all workers share, the API servers, schedulers and PostgreSQL, has the rest.
"""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil

from benchmarks.burst import PEOPLE, burst, by_route, scripted_embeddings, settle
from benchmarks.import_batch import fill_world
from benchmarks.report import Figures, Report, Target
from benchmarks.stand import BenchmarkError, Stand, poll
from sandbox.environment import ROOT
from sandbox.programs import AIRFLOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WORKERS = (1, 2, 4)
LANES = 4
SHARE = 0.2
ENTRIES, QUICK_ENTRIES = 320, 80
WARM = 24
PERIOD = 100_000
LINEAR = 0.8
READY_SECONDS = 300.0
GROUPS = Path("/sys/fs/cgroup")


class Limit:
    """A group of processes that may use a share of one core together."""

    def __init__(self, name: str, share: float) -> None:
        old = GROUPS / "cpu"
        self.folder = (old if old.is_dir() else GROUPS) / name
        quota = int(PERIOD * share)
        try:
            self.folder.mkdir()
            if old.is_dir():
                (self.folder / "cpu.cfs_period_us").write_text(str(PERIOD))
                (self.folder / "cpu.cfs_quota_us").write_text(str(quota))
            else:
                (self.folder / "cpu.max").write_text(f"{quota} {PERIOD}")
        except OSError as error:
            raise BenchmarkError(f"no CPU limit for {name}: {error}") from None

    def command(self, command: str) -> list[str]:
        """The command, started inside."""
        return ["/bin/sh", "-c", f"echo $$ > {self.folder}/cgroup.procs; exec {command}"]

    def seconds(self) -> float:
        """CPU seconds of the processes that are in it now, and of their ended children."""
        found = 0.0
        for pid in self._pids():
            try:
                times = psutil.Process(pid).cpu_times()
            except psutil.NoSuchProcess:
                continue
            found += times.user + times.system + times.children_user + times.children_system
        return found

    def end(self) -> None:
        """Kill what is left inside and remove the group."""
        deadline = time.monotonic() + 30
        while (pids := self._pids()) and time.monotonic() < deadline:
            for pid in pids:
                try:
                    os.kill(pid, 9)
                except ProcessLookupError:
                    continue
            time.sleep(0.2)
        self.folder.rmdir()

    def _pids(self) -> list[int]:
        return [int(pid) for pid in (self.folder / "cgroup.procs").read_text().split()]


@contextmanager
def limited_workers(stand: Stand, count: int) -> Iterator[list[Limit]]:
    """So many Celery workers, each with its share of a core, instead of the cluster's own."""
    from sandbox.cluster import workers_ready

    stack = stand.stack
    environment = stack.sandbox.environment(stack.postgres_host())
    limits = [Limit(f"gtm-bench-{os.getpid()}-{number}", SHARE) for number in range(count)]
    started = []
    try:
        for number, limit in enumerate(limits):
            name = f"limited-{count}-{number}"
            command = f"{AIRFLOW} celery worker --skip-serve-logs --celery-hostname {name}"
            with (stack.logs / f"{name}.log").open("wb") as log:
                started.append(
                    subprocess.Popen(
                        limit.command(command),
                        env=environment,
                        cwd=ROOT,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                    )
                )
        names = {f"limited-{count}-{number}" for number in range(count)}
        poll(
            lambda: names <= workers_ready(stack.sandbox),
            READY_SECONDS,
            f"the {count} workers did not start; see {stack.logs}",
            pause=1.0,
        )
        yield limits
    finally:
        for limit in limits:
            limit.end()
        for process in started:
            process.wait(30)


def measure(stand: Stand, *, quick: bool, say: Callable[[str], None]) -> Report:
    """One burst for each number of workers."""
    if not stand.stack.sandbox.cluster:
        raise BenchmarkError("workers are of a cluster: set CLUSTER=1")
    count = QUICK_ENTRIES if quick else ENTRIES
    rates: dict[int, float] = {}
    lines = []
    with scripted_embeddings(stand):
        from include.store.session import engine

        url = f"{stand.stack.sandbox.slack_url}/sandbox/crowd"
        httpx.post(url, json={"count": PEOPLE}).raise_for_status()
        texts = fill_world(engine(), len(WORKERS) * (count + WARM))
        stand.configure(drains_at_once=LANES)
        for program in ("worker", "worker-2"):
            stand.stack.stop(program)
        for workers in WORKERS:
            mine, texts = texts[: count + WARM], texts[count + WARM :]
            say(f"{workers} workers")
            with limited_workers(stand, workers) as limits:
                burst(stand, mine[count:], by_route(stand.token), f"warm-{workers}")
                settle(stand)
                used = sum(limit.seconds() for limit in limits)
                database = _database_seconds(stand)
                psutil.cpu_percent()
                outcome = burst(stand, mine[:count], by_route(stand.token), f"scale-{workers}")
                busy = psutil.cpu_percent()
                used = sum(limit.seconds() for limit in limits) - used
                database = _database_seconds(stand) - database
                settle(stand)
            decided = max(outcome.decided)
            rates[workers] = count / decided
            lines.append(
                (
                    str(workers),
                    f"{decided:.1f}",
                    f"{max(outcome.answered):.1f}",
                    f"{rates[workers]:.2f}",
                    f"{rates[workers] / (rates[WORKERS[0]] * workers):.2f}",
                    f"{used / count:.2f}",
                    f"{database / count:.3f}",
                    f"{busy:.0f}",
                )
            )
    return Report(
        name="scale",
        purpose=f"{count} entries at once from {PEOPLE} people through one, two and four workers "
        f"that may use {SHARE:.0%} of a core each.",
        figures=[
            Figures(
                "From the first call until the last entry is",
                (
                    *("workers", "decided s", "answered s", "entries a second", "of linear"),
                    *("workers' CPU s an entry", "database's CPU s an entry", "machine busy %"),
                ),
                lines,
                f"{LANES} drains at once. A worker's CPU is that of its tasks, too; the database's "
                "is that of the product's and Airflow's sessions.",
            )
        ],
        targets=[
            Target(
                f"share of linear lost with {workers} workers",
                1 - LINEAR,
                1 - rates[workers] / (rates[WORKERS[0]] * workers),
                "",
            )
            for workers in WORKERS[1:]
        ],
    )


def _database_seconds(stand: Stand) -> float:
    """CPU seconds of PostgreSQL's processes, ended ones among them."""
    path = stand.stack.sandbox.postgres_folder / "postmaster.pid"
    root = psutil.Process(int(path.read_text(encoding="utf-8").splitlines()[0]))
    times = root.cpu_times()
    found = times.children_user + times.children_system
    for process in [root, *root.children(recursive=True)]:
        try:
            own = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        found += own.user + own.system
    return found
