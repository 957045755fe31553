"""Which entries count as stuck: unfinished, old, and carried out by no run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from include.engine import airflow_api
from include.engine.airflow_api import StartResult, StartStatus
from include.engine.dag_ids import DRAIN_DAG
from include.entries.drain import HELD
from include.entries.entry import get_entry, mark_failed
from include.entries.store import store
from include.entries.submission import parse_submission
from include.operations.late import queue_alert
from include.operations.stuck import find_stuck, sweep
from include.outbox import runs as run_starts
from include.store.models import Entry, EntryStatus, ParkedRun
from include.store.session import session_scope
from tests.db.entries.conftest import submit

QUARTER = timedelta(minutes=15)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """States of Airflow's runs by run id; a run that is not in it is gone."""
    states: dict[str, str] = {}

    def run_state(dag_id: str, run_id: str) -> str | None:
        return states.get(run_id)

    monkeypatch.setattr(airflow_api, "run_state", run_state)
    return states


def old_entry(run_id: str) -> int:
    entry_id = submit("The planner cannot print.", run_id=run_id)
    with session_scope() as session:
        session.execute(text("UPDATE entries SET updated_at = now() - interval '1 hour'"))
    return entry_id


def stuck() -> list[tuple[int, str | None]]:
    return [(found.entry_id, found.run_state) for found in find_stuck(QUARTER)]


@pytest.mark.parametrize("state", ["failed", "success", None])
def test_an_old_entry_whose_run_ended_or_is_gone_is_stuck_and_marked(
    runs: dict[str, str], state: str | None
) -> None:
    entry_id = old_entry("r1")
    if state:
        runs["r1"] = state
    assert stuck() == [(entry_id, state)]
    with session_scope() as session:
        assert get_entry(session, entry_id).status == EntryStatus.FAILED


def test_what_a_sweep_flagged_is_found_again_at_once_and_operators_hear_once(
    runs: dict[str, str],
) -> None:
    entry_id = old_entry("r1")
    with session_scope() as session:
        assert queue_alert(session)[0] == 1
    assert stuck() == [(entry_id, None)]
    assert stuck() == [(entry_id, None)]
    with session_scope() as session:
        assert queue_alert(session)[0] == 0


def test_an_entry_that_failed_a_moment_ago_is_stuck_and_told(runs: dict[str, str]) -> None:
    entry_id = submit("The planner cannot print.", run_id="r1")
    runs["r1"] = "failed"
    with session_scope() as session:
        mark_failed(session, "process_customer_entry", "r1", "apply_answer: OSError")
    assert stuck() == [(entry_id, "failed")]
    with session_scope() as session:
        assert queue_alert(session)[0] == 1


@pytest.mark.parametrize("state", ["running", "queued"])
def test_an_entry_whose_run_is_at_work_is_not_stuck(runs: dict[str, str], state: str) -> None:
    old_entry("r1")
    runs["r1"] = state
    assert stuck() == []


def test_a_young_entry_is_not_stuck(runs: dict[str, str]) -> None:
    submit("The planner cannot print.")
    runs.clear()
    assert stuck() == []


def test_an_entry_whose_run_is_parked_and_waits_for_its_turn_is_not_stuck(
    runs: dict[str, str],
) -> None:
    entry_id = old_entry("r1")
    runs["r1"] = "success"
    with session_scope() as session:
        dag_id = get_entry(session, entry_id).dag_id
        session.add(ParkedRun(dag_id=dag_id, run_id="r1", state="parked"))
    assert stuck() == []


def batch_entries(run_id: str, count: int) -> list[int]:
    """Entries that one run of ``import_feedback`` carries out, an hour old."""
    pairs = [
        (f"import:{run_id}-{n}", parse_submission({"customer_pain": f"It hurts {n}"}))
        for n in range(count)
    ]
    with session_scope() as session:
        store(session, pairs, dag_id="import_feedback", run_id=run_id)
        session.execute(text("UPDATE entries SET updated_at = now() - interval '1 hour'"))
    with session_scope() as session:
        return list(session.scalars(select(Entry.id).order_by(Entry.id)))


def test_a_run_of_many_entries_is_continued_once_for_all_of_them(
    runs: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cleared: list[tuple[str, str]] = []
    monkeypatch.setattr(
        airflow_api, "continue_run", lambda dag_id, run_id: cleared.append((dag_id, run_id)) or 3
    )
    ids = batch_entries("i1", 3)
    runs["i1"] = "failed"
    assert sweep(QUARTER, rerun=True)["run_again"] == ids
    assert cleared == [("import_feedback", "i1")]
    with session_scope() as session:
        assert {get_entry(session, one).status for one in ids} == {EntryStatus.RECEIVED}


def test_entries_of_an_import_that_is_gone_are_held_for_the_next_drain(
    runs: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []

    def start(dag_id: str, run_id: str, conf: dict[str, object]) -> StartResult:
        started.append(run_id)
        return StartResult(StartStatus.STARTED)

    monkeypatch.setattr(run_starts, "start_run", start)
    ids = batch_entries("i1", 2)
    assert sweep(QUARTER, rerun=True)["run_again"] == ids
    assert started == ["backlog__000001"]
    with session_scope() as session:
        owners = {(one.dag_id, one.run_id) for one in session.scalars(select(Entry))}
    assert owners == {("drain_backlog", "held")}


def test_an_entry_that_is_done_while_airflow_is_asked_stays_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry_id = old_entry("r1")

    def slow_answer(_dag_id: str, _run_id: str) -> None:
        with session_scope() as session:
            entry = get_entry(session, entry_id)
            entry.status, entry.outcome = EntryStatus.DONE, "attached"
            entry.updated_at = datetime.now(UTC)

    monkeypatch.setattr(airflow_api, "run_state", slow_answer)
    assert stuck() == []
    with session_scope() as session:
        assert get_entry(session, entry_id).status == EntryStatus.DONE


def test_what_is_held_for_a_drain_is_not_stuck(runs: dict[str, str]) -> None:
    entry_id = old_entry("r1")
    runs.clear()
    with session_scope() as session:
        entry = get_entry(session, entry_id)
        entry.dag_id, entry.run_id = DRAIN_DAG, HELD
        session.flush()
        session.execute(text("UPDATE entries SET updated_at = now() - interval '1 hour'"))
    assert stuck() == []


def test_one_entry_that_cannot_be_run_again_keeps_no_other_from_it(
    runs: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused, taken = old_entry("r1"), old_entry("r2")
    runs.clear()

    def start(_dag_id: str, run_id: str, _conf: object) -> StartResult:
        status = StartStatus.REFUSED if run_id == "r1" else StartStatus.STARTED
        return StartResult(status, "refused")

    monkeypatch.setattr(airflow_api, "start_run", start)
    found = sweep(QUARTER, rerun=True)
    assert {entry["entry_id"] for entry in found["stuck"]} == {refused, taken}
    assert found["run_again"] == [taken]


def test_one_more_than_is_looked_at_at_once_is_found_and_run_again(
    runs: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("include.operations.stuck.AT_ONCE", 2)
    monkeypatch.setattr("include.operations.stuck.LISTED", 2)
    ids = [old_entry(f"r{number}") for number in range(5)]
    started: list[str] = []

    def start_run(_dag_id: str, run_id: str, _conf: object) -> StartResult:
        started.append(run_id)
        # Airflow refuses the first ones, which are stuck for ever.
        refused = run_id in ("r0", "r1")
        return StartResult(StartStatus.REFUSED if refused else StartStatus.STARTED, "no such DAG")

    monkeypatch.setattr(airflow_api, "start_run", start_run)
    found = sweep(QUARTER, rerun=True)
    assert started == ["r0", "r1", "r2", "r3", "r4"]
    assert found["run_again"] == ids[2:]
    assert [one["entry_id"] for one in found["stuck"]] == ids[:2]
    assert found["stuck_not_listed"] == 3
