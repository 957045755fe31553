"""The three ways to wait on Airflow that are compared: how each asks, and how it is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.button_latency import WAIT_DAG, park
from benchmarks.stand import BenchmarkError, Stand, poll
from include.durable.api import answer_hook, find_hook
from include.durable.keys import hook_key
from include.store.session import session_scope

APPROVAL_DAG = "bench_approval"
NEVER_PARK = {"hot_waits": 1_000_000, "park_after_minutes": 1_000_000}
# A setting must be above 0; the budget is its whole part.
ALWAYS_PARK = {"hot_waits": 0.5, "park_after_minutes": 1_000_000}
PARK_SECONDS = 120.0


@dataclass(frozen=True)
class System:
    """One way to wait; ``state`` is that of the task ``wait`` of a run that is parked."""

    name: str
    title: str
    dag_id: str
    state: str
    settings: dict[str, Any]

    def configure(self, stand: Stand) -> None:
        """Give the product this system's settings; the keeper reads them before each step."""
        stand.configure(**self.settings)

    def open(self, stand: Stand, run_ids: list[str]) -> None:
        """Start real runs and return when all of them wait."""
        for run_id in run_ids:
            if self.dag_id == WAIT_DAG:
                park(stand, run_id)
            else:
                stand.start_run(self.dag_id, run_id)
        for run_id in run_ids:
            poll(
                lambda run_id=run_id: self._waits(stand, run_id),  # type: ignore[misc]
                PARK_SECONDS,
                f"run {run_id} of {self.dag_id} did not wait within {PARK_SECONDS:.0f} s",
                pause=0.2,
            )

    def answer(self, stand: Stand, run_id: str) -> None:
        """Answer as a person's press does: the hook, or Airflow's own REST call."""
        if self.dag_id == WAIT_DAG:
            with session_scope() as session:
                hook = find_hook(session, hook_key(self.dag_id, run_id, "answer"))
                if hook is None:
                    raise BenchmarkError(f"run {run_id} has no hook")
                answer_hook(session, hook.id, answer={"choice": "attach"}, by="bench", via="api")
        else:
            path = f"/dags/{self.dag_id}/dagRuns/{run_id}/taskInstances/wait/-1/hitlDetails"
            stand.call("PATCH", path, {"chosen_options": ["Approve"], "params_input": {}})

    def waiting(self, stand: Stand) -> int:
        """How many runs wait as they should: hot ones in the triggerer, too."""
        taken = "AND (t.id IS NULL OR t.triggerer_id IS NOT NULL)"
        row = stand.metadata.execute(
            "SELECT count(*) FROM task_instance ti LEFT JOIN trigger t ON t.id = ti.trigger_id"
            " JOIN task_instance a ON a.dag_id = ti.dag_id AND a.run_id = ti.run_id"
            " AND a.task_id = 'after' AND COALESCE(a.state, 'skipped') = 'skipped'"
            f" WHERE ti.dag_id = %s AND ti.task_id = 'wait' AND ti.state = %s {taken}",
            (self.dag_id, self.state),
        ).fetchone()
        return int(row[0]) if row else 0

    def _waits(self, stand: Stand, run_id: str) -> bool:
        if stand.task_state(self.dag_id, run_id, "wait") != self.state:
            return False
        if self.dag_id != WAIT_DAG:
            return True
        with session_scope() as session:
            hook = find_hook(session, hook_key(self.dag_id, run_id, "answer"))
        if hook is None or hook.waiter is None:
            return False
        return self.state == "deferred" or stand.run_times(WAIT_DAG, run_id).state == "success"


APPROVAL = System(
    "approval", "Airflow's ApprovalOperator", APPROVAL_DAG, "awaiting_input", NEVER_PARK
)
HOT = System("hot", "this system, hot", WAIT_DAG, "deferred", NEVER_PARK)
COLD = System("cold", "this system, cold", WAIT_DAG, "success", ALWAYS_PARK)
SYSTEMS = {system.name: system for system in (APPROVAL, HOT, COLD)}
