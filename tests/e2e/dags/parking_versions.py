"""A DAG whose file changes while a run of it is parked: for the tests of parking."""

from __future__ import annotations

from airflow.sdk import dag, task

from include.durable.sensors import HookSensor


@dag(schedule=None, catchup=False, max_active_runs=1000, doc_md=__doc__)
def parking_versions() -> None:
    @task
    def removed_later() -> None:
        """Gone in the next version."""

    @task
    def stays() -> int:
        return 1

    HookSensor(task_id="wait", name="wait") >> [removed_later(), stays()]


parking_versions()
