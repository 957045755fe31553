"""# Benchmark floor: the shape of `process_customer_entry`, every task empty.

The same names, edges, branch and XComs; no parameters, no retry policy, nothing from `include`.
What is left is what Airflow itself costs.

**Owner**: benchmarks
"""

from __future__ import annotations

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import dag, get_current_context, task


@dag(schedule=None, catchup=False, tags=["benchmark"], doc_md=__doc__)
def bench_floor() -> None:
    @task.branch
    def decide_entry() -> str:
        get_current_context()["ti"].xcom_push(key="entry_id", value=1)
        return "attach"

    @task
    def wait_for_answer() -> None:
        """Stands where the sensor stands; skipped, as in the measured runs."""

    @task
    def apply_answer() -> None:
        """Skipped as well."""

    @task(trigger_rule="none_failed_min_one_success")
    def report_outcome(entry_id: int) -> dict[str, int]:
        return {"entry_id": entry_id}

    decided = decide_entry()
    report = report_outcome(decided["entry_id"])
    for way in ("attach", "create", "split", "set_aside", "repeat"):
        decided >> EmptyOperator(task_id=way) >> report
    decided >> EmptyOperator(task_id="ask") >> wait_for_answer() >> apply_answer() >> report


bench_floor()
