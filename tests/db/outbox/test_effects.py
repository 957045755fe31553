"""What every kind of effect shares: the lease, the backoff, and one sweep that survives a kind."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from include.base.errors import FatalError, TransientError
from include.outbox import events, runs
from include.outbox.effects import Fate, Outcome, backoff, carry_out, settle, sweep
from include.outbox.events import AnalyticsEvents, record_event
from include.outbox.runs import RunStarts, queue_run
from include.store.models import AnalyticsEvent, RunStart
from include.store.session import session_scope
from include.workflows import sweep_pending

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import URL

pytestmark = pytest.mark.usefixtures("feedback_db")


class Scripted(RunStarts):
    """Runs that end as told instead of being started."""

    def __init__(self, *outcomes: Outcome | Exception) -> None:
        self.outcomes = list(outcomes)

    def carry_out(self, rows: Sequence[RunStart]) -> Outcome:
        """The next one."""
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def queued(run_id: str = "r") -> int:
    with session_scope() as session:
        return queue_run(session, "some_dag", run_id, {})


def row(start_id: int) -> RunStart:
    with session_scope() as session:
        return session.get_one(RunStart, start_id)


def let_time_pass() -> None:
    with session_scope() as session:
        session.execute(update(RunStart).values(not_before=None))
        session.execute(update(AnalyticsEvent).values(not_before=None))


def test_waits_grow_and_end_at_five_minutes() -> None:
    waits = [backoff(attempts) for attempts in range(12)]
    assert waits[:5] == [1, 2, 4, 8, 16]
    assert waits[-1] == 300


@pytest.mark.parametrize(
    ("failure", "least"),
    [(TransientError("away", retry_after=90), 85), (ValueError("odd"), 1)],
)
def test_what_failed_waits_as_long_as_asked_or_a_little(failure: Exception, least: int) -> None:
    start_id = queued()
    assert carry_out(Scripted(failure), [start_id]).waiting_ids == [start_id]
    found = row(start_id)
    assert found.not_before is not None
    waits = found.not_before - found.created_at
    assert timedelta(seconds=least) < waits < timedelta(seconds=least + 15)
    assert sweep(Scripted()).waiting_ids == []


def test_a_fatal_error_ends_it_with_its_reason() -> None:
    start_id = queued()
    assert carry_out(Scripted(FatalError("no such thing")), [start_id]).failed_ids == [start_id]
    assert (row(start_id).state, row(start_id).error) == ("refused", "no such thing")


def test_one_that_cannot_be_reached_is_not_asked_for_the_next() -> None:
    ids = [queued("a"), queued("b")]
    report = carry_out(Scripted(TransientError("away")), ids)
    assert (report.unavailable, report.waiting_ids) == ("away", ids)
    assert row(ids[1]).attempts == 0


def test_who_lost_its_claim_records_nothing() -> None:
    start_id = queued()
    slow = RunStarts()

    class TakenOver(Scripted):
        def carry_out(self, rows: Sequence[RunStart]) -> Outcome:
            let_time_pass()
            assert carry_out(Scripted(Outcome(Fate.DONE)), [start_id]).done_ids == [start_id]
            return Outcome(Fate.FAILED, "too late")

    assert carry_out(TakenOver(), [start_id]).failed_ids == []
    found = row(start_id)
    assert (found.state, found.attempts, found.error) == ("started", 2, None)
    with session_scope() as session:
        assert not settle(session, slow, found, Outcome(Fate.FAILED, "again"))


def test_a_claim_keeps_others_away_until_its_lease_ends() -> None:
    start_id = queued()

    class Watched(Scripted):
        def carry_out(self, rows: Sequence[RunStart]) -> Outcome:
            assert carry_out(Scripted(), [start_id]).waiting_ids == [start_id]
            return Outcome(Fate.DONE)

    assert carry_out(Watched(), [start_id]).done_ids == [start_id]


@pytest.fixture
def sink(feedback_db: URL, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What the analytics sink got: the keys of each call."""
    monkeypatch.setenv("AIRFLOW_CONN_GTM_FEEDBACK_ANALYTICS", "http://127.0.0.1:9")
    got: list[list[str]] = []

    def post(conn_id: str, path: str, body: dict[str, Any], *, idempotency_key: str) -> None:
        got.append([event["key"] for event in body["events"]])

    monkeypatch.setattr(events, "post_json", post)
    return got


def recorded(count: int) -> None:
    with session_scope() as session:
        for number in range(count):
            record_event(session, f"k{number}", "happened")


def test_events_go_to_the_sink_once_a_hundred_in_a_call(sink: list[list[str]]) -> None:
    recorded(120)
    assert sweep(AnalyticsEvents(), 1000).done == 120
    assert [len(keys) for keys in sink] == [100, 20]
    assert sink[1][-1] == "k119"
    assert sweep(AnalyticsEvents(), 1000).done == 0
    with session_scope() as session:
        assert all(session.scalars(select(AnalyticsEvent.delivered_at)))


def test_a_sink_that_refuses_keeps_the_events(
    sink: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(2)

    def refuse(*_: object, **__: object) -> None:
        raise FatalError("answered HTTP 401")

    with monkeypatch.context() as patch:
        patch.setattr(events, "post_json", refuse)
        report = sweep(AnalyticsEvents())
    assert (report.unavailable, len(report.waiting_ids)) == ("answered HTTP 401", 2)
    let_time_pass()
    assert sweep(AnalyticsEvents()).done == 2
    assert sink == [["k0", "k1"]]


def test_without_a_sink_the_events_are_kept_untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_GTM_FEEDBACK_ANALYTICS", raising=False)
    recorded(1)
    report = sweep(AnalyticsEvents())
    assert "gtm_feedback_analytics" in str(report.unavailable)
    with session_scope() as session:
        assert session.scalars(select(AnalyticsEvent)).one().attempts == 0


def test_a_kind_that_fails_keeps_no_other_from_going_out(monkeypatch: pytest.MonkeyPatch) -> None:
    start_id = queued()
    monkeypatch.setattr(runs, "start_run", lambda *_: runs.StartResult(runs.StartStatus.STARTED))

    class Broken(runs.RunStarts):
        def due(self, *_: object) -> list[int]:
            raise RuntimeError("in the middle")

    with pytest.raises(ExceptionGroup, match="the rest failed"):
        sweep_pending.carry_out_pending(Broken())
    assert row(start_id).state == "started"


def test_one_more_than_a_sweep_carries_out_is_left_for_the_next(sink: list[list[str]]) -> None:
    recorded(5)
    assert [sweep(AnalyticsEvents(), 2).done for _ in range(4)] == [2, 2, 1, 0]
    assert [key for keys in sink for key in keys] == [f"k{number}" for number in range(5)]
