"""A backlog is taken over by one run: nothing lost, nothing twice; bad input keeps its own run."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select, update

from include.base.errors import EmbeddingsUnavailable
from include.engine import airflow_api
from include.engine.airflow_api import StartResult, StartStatus, WaitingRun
from include.entries import drain as backlog
from include.entries import held, intake
from include.entries.decide import Means, decide_range
from include.outbox import runs
from include.store.models import Entry, Message, RunStart
from include.store.session import session_scope
from include.workflows import import_feedback as import_steps
from include.workflows import process_customer_entry as one_entry
from tests.db.entries.conftest import TableJudge, WordsEmbedder, route_entry, submit

DRAIN = {"dag_id": "drain_backlog", "run_id": "b1"}


class Airflow:
    """Runs that wait, and which were ended, with which note."""

    def __init__(self, confs: dict[str, dict[str, Any]]) -> None:
        self.waiting = dict(confs)
        self.ended: dict[str, str] = {}
        self.states: dict[str, str] = {}

    def waiting_runs(self, dag_id: str, task_id: str, limit: int) -> list[WaitingRun]:
        """As Airflow lists them."""
        assert (dag_id, task_id) == ("process_customer_entry", "decide_entry")
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
    means = Means(embedder, TableJudge())
    counts = decide_range(session_scope, entry_id, entry_id, means, **DRAIN, quiet=False)
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
    assert started == ["drain_backlog"]
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"backlog_from": 100}')
    assert backlog.start_drain_if_needed() is False
    assert backlog.start_drain_if_needed(timedelta(seconds=20)) is False
    with session_scope() as session:
        start = session.scalars(select(RunStart)).one()
        assert start.run_id == "backlog__000001"
        start.created_at -= timedelta(minutes=3)
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


def hold(count: int, first: int = 0) -> list[int]:
    """Store submissions as the REST route does while many wait; the ids of the runs to start."""
    arrivals = [
        intake.arrival({"customer_pain": f"Charts have no legend {n}", "external_id": f"e{n}"})
        for n in range(first, first + count)
    ]
    taken, start_ids = intake.take_in_now(arrivals)
    assert {(one.dag_id, one.run_id) for one in taken} == {("drain_backlog", "held")}
    return start_ids


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that wait are many."""
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"hold_from": 2}')


def drain_until_done(run_id: str, embedder: WordsEmbedder) -> int:
    """As ``take_backlog`` and ``match_batch`` do; how many were decided."""
    batches, _ = backlog.take_over(dag_id="drain_backlog", run_id=run_id, batch_size=500)
    decided = 0
    while batches:
        counts = decide_range(
            session_scope,
            0,
            2**62,
            Means(embedder, TableJudge()),
            dag_id="drain_backlog",
            run_id=run_id,
            quiet=False,
        )
        decided += sum(counts.values())
        if not backlog.take_more(run_id):
            break
    return decided


@pytest.mark.usefixtures("together")
def test_what_is_held_asks_for_one_drain_and_that_takes_all_of_it(
    monkeypatch: pytest.MonkeyPatch, embedder: WordsEmbedder
) -> None:
    airflow_with(monkeypatch, {})
    assert hold(3) == hold(4, first=3)
    assert drain_until_done("backlog__000001", embedder) == 7
    with session_scope() as session:
        rows = session.execute(select(Entry.run_id, Entry.status)).all()
        assert {tuple(row) for row in rows} == {("backlog__000001", "done")}
    hold(2, first=7)
    with session_scope() as session:
        asked = session.scalars(
            select(RunStart.run_id).where(RunStart.dag_id == "drain_backlog").order_by(RunStart.id)
        ).all()
    assert asked == ["backlog__000001", "backlog__000002"]


@pytest.mark.usefixtures("together")
def test_a_drain_that_finds_nothing_passes_its_turn_on(
    feedback_db: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow_with(monkeypatch, {})
    batches, _ = backlog.take_over(dag_id="drain_backlog", run_id="backlog__000001", batch_size=500)
    assert batches == []
    with session_scope() as session:
        assert backlog.has_passed(session, "backlog__000001")
        assert not backlog.has_passed(session, "backlog__000002")


@pytest.mark.usefixtures("together")
def test_an_entry_held_while_a_drain_passes_on_is_seen_by_it_or_asks_for_the_next(
    feedback_db: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow_with(monkeypatch, {})
    arrivals = [intake.arrival({"customer_pain": f"No legend {n}"}) for n in range(2)]
    with session_scope() as holding:
        intake.take_in(holding, arrivals)
        with ThreadPoolExecutor() as pool:
            passing = pool.submit(backlog.take_more, "backlog__000001")
            with pytest.raises(TimeoutError):
                passing.result(0.3)
            holding.commit()
            assert passing.result(10) == 2
    with session_scope() as session:
        assert not backlog.has_passed(session, "backlog__000001")


@pytest.mark.usefixtures("together")
def test_the_sweep_gives_the_turn_of_a_dead_drain_to_the_next(
    feedback_db: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow = airflow_with(monkeypatch, {})
    started: list[str] = []

    def start(dag_id: str, run_id: str, conf: dict[str, Any]) -> StartResult:
        started.append(run_id)
        return StartResult(StartStatus.STARTED)

    monkeypatch.setattr(runs, "start_run", start)
    intake.start(hold(3))
    assert backlog.look_after_held() is False  # not held for long yet
    with session_scope() as session:
        session.execute(update(Entry).values(updated_at=Entry.updated_at - timedelta(minutes=3)))
    airflow.states["backlog__000001"] = "running"
    assert backlog.look_after_held() is False
    airflow.states["backlog__000001"] = "failed"
    assert backlog.look_after_held() is True
    assert started == ["backlog__000001", "backlog__000002"]


@pytest.mark.usefixtures("together")
def test_what_a_drain_took_and_could_not_decide_is_decided_by_its_next_try(
    monkeypatch: pytest.MonkeyPatch, embedder: WordsEmbedder
) -> None:
    airflow_with(monkeypatch, {})
    monkeypatch.setattr(
        one_entry,
        "means_of",
        lambda agent, is_last_try: Means(embedder, TableJudge(), is_last_try, agent),
    )
    monkeypatch.setattr(import_steps, "find_agent", lambda: None)
    run = {"dag_id": "drain_backlog", "run_id": "backlog__000001"}
    hold(2)
    [part], _ = backlog.take_over(**run, batch_size=500)
    decided = backlog.take_more

    def take_and_break(run_id: str) -> int:
        hold(2, first=2)
        taken = decided(run_id)
        embedder.down = True
        return taken

    monkeypatch.setattr(backlog, "take_more", take_and_break)
    with pytest.raises(EmbeddingsUnavailable):
        import_steps.match_batch(part, **run, is_last_try=False, quiet=False)
    monkeypatch.setattr(backlog, "take_more", decided)
    embedder.down = False

    assert sum(import_steps.match_batch(part, **run, is_last_try=False, quiet=False).values()) == 2
    with session_scope() as session:
        assert set(session.scalars(select(Entry.status))) == {"done"}


@pytest.mark.parametrize("hold_from", [2, 100])
def test_what_holds_no_pain_is_told_though_it_gets_no_run(
    feedback_db: object, monkeypatch: pytest.MonkeyPatch, hold_from: int
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", f'{{"hold_from": {hold_from}}}')
    arrivals = [intake.arrival({"customer_pain": "https://example.com"}) for _ in range(2)]
    taken, _ = intake.take_in_now(arrivals)
    with session_scope() as session:
        entries = session.scalars(select(Entry)).all()
        messages = session.scalars(select(Message.purpose)).all()
    assert {entry.outcome for entry in entries} == {"noise"}
    assert {entry.id for entry in entries if entry.told_in} == {one.entry_id for one in taken}
    assert messages == ["set_aside", "set_aside"]


def test_a_run_is_told_the_id_of_a_stored_entry_and_no_words(feedback_db: object) -> None:
    [one], [start_id] = intake.take_in_now([intake.arrival({"customer_pain": "No legend"})])
    with session_scope() as session:
        start = session.get_one(RunStart, start_id)
        assert (start.run_id, start.conf) == (one.run_id, {"entry_id": one.entry_id})


def test_the_runs_of_stored_entries_are_taken_over_by_id_unless_they_are_decided(
    feedback_db: object, monkeypatch: pytest.MonkeyPatch, embedder: WordsEmbedder
) -> None:
    stored = [submit(f"Charts have no legend {n}", f"api-{n}") for n in range(3)]
    airflow_with(monkeypatch, {f"api-{n}": {"entry_id": one} for n, one in enumerate(stored)})
    route_entry(stored[0], embedder, TableJudge())
    _, facts = backlog.take_over(**DRAIN, batch_size=25)
    assert (facts["runs"], facts["stored"], facts["left_alone"]) == (["api-1", "api-2"], 2, 1)
    assert route_entry(stored[1], embedder, TableJudge(), run_id="api-1") == "repeat"


@pytest.mark.usefixtures("together")
def test_several_drains_at_once_take_what_is_held_once(feedback_db: object) -> None:
    intake.start(hold(40))
    together = Barrier(5)

    def take(number: int) -> int:
        together.wait()
        with session_scope() as session:
            return held.take(session, f"backlog__{number:06d}")

    with ThreadPoolExecutor(5) as pool:
        taken = list(pool.map(take, range(5)))
    with session_scope() as session:
        owners = Counter(session.scalars(select(Entry.run_id)))
    assert sum(taken) == owners.total() == 40
    assert dict(owners) == {f"backlog__{n:06d}": count for n, count in enumerate(taken) if count}
