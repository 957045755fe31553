"""# Benchmark floor: an empty task followed by an empty task.

What Airflow itself needs from the end of one task to the start of the next.

**Owner**: benchmarks
"""

from __future__ import annotations

from airflow.sdk import dag, task


@dag(schedule=None, catchup=False, tags=["benchmark"], doc_md=__doc__)
def bench_pair() -> None:
    @task
    def before() -> None:
        """Nothing."""

    @task
    def after() -> None:
        """Nothing."""

    before() >> after()


bench_pair()
