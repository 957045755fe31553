"""# Benchmark floor: one empty task.

As many runs of it as answers are given at once show how fast the machine runs tasks at all.

**Owner**: benchmarks
"""

from __future__ import annotations

from airflow.sdk import dag, task


@dag(schedule=None, catchup=False, max_active_runs=100_000, tags=["benchmark"], doc_md=__doc__)
def bench_one() -> None:
    @task
    def after() -> None:
        """Nothing."""

    after()


bench_one()
