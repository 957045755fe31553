"""Airflow's runs as parking sees them, in memory: what the REST API does to states, and no more."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from include.base.errors import TransientError
from include.engine.airflow_runs import RunState, TaskGraph, TaskState

if TYPE_CHECKING:
    from collections.abc import Iterable

_ids = itertools.count(1)


@dataclass
class Run:
    """One run: its state, its note, its task instances and their results."""

    state: str = "running"
    note: str | None = None
    tasks: dict[tuple[str, int], TaskState] = field(default_factory=dict)
    notes: dict[tuple[str, int], str] = field(default_factory=dict)
    results: dict[tuple[str, int], Any] = field(default_factory=dict)
    cleared: list[list[tuple[str, int]]] = field(default_factory=list)


class AirflowDouble:
    """Implements ``include.durable.parking.Runs``; ``fail`` makes the next calls of a name fail."""

    def __init__(self, **downstream: str) -> None:
        self.runs: dict[str, Run] = {}
        self.order = {task: frozenset(after.split()) for task, after in downstream.items()}
        self.fail: dict[str, int] = {}
        self.others_active = 0

    def add(self, run_id: str, **states: str | None) -> Run:
        """A run with unmapped tasks in these states."""
        tasks = {
            (name, -1): TaskState(name, -1, state, f"ti-{next(_ids)}")
            for name, state in states.items()
        }
        self.runs[run_id] = Run(tasks=tasks)
        return self.runs[run_id]

    def state(self, dag_id: str, run_id: str) -> RunState | None:
        self._maybe_fail("state")
        run = self.runs.get(run_id)
        return None if run is None else RunState(run.state, run.note)

    def tasks(self, dag_id: str, run_id: str) -> list[TaskState]:
        return list(self.runs[run_id].tasks.values())

    def graph(self, dag_id: str) -> TaskGraph:
        return TaskGraph(self.order, frozenset())

    def end(self, dag_id: str, run_id: str, note: str) -> None:
        self._maybe_fail("end")
        run = self.runs[run_id]
        run.state, run.note = "success", note
        ended = {"deferred": "success", "running": "success", None: "skipped"}
        for instance, task in run.tasks.items():
            run.tasks[instance] = replace(task, state=ended.get(task.state, task.state))

    def annotate(self, dag_id: str, run_id: str, note: str) -> None:
        self.runs[run_id].note = note or None

    def annotate_task(self, dag_id: str, run_id: str, task: tuple[str, int], note: str) -> None:
        self._maybe_fail("annotate_task")
        self.runs[run_id].notes[task] = note

    def give_result(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        map_index: int,
        result: dict[str, Any],
    ) -> None:
        self._maybe_fail("give_result")
        self.runs[run_id].results[task_id, map_index] = result

    def clear(self, dag_id: str, run_id: str, tasks: Iterable[tuple[str, int]]) -> None:
        self._maybe_fail("clear")
        run, instances = self.runs[run_id], list(tasks)
        run.cleared.append(instances)
        for name, index in instances:
            run.tasks[name, index] = TaskState(name, index, None, f"ti-{next(_ids)}")
        run.state = "queued"

    def active(self) -> int:
        alive = [run for run in self.runs.values() if run.state in ("queued", "running")]
        return len(alive) + self.others_active

    def _maybe_fail(self, name: str) -> None:
        if self.fail.get(name):
            self.fail[name] -= 1
            raise TransientError(f"Airflow answered HTTP 503 to {name}")
