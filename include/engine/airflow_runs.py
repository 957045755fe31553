"""A run's tasks through Airflow's REST API: what parking a run and resuming it need."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from include.engine.airflow_api import call, require

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE = 100
GRAPH_SECONDS = 60.0
TEARDOWN_RULE = "all_done_setup_success"
NOTE_LENGTH = 1000


@dataclass(frozen=True)
class TaskState:
    """One task instance; ``state`` is ``None`` until scheduled, a clear changes ``id``."""

    task_id: str
    map_index: int
    state: str | None
    id: str


@dataclass(frozen=True)
class RunState:
    """A run; ``state`` is ``queued``, ``running``, ``success`` or ``failed``."""

    state: str
    note: str | None


@dataclass(frozen=True)
class TaskGraph:
    """A DAG's order: direct followers by task id, and which tasks are teardowns."""

    downstream: dict[str, frozenset[str]]
    teardowns: frozenset[str]

    def after(self, task_ids: Iterable[str]) -> frozenset[str]:
        """Everything that follows any of these tasks, directly or not."""
        found: set[str] = set()
        ahead = list(task_ids)
        while ahead:
            for follower in self.downstream.get(ahead.pop(), frozenset()):
                if follower not in found:
                    found.add(follower)
                    ahead.append(follower)
        return frozenset(found)


class AirflowRuns:
    """The runs of the Airflow behind connection ``airflow_api``.

    Every method raises ``TransientError`` when Airflow cannot be asked now, or refuses, and
    ``MissingConnection`` when the connection is not defined.
    """

    def __init__(self) -> None:
        self._graphs: dict[str, tuple[float, TaskGraph]] = {}

    def state(self, dag_id: str, run_id: str) -> RunState | None:
        """The run as it stands, ``None`` when it is gone."""
        answer = call("GET", _run(dag_id, run_id))
        if answer.status_code == 404:
            return None
        require(answer)
        run = answer.json()
        return RunState(state=str(run["state"]), note=run["note"])

    def tasks(self, dag_id: str, run_id: str) -> list[TaskState]:
        """All task instances of a run, mapped ones each."""
        found: list[TaskState] = []
        while True:
            query = f"?limit={PAGE}&offset={len(found)}"
            answer = call("GET", f"{_run(dag_id, run_id)}/taskInstances{query}")
            require(answer)
            body = answer.json()
            page = body["task_instances"]
            found += [
                TaskState(ti["task_id"], int(ti["map_index"]), ti["state"], ti["id"]) for ti in page
            ]
            # The server may give fewer at once than were asked for.
            if not page or len(found) >= int(body["total_entries"]):
                return found

    def graph(self, dag_id: str) -> TaskGraph:
        """The order of the DAG's newest version; kept for a minute."""
        kept = self._graphs.get(dag_id)
        if kept is not None and kept[0] > time.monotonic():
            return kept[1]
        answer = call("GET", f"/api/v2/dags/{quote(dag_id)}/tasks")
        require(answer)
        tasks = answer.json()["tasks"]
        graph = TaskGraph(
            downstream={t["task_id"]: frozenset(t["downstream_task_ids"] or ()) for t in tasks},
            teardowns=frozenset(t["task_id"] for t in tasks if t["trigger_rule"] == TEARDOWN_RULE),
        )
        self._graphs[dag_id] = (time.monotonic() + GRAPH_SECONDS, graph)
        return graph

    def end(self, dag_id: str, run_id: str, note: str) -> None:
        """End the run as it stands: deferred tasks succeed, pending ones are skipped.

        Unlike an end that the scheduler sees, this one calls no callback, prunes no deadline and
        makes no asset event.
        """
        body = {"state": "success", "note": note[:NOTE_LENGTH]}
        require(call("PATCH", _run(dag_id, run_id), body))

    def annotate(self, dag_id: str, run_id: str, note: str) -> None:
        """Set the run's note; an empty one removes it."""
        require(call("PATCH", _run(dag_id, run_id), {"note": note[:NOTE_LENGTH]}))

    def annotate_task(self, dag_id: str, run_id: str, task: tuple[str, int], note: str) -> None:
        """Set a task instance's note; an empty one removes it."""
        task_id, map_index = task
        path = f"{_run(dag_id, run_id)}/taskInstances/{quote(task_id)}"
        path += f"/{map_index}" if map_index >= 0 else ""
        require(call("PATCH", path, {"note": note[:NOTE_LENGTH]}))

    def give_result(
        self, dag_id: str, run_id: str, task_id: str, map_index: int, result: dict[str, Any]
    ) -> None:
        """Write what a task returned, over what it may have returned before."""
        path = f"{_run(dag_id, run_id)}/taskInstances/{quote(task_id)}/xcomEntries"
        body = {"key": "return_value", "value": result, "map_index": map_index}
        answer = call("POST", path, body)
        if answer.status_code == 409:
            body = {"value": result, "map_index": map_index}
            answer = call("PATCH", f"{path}/return_value", body)
        require(answer)

    def clear(self, dag_id: str, run_id: str, tasks: Iterable[tuple[str, int]]) -> None:
        """Clear exactly these task instances; a finished run goes on with them."""
        body = {
            "dry_run": False,
            "dag_run_id": run_id,
            "only_failed": False,
            "reset_dag_runs": True,
            "task_ids": [
                task_id if map_index < 0 else [task_id, map_index] for task_id, map_index in tasks
            ],
        }
        require(call("POST", f"/api/v2/dags/{quote(dag_id)}/clearTaskInstances", body))

    def active(self) -> int:
        """How many runs are queued or running in the whole deployment."""
        answer = call("GET", "/api/v2/dags/~/dagRuns?state=running&state=queued&limit=1")
        require(answer)
        return int(answer.json()["total_entries"])


def _run(dag_id: str, run_id: str) -> str:
    return f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id, safe='')}"
