"""# Benchmark: Airflow's own wait for a person.

`wait` is the standard provider's `ApprovalOperator`; `after` is an empty task. The counterpart of
`bench_wait`, for `python -m benchmarks.run waits_compared`.

**Owner**: benchmarks
"""

from __future__ import annotations

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import dag, task


@dag(schedule=None, catchup=False, max_active_runs=100_000, tags=["benchmark"], doc_md=__doc__)
def bench_approval() -> None:
    @task
    def after() -> None:
        """Nothing: its start is what is measured."""

    ApprovalOperator(task_id="wait", subject="Attach this feedback?") >> after()


bench_approval()
