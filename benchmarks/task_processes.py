"""A task as a process that imports for itself, as with KubernetesExecutor: what it costs.

Entries and a DAG of one empty task, interleaved, under :mod:`benchmarks.process_executor`: the time
until a pod runs is not in it. Then what such a process imports, stage by stage, in fresh
interpreters.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.entry_latency import ATTACH, ONE_DAG, empty, enter, to_attached
from benchmarks.report import Figures, Report, Target, spread
from benchmarks.stand import BenchmarkError, RunTimes, Stand
from sandbox.environment import ROOT, shipped_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

EXECUTOR = "benchmarks.process_executor.ProcessExecutor"
ROUNDS, QUICK_ROUNDS = 15, 3
PROBES, QUICK_PROBES = 5, 1
SECONDS = 120.0
MOST_TASKS = 3

# In the order in which a process of `process_customer_entry` comes to them.
STAGES = {
    "Airflow: the process that supervises": (
        "airflow.sdk.execution_time.execute_workload",
        "airflow.executors.workloads",
        "airflow.executors.base_executor",
        "airflow.sdk.execution_time.supervisor",
    ),
    "Airflow: what runs the task": (
        "airflow.sdk.execution_time.task_runner",
        "airflow.dag_processing.dagbag",
        "airflow.dag_processing.bundles.local",
    ),
    "the DAG file": ("dags.feedback.process_customer_entry",),
    "the product: what decides": ("include.workflows.process_customer_entry",),
    "psycopg": ("psycopg", "sqlalchemy.dialects.postgresql.psycopg"),
    "openai": ("openai.resources.embeddings", "httpcore2", "truststore"),
    "the product: what masks": ("include.base.masking", "phonenumbers"),
    "the product: what sends": ("include.outbox.sender",),
}
PROBE = """
import json, sys, time
from importlib import import_module

found = []
for modules in json.loads(sys.argv[1]):
    before, started = len(sys.modules), time.process_time()
    for module in modules:
        import_module(module)
    found.append((time.process_time() - started, len(sys.modules) - before))
print(json.dumps(found))
"""


def measure(stand: Stand, *, quick: bool) -> Report:
    """Runs on a stand whose executor is `EXECUTOR`, then the stages."""
    enter(stand, "pod-warm")
    empty(stand, ONE_DAG, "pod-one-warm")
    entries, ones = [], []
    for number in range(QUICK_ROUNDS if quick else ROUNDS):
        entries.append(enter(stand, f"pod-{number}").times)
        ones.append(empty(stand, ONE_DAG, f"pod-one-{number}"))
    attached = [to_attached(run) for run in entries]
    one = [run.seconds_to(run.tasks["after"].end) for run in ones]
    started = [_tasks_run(run) for run in entries]
    lines = [
        ("entry: accepted -> attached", *spread(attached)),
        ("one empty task: accepted -> done", *spread(one)),
        (
            "entry: its deciding task, from its queueing",
            *spread([_task(r, ATTACH) for r in entries]),
        ),
        ("the empty task, from its queueing", *spread([_task(r, "after") for r in ones])),
    ]
    ratio = median(attached) / median(one)
    return Report(
        name="task_processes",
        purpose="An entry where each task is a process that imports for itself, as in a pod.",
        figures=[
            Figures(
                "Seconds, interleaved runs",
                ("What", "n", "p50", "p95", "min", "max"),
                lines,
                "Each task is started on this machine with the command of KubernetesExecutor's "
                "pods; the time until a pod runs comes on top. "
                f"Tasks that took a process: {max(started)} an entry.",
            ),
            _stages(QUICK_PROBES if quick else PROBES),
        ],
        targets=[
            Target("processes an attached entry takes", MOST_TASKS, max(started), ""),
            Target("entry to attached / one empty task, ratio of p50", 2.2, ratio, "x"),
        ],
    )


def _tasks_run(run: RunTimes) -> int:
    """Tasks that were given to the executor."""
    return sum(task.queued is not None for task in run.tasks.values())


def _task(run: RunTimes, task_id: str) -> float:
    task = run.tasks[task_id]
    if task.queued is None or task.end is None:
        raise BenchmarkError(f"{task_id} lacks a timestamp: {task}")
    return (task.end - task.queued).total_seconds()


def _stages(probes: int) -> Figures:
    found = [_probe() for _ in range(probes)]
    lines = []
    for place, name in enumerate(STAGES):
        seconds = median(one[place][0] for one in found)
        lines.append((name, f"{seconds:.2f}", f"{int(found[0][place][1]):,}"))
    whole = median(sum(seconds for seconds, _ in one) for one in found)
    lines.append(("all", f"{whole:.2f}", f"{sum(int(added) for _, added in found[0]):,}"))
    return Figures(
        "What the process of a deciding task imports, in a fresh interpreter",
        ("Stage", "CPU s", "modules added"),
        lines,
        "Each stage counts what the ones before it have not imported; medians.",
    )


def _probe() -> Sequence[tuple[float, int]]:
    with tempfile.TemporaryDirectory(prefix="gtm-bench-") as home:
        completed = subprocess.run(
            [sys.executable, "-c", PROBE, json.dumps(list(STAGES.values()))],
            env=os.environ | shipped_settings() | {"PYTHONPATH": str(ROOT), "AIRFLOW_HOME": home},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
    if completed.returncode != 0:
        last = completed.stderr.strip().splitlines()[-1:] or ["no output"]
        raise BenchmarkError(f"the imports of a task failed: {last[0]}")
    found: Sequence[tuple[float, int]] = json.loads(completed.stdout.splitlines()[-1])
    return found
