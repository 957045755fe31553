"""A task's process imports nothing heavy: the process that it was forked from has done that."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.conftest import Airflow

DAG = "late_imports"
# What costs a task its time. Its parent may import anything else after it has preloaded.
HEAVY = re.compile(
    r"(include|openai|httpx2|httpcore2|aiohttp|numpy|slack_sdk|phonenumbers"
    r"|airflow\.dag_processing|airflow\.serialization|airflow\.sdk\.execution_time)(\..*)?"
)


def late_imports(airflow: Airflow) -> list[str]:
    """What a task of a fresh run imported that costs time."""
    run_id = airflow.post_run({}, dag_id=DAG).json()["dag_run_id"]
    airflow.finish(run_id, dag_id=DAG)
    found: list[str] = airflow.result(run_id, "decide_and_look", DAG)
    return [name for name in found if HEAVY.fullmatch(name)]


def test_a_task_imports_nothing_that_the_scheduler_had_not(airflow: Airflow) -> None:
    assert late_imports(airflow) == []
