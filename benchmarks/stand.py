"""The benchmarks' own sandbox: a fresh Airflow, PostgreSQL and stand-ins, gone at the end.

It takes free ports and a temporary folder, so it can run beside a demo. The benchmarks' DAGs are a
second DAG bundle of this Airflow only. Times are read from the metadata's rows, one query a run.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import psycopg

from include.store.session import session_scope
from sandbox.environment import ADMIN_PASSWORD, Sandbox
from sandbox.samples import load_samples
from sandbox.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

DAGS = Path(__file__).resolve().parent / "dags"
DAG_IDS = tuple(sorted(path.stem for path in DAGS.glob("*.py")))
FIRST_PORT = 8180
OWN_NAME = "gtm-bench"
RUN_SECONDS = 300.0
VISIBLE_SECONDS = 180.0


class BenchmarkError(Exception):
    """A benchmark could not be measured; the message says why."""


@dataclass(frozen=True)
class TaskTimes:
    """A task instance's state and its timestamps as the metadata has them."""

    state: str | None
    scheduled: datetime | None
    queued: datetime | None
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True)
class RunTimes:
    """A run's state, its timestamps and those of its tasks; ``accepted`` is when it was made."""

    state: str
    accepted: datetime
    end: datetime | None
    tasks: dict[str, TaskTimes]

    def seconds_to(self, moment: datetime | None) -> float:
        """From the acceptance."""
        if moment is None:
            raise BenchmarkError(f"a run ended as {self.state} without the time that is measured")
        return (moment - self.accepted).total_seconds()


class Stand:
    """A running sandbox and what the benchmarks ask of it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.metadata = self._connect("airflow")
        self.product = self._connect("feedback")
        url = stack.sandbox.airflow_url
        login = {"username": "admin", "password": ADMIN_PASSWORD}
        token = httpx.post(f"{url}/auth/token", json=login, timeout=60).json()["access_token"]
        self.token = str(token)
        self._shipped: dict[str, Any] | None = None
        self._client = httpx.Client(
            base_url=f"{url}/api/v2", headers={"Authorization": f"Bearer {token}"}, timeout=120
        )

    def close(self) -> None:
        """Close the connections; the sandbox is stopped by :func:`stand_up`."""
        self._client.close()
        self.metadata.close()
        self.product.close()

    def again(self) -> Stand:
        """Another client of the same sandbox, for another thread."""
        return Stand(self.stack)

    def call(self, method: str, path: str, body: dict[str, Any]) -> Any:
        """Ask Airflow's REST API for something; what it answers."""
        answer = self._client.request(method, path, json=body)
        if not answer.is_success:
            raise BenchmarkError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()

    def _connect(self, database: str) -> psycopg.Connection[Any]:
        uri = f"postgresql://postgres@/{database}?host={self.stack.postgres_host()}"
        return psycopg.connect(uri, autocommit=True, application_name=OWN_NAME)

    def wait_visible(self) -> None:
        """Until Airflow knows the benchmarks' DAGs."""

        def known() -> bool:
            return all(self._client.get(f"/dags/{d}").status_code == 200 for d in DAG_IDS)

        poll(known, VISIBLE_SECONDS, "Airflow did not find the benchmarks' DAGs", pause=0.5)

    def keep_hot(self) -> None:
        """Let no run be parked from now on."""
        self.configure(hot_waits=1_000_000, park_after_minutes=1_000_000)

    def configure(self, **settings: Any) -> None:
        """Give the product these settings beside the sandbox's.

        One person is asked about everything here, so nobody has a limit a day.
        """
        path, name = "/variables/gtm_feedback", "gtm_feedback"
        if self._shipped is None:
            self._shipped = json.loads(self._client.get(path).json()["value"])
        value = json.dumps(self._shipped | {"questions_per_person_per_day": 0} | settings)
        self.call("PATCH", path, {"key": name, "value": value})

    def start_run(self, dag_id: str, run_id: str, conf: dict[str, Any] | None = None) -> None:
        """Start a run through the REST API, as a client of the product does."""
        answer = self._client.post(
            f"/dags/{dag_id}/dagRuns",
            json={"dag_run_id": run_id, "conf": conf or {}, "logical_date": None},
        )
        if answer.status_code != 200:
            raise BenchmarkError(f"{dag_id} refused a run: {answer.status_code} {answer.text}")

    def run_times(self, dag_id: str, run_id: str) -> RunTimes:
        """State and timestamps of a run and its tasks as they are now."""
        run = self.metadata.execute(
            "SELECT state, queued_at, end_date FROM dag_run WHERE dag_id = %s AND run_id = %s",
            (dag_id, run_id),
        ).fetchone()
        if run is None:
            raise BenchmarkError(f"run {run_id} of {dag_id} is not in the metadata")
        rows = self.metadata.execute(
            "SELECT task_id, state, scheduled_dttm, queued_dttm, start_date, end_date"
            " FROM task_instance WHERE dag_id = %s AND run_id = %s",
            (dag_id, run_id),
        ).fetchall()
        tasks = {row[0]: TaskTimes(*row[1:]) for row in rows}
        return RunTimes(run[0], run[1], run[2], tasks)

    def finish_run(self, dag_id: str, run_id: str, seconds: float = RUN_SECONDS) -> RunTimes:
        """Wait until a run has ended well.

        Raises:
            BenchmarkError: it failed or was not done within ``seconds``.
        """

        def state() -> str:
            row = self.metadata.execute(
                "SELECT state FROM dag_run WHERE dag_id = %s AND run_id = %s", (dag_id, run_id)
            ).fetchone()
            return row[0] if row else ""

        poll(
            lambda: state() in ("success", "failed"),
            seconds,
            f"run {run_id} of {dag_id} was not done within {seconds:.0f} s",
            pause=0.1,
        )
        times = self.run_times(dag_id, run_id)
        if times.state != "success":
            states = {name: task.state for name, task in times.tasks.items()}
            raise BenchmarkError(f"run {run_id} of {dag_id} failed: {states}")
        return times

    def task_state(self, dag_id: str, run_id: str, task_id: str) -> str | None:
        """State of one task instance now."""
        row = self.metadata.execute(
            "SELECT state FROM task_instance WHERE dag_id = %s AND run_id = %s AND task_id = %s",
            (dag_id, run_id, task_id),
        ).fetchone()
        return row[0] if row else None

    def count_waiting(self, dag_id: str, task_id: str, run_id: str = "%") -> int:
        """How many instances of a task are parked in the triggerer; ``run_id`` is a pattern."""
        row = self.metadata.execute(
            "SELECT count(*) FROM task_instance ti JOIN trigger t ON t.id = ti.trigger_id"
            " WHERE ti.dag_id = %s AND ti.task_id = %s AND ti.run_id LIKE %s"
            " AND ti.state = 'deferred' AND t.triggerer_id IS NOT NULL",
            (dag_id, task_id, run_id),
        ).fetchone()
        return int(row[0]) if row else 0

    def product_transactions(self) -> int:
        """Transactions of the product's database since its server started."""
        return self.transactions("feedback")

    def transactions(self, database: str) -> int:
        """Transactions of a database since its server started."""
        self.metadata.execute("SELECT pg_stat_clear_snapshot()")
        row = self.metadata.execute(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = %s",
            (database,),
        ).fetchone()
        return int(row[0]) if row else 0

    def database_bytes(self, database: str) -> int:
        """Size of a database on disk."""
        row = self.metadata.execute("SELECT pg_database_size(%s)", (database,)).fetchone()
        return int(row[0]) if row else 0

    def product_connections(self) -> int:
        """Open client connections of the product's database, this program's own left out."""
        row = self.metadata.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = 'feedback' AND backend_type = 'client backend'"
            " AND application_name <> %s",
            (OWN_NAME,),
        ).fetchone()
        return int(row[0]) if row else 0

    def cpu_seconds(self, program: str) -> dict[int, float]:
        """CPU time used so far by each live process of a program, by process id."""
        root = self._process(program)
        used = {}
        for process in [root, *root.children(recursive=True)]:
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            used[process.pid] = times.user + times.system
            if process.pid == root.pid:  # what its ended children used
                used[-process.pid] = times.children_user + times.children_system
        return used

    def memory_bytes(self, program: str) -> int:
        """Memory that a program's processes share with no other (USS)."""
        root = self._process(program)
        return sum(p.memory_full_info().uss for p in [root, *root.children(recursive=True)])

    def _process(self, program: str) -> psutil.Process:
        found = re.search(rf"^{program}\s+RUNNING\s+pid (\d+)", self.stack.status(), re.M)
        if found is None:
            raise BenchmarkError(f"{program} is not running:\n{self.stack.status()}")
        return psutil.Process(int(found.group(1)))


def poll(
    condition: Callable[[], bool], seconds: float, message: str, *, pause: float = 0.02
) -> None:
    """Wait until ``condition`` holds; at most ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise BenchmarkError(message)
        time.sleep(pause)


@contextmanager
def stand_up(say: Callable[[str], None], executor: str = "") -> Iterator[Stand]:
    """A fresh sandbox with the samples loaded; stopped and removed however the block ends.

    ``executor`` is the dotted path of another executor than the sandbox's.
    """
    state = Path(tempfile.mkdtemp(prefix="gtm-bench-"))
    *ports, api_server_port = _free_ports()
    is_cluster = Sandbox.from_environment().cluster
    sandbox = Sandbox(state, *ports, cluster=is_cluster, api_server_port=api_server_port)
    stack = Stack(sandbox, say=say)
    overrides = _overrides() | ({"SANDBOX_EXECUTOR": executor} if executor else {})
    before = {name: os.environ.get(name) for name in (*overrides, "AIRFLOW_CONN_FEEDBACK_DB")}
    os.environ.update(overrides)
    try:
        stack.up()
        # Only of this process: Airflow's own have theirs from the sandbox.
        os.environ["AIRFLOW_CONN_FEEDBACK_DB"] = (
            f"postgresql://postgres@/feedback?host={stack.postgres_host()}"
            f"&options=-c%20application_name%3D{OWN_NAME}"
        )
        with session_scope() as session:
            load_samples(session, stack.embedder())
        stand = Stand(stack)
        try:
            stand.wait_visible()
            stand.configure()
            yield stand
        finally:
            stand.close()
    finally:
        say("Stopping the benchmarks' sandbox")
        with _undisturbed():
            try:
                _close_engines()
                stack.down()
            finally:
                _restore(before)
                shutil.rmtree(state, ignore_errors=True)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C must not leave the sandbox's processes behind."""
    names = (signal.SIGINT, signal.SIGTERM)
    before = {name: signal.signal(name, signal.SIG_IGN) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _overrides() -> dict[str, str]:
    local = "airflow.dag_processing.bundles.local.LocalDagBundle"
    bundles = [
        {"name": "dags-folder", "classpath": local, "kwargs": {}},
        {"name": "benchmarks", "classpath": local, "kwargs": {"path": str(DAGS)}},
    ]
    return {"AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles)}


def _free_ports() -> tuple[int, int, int, int]:
    """Ports for Airflow, Slack, the embeddings and a cluster's API servers.

    The second API server's port follows the first's, the log servers' follow Airflow's.
    """
    for port in range(FIRST_PORT, FIRST_PORT + 600, 20):
        if all(_is_free(port + offset) for offset in (0, 11, 12, 13, 14, 713, 714)):
            return port, port + 11, port + 12, port + 13
    raise BenchmarkError(f"no free ports from {FIRST_PORT} on")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
    return True


def _close_engines() -> None:
    from include.store.session import engine, engine_for

    if "AIRFLOW_CONN_FEEDBACK_DB" in os.environ:
        engine().dispose()
    engine_for.cache_clear()


def _restore(before: dict[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
