"""Questions and sleeps on a running Airflow survive restarts, clears, time and operators."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from include.durable.api import find_hook
from include.durable.keys import hook_key
from include.store.session import session_scope
from tests.e2e.conftest import ASKS, DAG, Airflow, card_of, evidence_of, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.durable.types import HookView
    from sandbox.slack.client import SlackSandbox
    from sandbox.stack import Stack

    Move = Callable[[timedelta], None]


def hook_of(run_id: str) -> HookView:
    with session_scope() as session:
        hook = find_hook(session, hook_key(DAG, run_id, "answer"))
    assert hook is not None
    return hook


def open_question(airflow: Airflow, marker: str) -> str:
    run_id = airflow.start(f"{ASKS} [{marker}]")
    airflow.wait_for_task(run_id, "wait_for_answer", "deferred")
    until(lambda: hook_of(run_id).waiter is not None, 30)
    return run_id


def press(slack: SlackSandbox, run_id: str, choice: str) -> None:
    card = card_of(slack, run_id)
    assert slack.click("U0ANN", "D0ANN", card["ts"], f"answer_{choice}")["status"] == 200


def test_a_question_survives_a_killed_triggerer_and_a_restarted_scheduler(
    airflow: Airflow, slack: SlackSandbox, stack: Stack
) -> None:
    run_id = open_question(airflow, "killed")
    stack.kill("triggerer")
    stack.stop("scheduler")
    stack.start("scheduler")
    press(slack, run_id, "attach")
    airflow.finish(run_id)
    assert evidence_of(run_id)[0] == "create-and-remove-users-automatically-with-scim"


def test_clearing_the_wait_keeps_the_question_and_its_end(
    airflow: Airflow, slack: SlackSandbox
) -> None:
    run_id = open_question(airflow, "cleared")
    before = hook_of(run_id)
    airflow.clear(run_id, "wait_for_answer")
    until(lambda: hook_of(run_id).waiter not in (None, before.waiter), 30)
    after = hook_of(run_id)
    assert (after.id, after.status, after.expires_at) == (before.id, "pending", before.expires_at)
    until(lambda: "answer_create" in str(card_of(slack, run_id)["blocks"]), 10)
    press(slack, run_id, "attach")
    airflow.finish(run_id)
    assert airflow.result(run_id)["outcome"] == "attached"


def test_marking_the_wait_as_failed_closes_the_question_and_locks_the_card(
    airflow: Airflow, slack: SlackSandbox
) -> None:
    run_id = open_question(airflow, "marked")
    answer = airflow.client.patch(
        f"/dags/{DAG}/dagRuns/{run_id}/taskInstances/wait_for_answer",
        json={"new_state": "failed"},
    )
    assert answer.status_code == 200
    until(lambda: hook_of(run_id).status == "cancelled", 30)
    until(lambda: "closed in Airflow" in str(card_of(slack, run_id)["blocks"]), 30)


def test_a_reminder_after_a_day_and_a_request_after_a_week(
    airflow: Airflow, slack: SlackSandbox, move_clock: Move
) -> None:
    run_id = open_question(airflow, "a week")
    move_clock(timedelta(hours=23))
    reminders = [m for m in slack.dm("U0ANN") if "still waiting" in str(m)]
    move_clock(timedelta(hours=24, minutes=1))
    until(lambda: hook_of(run_id).reminded_at is not None, 20)
    until(
        lambda: len([m for m in slack.dm("U0ANN") if "still waiting" in str(m)]) > len(reminders),
        20,
    )
    move_clock(timedelta(days=7, minutes=1))
    airflow.finish(run_id)
    assert airflow.result(run_id)["outcome"] == "created"
    assert "Nobody answered" in str(card_of(slack, run_id)["blocks"])


def test_a_question_whose_run_failed_before_the_triggerer_knew_it_is_closed_by_the_sweep(
    airflow: Airflow, slack: SlackSandbox
) -> None:
    run_id = airflow.start(f"{ASKS} [at once]")
    airflow.wait_for_task(run_id, "wait_for_answer", "deferred")
    answer = airflow.client.patch(
        f"/dags/{DAG}/dagRuns/{run_id}/taskInstances/wait_for_answer",
        json={"new_state": "failed"},
    )
    assert answer.status_code == 200
    sweep = airflow.post_run({}, dag_id="sweep_pending").json()["dag_run_id"]
    airflow.finish(sweep, dag_id="sweep_pending")
    assert hook_of(run_id).status == "cancelled"
    until(lambda: "closed in Airflow" in str(card_of(slack, run_id)["blocks"]), 30)
