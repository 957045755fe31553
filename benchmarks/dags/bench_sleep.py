"""# Benchmark: one durable sleep.

`wait` sleeps as long as the benchmark wrote down for this run; `after` is an empty task.
Only the benchmarks' own Airflow sees this DAG (`python -m benchmarks.run`).

**Owner**: benchmarks
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import dag, task

from include.durable.sensors import SleepSensor


@dag(schedule=None, catchup=False, max_active_runs=100_000, tags=["benchmark"], doc_md=__doc__)
def bench_sleep() -> None:
    @task
    def after() -> None:
        """Nothing: its start is what is measured."""

    SleepSensor(task_id="wait", duration=timedelta(hours=1)) >> after()


bench_sleep()
