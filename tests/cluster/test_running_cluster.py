"""The main job on a running cluster: attached, asked and answered; imports made before the fork."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.cluster import workers_ready
from tests.e2e.conftest import ASKS, ATTACHES, card_of, evidence_of, until
from tests.e2e.test_late_imports import late_imports

if TYPE_CHECKING:
    from sandbox.slack.client import SlackSandbox
    from sandbox.stack import Stack
    from tests.e2e.conftest import Airflow

WORKERS = {"worker", "worker-2"}


def test_both_workers_are_there(stack: Stack) -> None:
    assert workers_ready(stack.sandbox) == WORKERS


def test_an_entry_is_attached(airflow: Airflow) -> None:
    run_id = airflow.start(ATTACHES)
    airflow.finish(run_id)
    assert evidence_of(run_id)[0] == "export-a-table-as-csv"


def test_a_question_is_answered_while_a_worker_and_a_scheduler_are_killed(
    airflow: Airflow, slack: SlackSandbox, stack: Stack
) -> None:
    run_id = airflow.start(ASKS)
    airflow.wait_for_task(run_id, "wait_for_answer", "deferred", 120)
    card = card_of(slack, run_id)
    stack.kill("worker")
    stack.kill("scheduler")
    slack.click("U0ANN", "D0ANN", card["ts"], "answer_attach")
    airflow.finish(run_id, 240)
    assert evidence_of(run_id)[0]
    until(lambda: workers_ready(stack.sandbox) == WORKERS, 240)


def test_the_workers_are_found_again_after_a_restart_of_redis(stack: Stack) -> None:
    assert workers_ready(stack.sandbox) == WORKERS
    stack.stop("redis")
    stack.start("redis")
    until(lambda: workers_ready(stack.sandbox) == WORKERS, 120)


def test_a_task_imports_nothing_that_its_worker_had_not(airflow: Airflow) -> None:
    assert late_imports(airflow) == []
