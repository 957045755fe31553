"""What becomes of a new request: announced, woken, reminded, once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, text

from include.base.errors import FatalError
from include.engine.airflow_api import StartResult, StartStatus
from include.entries.report import open_start_ids
from include.outbox import runs
from include.outbox.effects import sweep
from include.requests import announcing
from include.requests.lifecycle import set_status
from include.store.models import AnalyticsEvent, Area, Request, RequestStatus, RunStart
from include.store.session import session_scope
from tests.db.entries.conftest import TableJudge, make_area, route_entry, submit
from tests.db.requests.conftest import (
    begin_run,
    give_evidence,
    make_user,
    messages,
    new,
    sleep_of,
)

if TYPE_CHECKING:
    from tests.db.entries.conftest import WordsEmbedder

TITLE = "Export a table as CSV"


def end(request_id: int, run_id: str = "n1") -> dict[str, object]:
    waited = {"outcome": sleep_of(run_id).status, "answer": sleep_of(run_id).answer}
    with session_scope() as session:
        return announcing.after_sleep(session, request_id, waited)[0]


def let_the_hour_pass() -> None:
    with session_scope() as session:
        session.execute(text("UPDATE hooks SET status = 'due', closed_at = due_at"))


def test_the_sleep_is_as_long_as_asked_and_a_repeat_does_not_begin_it_again(
    embedder: WordsEmbedder,
) -> None:
    _, slug = new(embedder, TITLE)
    begin_run(slug)
    first = sleep_of()
    begin_run(slug)
    assert sleep_of().due_at == first.due_at
    assert first.due_at is not None
    assert abs(first.due_at - first.created_at - timedelta(hours=1)) < timedelta(seconds=5)
    assert (first.kind, first.status) == ("sleep", "pending")


def test_a_request_without_feedback_reminds_its_creator_once(embedder: WordsEmbedder) -> None:
    request_id, slug = new(embedder, TITLE)
    with session_scope() as session:
        session.get_one(Request, request_id).created_by = make_user("ann")
    begin_run(slug)
    let_the_hour_pass()
    assert end(request_id) | {"woken_by": None} == {
        "request_id": request_id,
        "request": slug,
        "slept": "whole",
        "woken_by": None,
        "outcome": "reminded",
    }
    end(request_id)
    [reminder] = messages("reminder")
    assert reminder.address == "U0ANN"


def test_without_a_creator_in_slack_the_review_channel_is_reminded(embedder: WordsEmbedder) -> None:
    request_id, slug = new(embedder, TITLE)
    begin_run(slug)
    let_the_hour_pass()
    end(request_id)
    assert [message.address for message in messages("reminder")] == ["#feedback-review"]


def test_feedback_from_before_means_no_reminder(embedder: WordsEmbedder) -> None:
    request_id, slug = new(embedder, TITLE)
    give_evidence(request_id, "e1")
    begin_run(slug)
    let_the_hour_pass()
    assert end(request_id)["outcome"] == "has_feedback"
    assert messages("reminder") == []


def test_evidence_wakes_the_sleep(embedder: WordsEmbedder) -> None:
    request_id, slug = new(embedder, TITLE)
    begin_run(slug)
    give_evidence(request_id, "e1")
    assert sleep_of().answer == {"reason": "evidence"}
    assert end(request_id) == {
        "request_id": request_id,
        "request": slug,
        "slept": "woken",
        "woken_by": "evidence",
        "outcome": "evidence",
    }


@pytest.mark.parametrize("status", [RequestStatus.SHIPPED, RequestStatus.DEPRIORITIZED])
def test_a_change_of_status_wakes_the_sleep(embedder: WordsEmbedder, status: RequestStatus) -> None:
    request_id, slug = new(embedder, TITLE)
    begin_run(slug)
    with session_scope() as session:
        request = session.get_one(Request, request_id)
        assert set_status(session, request, status, by="slack:U0ANN") is not None
        assert set_status(session, request, status, by="slack:U0ANN") is None
    assert end(request_id)["outcome"] == status
    assert sleep_of().status == "answered"


def test_evidence_on_another_request_wakes_nobody(embedder: WordsEmbedder) -> None:
    _, slug = new(embedder, TITLE)
    other, _ = new(embedder, "Print on A3 paper")
    begin_run(slug)
    give_evidence(other, "e1")
    assert sleep_of().status == "pending"


def test_what_is_rolled_back_wakes_nobody(embedder: WordsEmbedder) -> None:
    request_id, slug = new(embedder, TITLE)
    begin_run(slug)

    def ship_and_fail() -> None:
        with session_scope() as session:
            request = session.get_one(Request, request_id)
            set_status(session, request, RequestStatus.SHIPPED, by="slack:U0ANN")
            raise RuntimeError("after the change")

    with pytest.raises(RuntimeError):
        ship_and_fail()
    assert sleep_of().status == "pending"


def test_a_deleted_request_ends_the_run_in_order(embedder: WordsEmbedder) -> None:
    request_id, slug = new(embedder, TITLE)
    begin_run(slug)
    with session_scope() as session:
        session.delete(session.get_one(Request, request_id))
    let_the_hour_pass()
    assert end(request_id)["outcome"] == "deleted"
    with session_scope() as session:
        assert announcing.note_opened(session, request_id) == "deleted"
        assert announcing.queue_firehose(session, request_id) == []


def test_each_firehose_channel_hears_once(embedder: WordsEmbedder) -> None:
    areas = [make_area("exports"), make_area("tables"), make_area("quiet")]
    with session_scope() as session:
        for area_id, channel in zip(areas, ("C0FIRE", "C0FIRE", None), strict=True):
            session.get_one(Area, area_id).slack_channel = channel
    request_id, _ = new(embedder, TITLE, areas=areas)
    for _ in range(2):
        with session_scope() as session:
            assert len(announcing.queue_firehose(session, request_id)) == 1
            announcing.note_opened(session, request_id)
    assert [message.address for message in messages("firehose")] == ["C0FIRE"]
    with session_scope() as session:
        event = session.scalars(select(AnalyticsEvent)).one()
    assert event.properties["areas"] == ["exports", "quiet", "tables"]


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("no-such-request", "no-such-request"),
        ("  ", "blank"),
        ("https://pages.example.com/accounts/7", "requests/<slug>"),
    ],
)
def test_an_unknown_request_is_fatal_and_says_what_was_given(
    embedder: WordsEmbedder, reference: str, said: str
) -> None:
    with session_scope() as session, pytest.raises(FatalError, match=said):
        announcing.begin(
            session, reference, dag_id="new_request", run_id="n1", sleep=timedelta(hours=1)
        )


def test_a_strangers_address_is_refused(
    embedder: WordsEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id, slug = new(embedder, TITLE)
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"web_base_url": "https://our.example.com"}')
    assert begin_run(f"https://our.example.com/requests/{slug}") == request_id
    with pytest.raises(FatalError, match="evil"):
        begin_run(f"https://evil.example.com/requests/{slug}")


def test_an_opened_request_has_its_run_written_down_once(
    embedder: WordsEmbedder,
) -> None:
    entry_id = submit("Rosters do not print on A3 paper.")
    for _ in range(2):
        route_entry(entry_id, embedder, TableJudge())
    with session_scope() as session:
        request_id = session.scalars(select(Request.id)).one()
        [start] = session.scalars(select(RunStart)).all()
        assert (start.dag_id, start.run_id) == ("new_request", f"request__{request_id}")
        assert open_start_ids(session, entry_id) == [start.id]


def test_a_run_is_started_once_and_waits_while_airflow_is_away(
    embedder: WordsEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id, _ = new(embedder, TITLE)
    with session_scope() as session:
        runs.queue_new_request(session, session.get_one(Request, request_id))
    answers = [
        StartResult(StartStatus.UNAVAILABLE, "HTTP 503: Airflow cannot start it now"),
        StartResult(StartStatus.STARTED),
    ]
    asked: list[str] = []

    def start(dag_id: str, run_id: str, conf: dict[str, object]) -> StartResult:
        asked.append(run_id)
        return answers[len(asked) - 1]

    monkeypatch.setattr(runs, "start_run", start)
    start_id = open_start()
    assert sweep(runs.RunStarts()).waiting_ids == [start_id]
    assert sweep(runs.RunStarts()).done == 0, "Airflow is left alone for a moment"
    with session_scope() as session:
        session.get_one(RunStart, start_id).not_before = None
    assert sweep(runs.RunStarts()).done_ids == [start_id]
    assert sweep(runs.RunStarts()).done == 0
    assert asked == [f"request__{request_id}"] * 2
    with session_scope() as session:
        assert session.scalars(select(RunStart)).one().attempts == 2
        assert session.scalar(select(func.count(RunStart.id))) == 1


def open_start() -> int:
    with session_scope() as session:
        return session.scalars(select(RunStart.id).where(RunStart.state == "pending")).one()


@pytest.mark.parametrize(("feedback_waits", "started"), [(True, 3), (False, 6)])
def test_while_feedback_waits_only_few_follow_ups_are_started(
    monkeypatch: pytest.MonkeyPatch, feedback_waits: bool, started: int
) -> None:
    monkeypatch.setattr(runs, "FEW", 2)
    monkeypatch.setattr(runs, "start_run", lambda *_: StartResult(StartStatus.STARTED))
    with session_scope() as session:
        for number in range(5):
            runs.queue_run(session, "new_request", f"request__{number}", {"request": "x"})
        runs.queue_run(session, "process_customer_entry", "later", {"customer_pain": "x"})
    if feedback_waits:
        submit("Nobody has decided this yet")
    assert sweep(runs.RunStarts()).done == started
    with session_scope() as session:
        waiting = session.scalars(
            select(RunStart.run_id).where(RunStart.state == "pending").order_by(RunStart.id)
        ).all()
    assert list(waiting) == [f"request__{number}" for number in range(started - 1, 5)]
