"""# Benchmark floor: the shape of `process_customer_entry`, every task empty.

The same names, edges, branch and XComs; no parameters, no retry policy, nothing from `include`.
What is left is what Airflow itself costs.

**Owner**: benchmarks
"""

from __future__ import annotations

from airflow.sdk import dag, task


@dag(schedule=None, catchup=False, tags=["benchmark"], doc_md=__doc__)
def bench_floor() -> None:
    @task
    def store_entry() -> int:
        return 1

    @task.branch
    def match_entry(entry_id: int) -> str:  # noqa: ARG001
        return "attach_feedback"

    @task
    def attach_feedback(entry_id: int) -> int:
        return entry_id

    @task
    def create_request(entry_id: int) -> int:
        return entry_id

    @task
    def ask_submitter(entry_id: int) -> int:
        return entry_id

    @task
    def wait_for_answer() -> None:
        """Stands where the sensor stands; skipped, as in the measured runs."""

    @task
    def apply_answer(entry_id: int) -> int:
        return entry_id

    @task(trigger_rule="none_failed_min_one_success")
    def report_outcome(entry_id: int) -> dict[str, int]:
        return {"entry_id": entry_id}

    entry = store_entry()
    route, report = match_entry(entry), report_outcome(entry)
    attached, created, asked = attach_feedback(entry), create_request(entry), ask_submitter(entry)
    answered = apply_answer(entry)
    route >> attached >> report
    route >> created >> report
    route >> asked >> wait_for_answer() >> answered >> report
    route >> report


bench_floor()
