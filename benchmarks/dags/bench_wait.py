"""# Benchmark: one durable wait.

`wait` parks on the durable hook that the benchmark opened for this run; `after` is an empty task.
Only the benchmarks' own Airflow sees this DAG (`python -m benchmarks.run`).

**Owner**: benchmarks
"""

from __future__ import annotations

from airflow.sdk import dag, task

from include.durable.sensors import HookSensor


@dag(schedule=None, catchup=False, max_active_runs=100_000, tags=["benchmark"], doc_md=__doc__)
def bench_wait() -> None:
    @task
    def after() -> None:
        """Nothing: its start is what is measured."""

    HookSensor(task_id="wait") >> after()


bench_wait()
