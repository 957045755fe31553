"""A task's process imports nothing heavy: the process that it was forked from has done that."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.conftest import Airflow

DAG = "late_imports"
# The DAG's file; the plugins, which Airflow loads in each task; what a worker needs for itself.
EXPECTED = re.compile(
    r"unusual_prefix_\w+|preload|hook_handlers|slack_relay|feedback_intake|\w*plugin\w*"
    r"|airflow\.(models|executors|sdk\.bases|utils)\..*|(billiard|celery|kombu|cffi|pycparser)(\..*)?"
)


def late_imports(airflow: Airflow) -> list[str]:
    """What a task of a fresh run imported, but for what is expected."""
    run_id = airflow.post_run({}, dag_id=DAG).json()["dag_run_id"]
    airflow.finish(run_id, dag_id=DAG)
    found: list[str] = airflow.result(run_id, "decide_and_look", DAG)
    return [name for name in found if not EXPECTED.fullmatch(name)]


def test_a_task_imports_nothing_that_the_scheduler_had_not(airflow: Airflow) -> None:
    assert late_imports(airflow) == []
