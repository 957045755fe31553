"""A backlog is taken over by one run: nothing lost, nothing twice; bad input keeps its own run."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from include import airflow_api
from include.airflow_api import StartResult, StartStatus, WaitingRun
from include.feedback import backlog, batch
from include.requests import runs
from include.store.models import Entry, RunStart
from include.store.session import session_scope
from tests.db.feedback.conftest import TableJudge, WordsEmbedder, route_entry, submit

if TYPE_CHECKING:
    import pytest

DRAIN = {"dag_id": "drain_backlog", "run_id": "b1"}


class Airflow:
    """Runs that wait, and which were ended, with which note."""

    def __init__(self, confs: dict[str, dict[str, Any]]) -> None:
        self.waiting = dict(confs)
        self.ended: dict[str, str] = {}
        self.states: dict[str, str] = {}

    def waiting_runs(self, dag_id: str, task_id: str, limit: int) -> list[WaitingRun]:
        """As Airflow lists them."""
        assert (dag_id, task_id) == ("process_customer_entry", "match_entry")
        return [WaitingRun(run_id, conf) for run_id, conf in self.waiting.items()][:limit]

    def end_runs(self, dag_id: str, run_ids: list[str], note: str) -> int:
        """They wait no longer."""
        for run_id in run_ids:
            self.ended[run_id] = note
            del self.waiting[run_id]
        return len(run_ids)

    def run_state(self, dag_id: str, run_id: str) -> str | None:
        """Of a drain."""
        return self.states.get(run_id)


def airflow_with(monkeypatch: pytest.MonkeyPatch, confs: dict[str, dict[str, Any]]) -> Airflow:
    airflow = Airflow(confs)
    for name in ("waiting_runs", "end_runs", "run_state"):
        monkeypatch.setattr(airflow_api, name, getattr(airflow, name))
    return airflow


def confs(count: int) -> dict[str, dict[str, Any]]:
    return {f"api-{n}": {"customer_pain": f"Charts have no legend {n}"} for n in range(count)}


def test_the_runs_that_wait_are_taken_over_and_say_by_whom(
    feedback_db: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow = airflow_with(monkeypatch, confs(40))
    batches, facts = backlog.take_over(**DRAIN, batch_size=25)
    assert [one["label"] for one in batches] == ["1 to 25 of 40", "26 to 40 of 40"]
    assert (len(facts["runs"]), facts["stored"]) == (40, 40)
    assert backlog.end_taken(facts["runs"], **DRAIN) == 40
    assert airflow.waiting == {}
    assert "drain_backlog, run b1" in airflow.ended["api-7"]
    with session_scope() as session:
        entry = session.scalars(
            select(Entry).where(Entry.idempotency_key == "run:process_customer_entry/api-7")
        ).one()
        assert (entry.dag_id, entry.run_id, entry.source) == ("drain_backlog", "b1", "ui")


def test_a_run_that_begins_meanwhile_finds_its_entry_taken(
    feedback_db: object, monkeypatch: pytest.MonkeyPatch, embedder: WordsEmbedder
) -> None:
    airflow_with(monkeypatch, confs(1))
    [one], _ = backlog.take_over(**DRAIN, batch_size=25)
    entry_id = submit("Charts have no legend 0", "api-0", submitter=None)
    assert entry_id == one["first"]
    counts = batch.process_range(
        session_scope,
        entry_id,
        entry_id,
        **DRAIN,
        embedder=embedder,
        judge=TableJudge(),
        allow_degraded=False,
        quiet=False,
    )
    assert counts["created"] == 1


def test_bad_input_is_left_to_its_own_run(
    feedback_db: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow = airflow_with(monkeypatch, {**confs(2), "bad": {"customer_pain": " "}})
    _, facts = backlog.take_over(**DRAIN, batch_size=25)
    assert (len(facts["runs"]), facts["left_alone"]) == (2, 1)
    backlog.end_taken(facts["runs"], **DRAIN)
    assert list(airflow.waiting) == ["bad"]


def test_what_a_drain_that_died_had_taken_is_adopted_by_the_next(
    feedback_db: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow = airflow_with(monkeypatch, confs(3))
    _, facts = backlog.take_over(**DRAIN, batch_size=25)
    backlog.end_taken(facts["runs"], **DRAIN)
    airflow.states["b1"] = "running"
    assert backlog.take_over(dag_id="drain_backlog", run_id="b2", batch_size=25)[0] == []
    airflow.states["b1"] = "failed"
    batches, facts = backlog.take_over(dag_id="drain_backlog", run_id="b2", batch_size=25)
    assert [one["label"] for one in batches] == ["1 to 3 of 3"]
    assert facts["adopted"] == 3


def test_a_drain_is_asked_for_once_and_only_when_many_wait_or_one_waited_long(
    feedback_db: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"backlog_from": 3}')
    started: list[str] = []

    def start(dag_id: str, run_id: str, conf: dict[str, Any]) -> StartResult:
        started.append(dag_id)
        return StartResult(StartStatus.STARTED)

    monkeypatch.setattr(runs, "start_run", start)
    for n in range(2):
        submit("Charts have no legend", f"r{n}")
        assert backlog.start_drain_if_needed() is False
    submit("Charts have no legend", "r2")
    assert backlog.start_drain_if_needed() is True
    backlog.start_drain_if_needed()
    with session_scope() as session:
        rows = session.scalars(select(RunStart.run_id)).all()
    assert started == ["drain_backlog"] * len(rows)
    assert len(rows) in (1, 2)
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"backlog_from": 100}')
    assert backlog.start_drain_if_needed() is False
    assert backlog.start_drain_if_needed(timedelta(seconds=20)) is True


def test_entries_that_are_stored_and_not_decided_are_taken_over_too(
    feedback_db: object, monkeypatch: pytest.MonkeyPatch, embedder: WordsEmbedder
) -> None:
    airflow = airflow_with(monkeypatch, confs(3))
    stored = [submit(f"Charts have no legend {n}", f"api-{n}", submitter=None) for n in range(2)]
    route_entry(stored[0], embedder, TableJudge())
    [one], facts = backlog.take_over(**DRAIN, batch_size=25)
    assert one["label"] == "1 to 2 of 2"
    assert (facts["stored"], facts["known_before"]) == (2, 1)
    with session_scope() as session:
        owners = session.scalars(select(Entry.run_id).order_by(Entry.id)).all()
    assert owners == ["api-0", "b1", "b1"]
    assert sorted(facts["runs"]) == ["api-1", "api-2"]
    assert airflow.ended == {}


def test_few_are_left_to_their_own_runs(
    feedback_db: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow = airflow_with(monkeypatch, confs(3))
    batches, _ = backlog.take_over(dag_id="drain_backlog", run_id="backlog__x", batch_size=25)
    assert (batches, len(airflow.waiting)) == ([], 3)
