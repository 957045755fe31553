"""One sleep and one step after it, counted: for the chaos suite."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import dag, get_current_context, task

from include.durable.sensors import SleepSensor


@dag(schedule=None, catchup=False, max_active_runs=10_000, doc_md=__doc__)
def chaos_sleep() -> None:
    @task(retries=5, retry_delay=2)
    def carry_out(waited: Any) -> None:
        from include.durable.types import outcome_from_xcom
        from tests.chaos.effects import carry_out

        carry_out(get_current_context()["ti"].run_id, outcome_from_xcom(waited))

    sleep = SleepSensor(task_id="sleep", duration=timedelta(hours=1))
    carry_out(sleep.output)


chaos_sleep()
