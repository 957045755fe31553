"""The keeper on a real PostgreSQL: what it parks, and in which order it lets runs go on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.base.errors import TransientError
from include.durable.keeper import Keeper, Limits
from include.store.session import session_scope
from tests.db.durable.parked import (
    answer,
    open_wait,
    park,
    rows,
    waiting_run,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.db.durable.airflow_double import AirflowDouble

pytestmark = pytest.mark.usefixtures("feedback_db")


def keeper(airflow: AirflowDouble, hot: int = 2, at_once: int = 3) -> Keeper:
    return Keeper(session_scope, airflow, lambda: Limits(hot, timedelta(hours=1), at_once))


def test_the_oldest_waits_beyond_the_budget_are_parked(airflow: AirflowDouble) -> None:
    for number in range(5):
        waiting_run(airflow, f"r{number}")
        with session_scope() as session:
            session.execute(
                text(
                    "UPDATE hooks SET created_at = now() - make_interval(mins => :m) "
                    "WHERE run_id = :run"
                ),
                {"m": 10 - number, "run": f"r{number}"},
            )
    step = keeper(airflow).step()
    assert step.parked == ["r0", "r1", "r2"]
    assert keeper(airflow).step().parked == []


def test_a_run_with_many_waits_takes_one_place_of_the_budget(airflow: AirflowDouble) -> None:
    run = waiting_run(airflow, "many", second="deferred")
    open_wait(run, "many", "second")
    waiting_run(airflow, "one")
    assert keeper(airflow).step().parked == []


def test_a_wait_beyond_its_age_is_parked_within_the_budget(airflow: AirflowDouble) -> None:
    waiting_run(airflow, "old")
    waiting_run(airflow, "new")
    with session_scope() as session:
        session.execute(
            text("UPDATE hooks SET created_at = now() - interval '2 hours' WHERE run_id = 'old'")
        )
    assert keeper(airflow).step().parked == ["old"]


def test_what_closes_within_a_minute_is_not_worth_parking(airflow: AirflowDouble) -> None:
    waiting_run(airflow)
    with session_scope() as session:
        session.execute(
            text(
                "UPDATE hooks SET created_at = now() - interval '2 hours', "
                "due_at = now() + interval '30 seconds'"
            )
        )
    assert keeper(airflow).step().parked == []


def test_a_run_that_cannot_be_parked_does_not_stand_in_the_way_of_others(
    airflow: AirflowDouble,
) -> None:
    for number in range(4):
        waiting_run(airflow, f"r{number}", **({"second": "running"} if number == 0 else {}))
    at_work = keeper(airflow, hot=1)
    assert "r0" not in at_work.step().parked
    assert airflow.runs["r0"].state == "running"


def test_a_flood_of_answers_is_let_in_by_portions_first_answered_first(
    airflow: AirflowDouble,
) -> None:
    runs = [f"r{number:02d}" for number in range(12)]
    for run_id in runs:
        waiting_run(airflow, run_id)
        park(airflow, run_id)
    arrival = [*reversed(runs)]
    for run_id in arrival:
        answer(run_id)
    at_work = keeper(airflow, at_once=5)
    airflow.others_active = 2
    first = at_work.step()
    assert first.is_behind
    continued = [run_id for run_id in runs if airflow.runs[run_id].cleared]
    assert continued == sorted(arrival[:3])
    for run_id in continued:
        airflow.runs[run_id].state = "success"
    airflow.others_active = 0
    for _ in range(3):
        at_work.step()
        for run in airflow.runs.values():
            run.state = "success"
    assert all(len(run.cleared) == 1 for run in airflow.runs.values())
    assert rows() == 0


def test_a_run_whose_resume_fails_is_tried_again_and_others_go_on(airflow: AirflowDouble) -> None:
    for run_id in ("r1", "r2"):
        waiting_run(airflow, run_id)
        park(airflow, run_id)
        answer(run_id)
    airflow.fail["clear"] = 1
    step = keeper(airflow).step()
    assert len(step.resumed) == 1
    assert step.is_retrying
    assert airflow.runs["r2"].cleared
    assert keeper(airflow).step().resumed
    assert airflow.runs["r1"].cleared


@pytest.mark.parametrize("error", [TransientError("HTTP 500"), KeyError("state")])
def test_a_run_that_never_goes_on_keeps_no_other_from_going_on_or_being_parked(
    airflow: AirflowDouble, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    for run_id in ("r1", "r2"):
        waiting_run(airflow, run_id)
        park(airflow, run_id)
        answer(run_id)
    real = airflow.clear

    def clear(dag_id: str, run_id: str, tasks: Iterable[tuple[str, int]]) -> None:
        if run_id == "r1":
            raise error
        real(dag_id, run_id, tasks)

    monkeypatch.setattr(airflow, "clear", clear)
    for number in range(3):
        waiting_run(airflow, f"new{number}")
    step = keeper(airflow, hot=1).step()
    assert len(step.resumed) == 1
    assert len(step.parked) == 2
    assert (airflow.runs["r1"].cleared, len(airflow.runs["r2"].cleared)) == ([], 1)
