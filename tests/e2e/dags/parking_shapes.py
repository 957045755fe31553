"""Waits in every shape: for the tests of parking.

Two waits, mapped waits and a sleep in one run, with trigger rules, a group, a callback, an asset
and a deadline.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import (
    Asset,
    AsyncCallback,
    DeadlineAlert,
    DeadlineReference,
    dag,
    get_current_context,
    task,
    task_group,
)

from include.durable.sensors import HookSensor, SleepSensor


def note_end(context: dict[str, Any]) -> None:
    """Write down that Airflow says the run has ended."""
    path = Path(os.environ["AIRFLOW_HOME"]) / "ends.txt"
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{context['dag_run'].run_id}\n")


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=1000,
    on_success_callback=note_end,
    # Not DAGRUN_QUEUED_AT: Airflow 3.3.2 fails to clear a run with such a deadline.
    deadline=DeadlineAlert(
        reference=DeadlineReference.FIXED_DATETIME(datetime(2100, 1, 1, tzinfo=UTC)),
        interval=timedelta(0),
        callback=AsyncCallback("tests.e2e.late.note_late"),
    ),
    doc_md=__doc__,
)
def parking_shapes() -> None:
    @task
    def after_left() -> str:
        return str(get_current_context()["ti"].xcom_pull(task_ids="left"))

    @task(trigger_rule="all_done")
    def always() -> None:
        """By its rule it would run after a skipped wait as well."""

    @task(trigger_rule="none_failed_min_one_success", outlets=[Asset("parking_done")])
    def finish() -> int:
        return 1

    @task_group
    def group() -> None:
        left >> [after_left(), always()]

    left, right = HookSensor(task_id="left", name="left"), HookSensor(task_id="right", name="right")
    mapped = HookSensor.partial(task_id="mapped").expand(name=["one", "two"])
    sleep = SleepSensor(task_id="sleep", duration=timedelta(hours=1))
    [group(), right, mapped, sleep] >> finish()


parking_shapes()
