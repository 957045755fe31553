"""Parking runs and continuing them on a real PostgreSQL; Airflow is a double of its REST API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from include.base.errors import TransientError
from include.durable import parking
from include.durable.keys import hook_key
from include.durable.parking import CannotPark, Resumed
from include.store.session import session_scope
from tests.db.durable.parked import (
    DAG,
    answer,
    forget_attempt,
    hook_of,
    next_id,
    open_wait,
    park,
    resume,
    rows,
    waiting_run,
)

if TYPE_CHECKING:
    from sqlalchemy import URL

    from tests.db.durable.airflow_double import AirflowDouble


pytestmark = pytest.mark.usefixtures("feedback_db")


def test_a_parked_run_ends_with_a_note_and_its_question_stays_open(
    airflow: AirflowDouble,
) -> None:
    run = waiting_run(airflow)
    run.note = "Looked at by Ann."
    park(airflow)
    assert run.state == "success"
    assert run.note is not None
    assert run.note.startswith("PARKED: wait waits for an answer")
    assert run.note.endswith("Looked at by Ann.")
    assert list(run.notes) == [("report", -1)], "the last task, which Airflow's grid shows skipped"
    assert run.notes["report", -1].startswith("PARKED: ")
    assert hook_of().is_open
    assert hook_of().parked_at is not None
    assert next_id() is None


def test_an_answer_continues_the_run_with_exactly_the_tasks_that_parking_skipped(
    airflow: AirflowDouble,
) -> None:
    run = waiting_run(airflow, second="skipped")
    park(airflow)
    answer()
    assert resume(airflow) is Resumed.CONTINUED
    assert run.cleared == [[("apply", -1), ("report", -1)]]
    assert run.results["wait", -1]["outcome"] == "answered"
    assert run.results["wait", -1]["answer"] == {"choice": "yes"}
    assert (run.state, run.tasks["wait", -1].state) == ("queued", "success")
    assert run.note is not None
    assert run.note.startswith("Waited, parked, ")
    assert run.notes["report", -1] == ""
    assert hook_of().parked_at is None
    assert rows() == 0


def test_a_run_that_is_parked_again_says_only_what_is_so_now(airflow: AirflowDouble) -> None:
    run = waiting_run(airflow)
    run.note = "Waited, parked, 2026-03-02 13:00 UTC to 2026-03-02 13:29 UTC.\n\nLooked at by Ann."
    park(airflow)
    assert run.note is not None
    assert run.note.startswith("PARKED: wait waits for an answer")
    assert "Waited" not in run.note
    assert run.note.endswith("Looked at by Ann.")


def test_a_run_that_was_failed_while_parked_does_not_say_that_it_goes_on(
    airflow: AirflowDouble,
) -> None:
    run = waiting_run(airflow)
    park(airflow)
    run.state = "failed"
    answer()
    assert resume(airflow) is Resumed.GIVEN_UP
    assert run.note is not None
    assert run.note.startswith("Does not wait any more")
    assert "goes on by itself" not in run.note
    assert run.notes["report", -1] == ""


def test_a_note_that_airflow_does_not_take_keeps_no_run_from_its_way(
    airflow: AirflowDouble,
) -> None:
    run = waiting_run(airflow)
    airflow.fail["annotate_task"] = 1
    park(airflow)
    assert (run.state, run.notes) == ("success", {})
    answer()
    assert resume(airflow) is Resumed.CONTINUED


def test_an_answer_while_the_run_is_being_parked_is_not_lost(airflow: AirflowDouble) -> None:
    run = waiting_run(airflow)
    airflow.fail["end"] = 1
    with pytest.raises(TransientError):
        park(airflow)
    answer()
    # The lost call may still reach Airflow, so nothing is done yet.
    assert resume(airflow) is Resumed.LATER
    forget_attempt()
    assert resume(airflow) is Resumed.CONTINUED
    assert (run.state, run.cleared, rows()) == ("running", [], 0)
    assert hook_of().parked_at is None, "the deferred task ends by itself now"


def test_a_parking_whose_answer_was_lost_is_recognised_as_done(airflow: AirflowDouble) -> None:
    run = waiting_run(airflow)
    airflow.fail["end"] = 1
    with pytest.raises(TransientError):
        park(airflow)
    airflow.end(DAG, "r1", "Parked after all.")
    forget_attempt()
    with session_scope() as session:
        [parked_id] = parking.unsettled(session, excluded=[])
    parking.settle(session_scope, airflow, parked_id)
    answer()
    assert resume(airflow) is Resumed.CONTINUED
    assert run.cleared == [[("apply", -1), ("report", -1)]]


def test_an_interrupted_parking_that_never_reached_airflow_is_undone(
    airflow: AirflowDouble,
) -> None:
    waiting_run(airflow)
    airflow.fail["end"] = 1
    with pytest.raises(TransientError):
        park(airflow)
    forget_attempt()
    with session_scope() as session:
        [parked_id] = parking.unsettled(session, excluded=[])
    parking.settle(session_scope, airflow, parked_id)
    assert rows() == 0
    assert hook_of().parked_at is None
    assert hook_of().is_open


@pytest.mark.parametrize("call", ["state", "give_result", "clear"])
def test_airflow_away_at_any_step_of_a_resume_only_delays_it(
    airflow: AirflowDouble, call: str
) -> None:
    run = waiting_run(airflow)
    park(airflow)
    answer()
    airflow.fail[call] = 1
    with pytest.raises(TransientError):
        resume(airflow)
    assert resume(airflow) is Resumed.CONTINUED
    assert run.cleared == [[("apply", -1), ("report", -1)]]
    assert next_id() is None


def test_a_resume_that_was_cut_off_after_airflow_took_it_is_not_made_twice(
    airflow: AirflowDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = waiting_run(airflow)
    park(airflow)
    answer()
    with monkeypatch.context() as patched:
        patched.setattr(parking, "_release", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            resume(airflow)
    assert run.state == "queued"
    assert resume(airflow) is Resumed.CONTINUED
    assert len(run.cleared) == 1
    assert rows() == 0


def test_with_two_waits_one_answer_continues_the_run_and_the_other_waits_hot_again(
    airflow: AirflowDouble,
) -> None:
    run = waiting_run(airflow, second="deferred")
    open_wait(run, "r1", "second")
    park(airflow)
    answer()
    assert resume(airflow) is Resumed.CONTINUED
    assert run.cleared == [[("second", -1), ("apply", -1), ("report", -1)]]
    assert ("second", -1) not in run.results
    assert hook_of(name="second").is_open
    assert hook_of(name="second").parked_at is not None, "freed when the task joins again"


def test_a_wait_whose_success_means_something_runs_again_itself(airflow: AirflowDouble) -> None:
    run = waiting_run(airflow)
    with session_scope() as session:
        session.execute(text("UPDATE hooks SET wait_resumes = true"))
    park(airflow)
    answer()
    resume(airflow)
    assert run.cleared == [[("wait", -1), ("apply", -1), ("report", -1)]]
    assert run.results == {}


def test_a_wait_that_nothing_follows_runs_again_so_that_airflow_ends_the_run(
    airflow: AirflowDouble,
) -> None:
    run = airflow.add("r1", wait="deferred")
    open_wait(run, "r1", "wait")
    park(airflow)
    answer()
    resume(airflow)
    assert run.cleared == [[("wait", -1)]]


def test_a_run_failed_by_a_user_while_parked_is_given_up_and_its_question_closed(
    airflow: AirflowDouble,
) -> None:
    run = waiting_run(airflow, second="deferred")
    open_wait(run, "r1", "second")
    park(airflow)
    run.state = "failed"
    answer()
    parked_id = next_id()
    assert parked_id is not None
    outcome, cancelled = parking.resume(session_scope, airflow, parked_id)
    assert outcome is Resumed.GIVEN_UP
    assert [hook.key for hook in cancelled] == [hook_key(DAG, "r1", "second")]
    assert hook_of().status == "answered"
    assert (run.cleared, rows()) == ([], 0)


def test_a_run_deleted_while_parked_is_given_up(airflow: AirflowDouble) -> None:
    waiting_run(airflow)
    park(airflow)
    del airflow.runs["r1"]
    answer()
    assert resume(airflow) is Resumed.GIVEN_UP
    assert rows() == 0


def test_a_run_cleared_by_a_user_while_parked_gets_back_only_what_is_still_skipped(
    airflow: AirflowDouble,
) -> None:
    run = waiting_run(airflow)
    park(airflow)
    airflow.clear(DAG, "r1", [("wait", -1)])
    with session_scope() as session:
        assert parking.request_resume(session, DAG, "r1") is not None
    assert resume(airflow) is Resumed.CONTINUED
    assert run.cleared == [[("wait", -1)], [("apply", -1), ("report", -1)]]
    assert rows() == 0


def test_a_run_cleared_with_everything_downstream_needs_nothing_more(
    airflow: AirflowDouble,
) -> None:
    run = waiting_run(airflow)
    park(airflow)
    airflow.clear(DAG, "r1", [("wait", -1), ("apply", -1), ("report", -1)])
    with session_scope() as session:
        parking.request_resume(session, DAG, "r1")
    assert resume(airflow) is Resumed.CONTINUED
    assert len(run.cleared) == 1
    assert rows() == 0


def test_a_run_with_a_task_at_work_is_left_alone(airflow: AirflowDouble) -> None:
    run = waiting_run(airflow, second="running")
    with pytest.raises(CannotPark, match="second is running"):
        park(airflow)
    assert (run.state, rows()) == ("running", 0)
    assert hook_of().parked_at is None


def test_a_wait_answered_before_the_run_is_ended_is_left_alone(
    airflow: AirflowDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = waiting_run(airflow)
    real = airflow.tasks
    monkeypatch.setattr(airflow, "tasks", lambda *args: (answer(), real(*args))[1])
    with pytest.raises(CannotPark, match="closed or parked meanwhile"):
        park(airflow)
    assert (run.state, rows()) == ("running", 0)


def test_a_hook_needs_under_two_kilobytes(airflow: AirflowDouble, feedback_db: URL) -> None:
    for number in range(200):
        waiting_run(airflow, f"run__{number:036d}")
        park(airflow, f"run__{number:036d}")
    engine = create_engine(feedback_db, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        # What the rows need; how many dead versions of them lie about depends on autovacuum.
        connection.execute(text("VACUUM FULL hooks, parked_runs"))
        size = connection.execute(
            text("SELECT pg_total_relation_size('hooks') + pg_total_relation_size('parked_runs')")
        ).scalar_one()
    engine.dispose()
    assert size / 200 < 2048
