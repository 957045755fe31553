"""Another model judges what was decided: once, within its means, and nothing comes of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, text, update

from include.base.errors import FatalError
from include.base.settings import Settings
from include.clients.language_model import shadow_lane
from include.entries.shadow import WINDOW, judge_in_shadow
from include.entries.shadow_report import NOTHING, OFF, report_lines, shadow_report
from include.operations.__main__ import main
from include.operations.erasure import erase_entry
from include.people.actor import Actor, Standing
from include.store.models import (
    Base,
    Decision,
    Entry,
    Message,
    ModelCall,
    Request,
    ShadowVerdict,
    ThresholdSet,
)
from include.store.session import session_scope
from include.workflows import judge_in_shadow as steps
from include.workflows import report_shadow
from tests.db.entries.conftest import (
    TableJudge,
    WordsEmbedder,
    ask,
    make_request,
    press,
    route_entry,
    submit,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from tests.chat import Chat

PAIN = "Please let us export the invoice table as spreadsheet"
TITLE = "Export the invoice table as a spreadsheet"
OTHER = "Export invoices and their table as a file"
PAIR = "other-model"


@pytest.fixture
def on(model: Chat, monkeypatch: pytest.MonkeyPatch) -> Chat:
    """The lane judges with another model of the same server; a channel hears of it."""
    switch(monkeypatch, shadow_model=PAIR, operations_channel="#ops")
    return model


def switch(monkeypatch: pytest.MonkeyPatch, **values: Any) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", json.dumps({"approvers": ["U0BOSS"]} | values))


def decided(embedder: WordsEmbedder, run: str = "r1", pain: str = PAIN, **table: float) -> int:
    """An entry that the judge without a model has decided; its id."""
    entry_id = submit(pain, run)
    route_entry(entry_id, embedder, TableJudge(**table))
    return entry_id


def says(chat: Chat, **confidences: float) -> None:
    """What the model answers from now on, by slug."""
    with session_scope() as session:
        ids = {row.slug: row.id for row in session.execute(select(Request.slug, Request.id))}
    verdicts = [
        {"id": ids[slug], "confidence": confidence, "reason": "Said so."}
        for slug, confidence in confidences.items()
    ]
    chat.script("content", content=json.dumps({"verdicts": verdicts}), times=99)


def slug(request_id: int) -> str:
    with session_scope() as session:
        return session.get_one(Request, request_id).slug


def run(limit: int = 60) -> dict[str, Any]:
    return steps.judge_portion(limit)


def verdicts() -> list[ShadowVerdict]:
    with session_scope() as session:
        return list(session.scalars(select(ShadowVerdict).order_by(ShadowVerdict.id)))


def everything_else() -> dict[str, list[Any]]:
    """Every row of every table that the lane does not write."""
    own = ("model_calls", "model_servers", "shadow_verdicts")
    with session_scope() as session:
        return {
            table.name: sorted(
                str(row) for row in session.execute(text(f'SELECT t::text FROM "{table.name}" t'))
            )
            for table in Base.metadata.sorted_tables
            if table.name not in own
        }


def test_without_a_setting_nobody_is_asked(model: Chat, embedder: WordsEmbedder) -> None:
    decided(embedder, **{slug(make_request(embedder, TITLE)): 0.95})
    assert run() == {"is_on": False}
    assert model.seen() == []


def test_the_verdict_is_stored_once_and_nothing_comes_of_it(
    on: Chat, embedder: WordsEmbedder
) -> None:
    wanted, other = make_request(embedder, TITLE), make_request(embedder, OTHER)
    entry_id = decided(embedder, **{slug(wanted): 0.95})
    says(on, **{slug(other): 0.97})
    before = everything_else()
    assert run() | {"prompt_version": "v"} == {
        "is_on": True,
        "model": PAIR,
        "prompt_version": "v",
        "judged": 1,
        "unanswered": 0,
        "left": 0,
        "closed": None,
    }
    assert run()["judged"] == 0
    assert len(on.seen()) == 1
    assert everything_else() == before
    [one] = verdicts()
    stated = {row["request_id"]: row["stated"] for row in one.verdicts}
    assert stated == {wanted: None, other: 0.97}
    assert (one.route, one.request_id, one.confidence) == ("ask", other, 0.89)
    assert "Said so" not in str(one.verdicts)
    with session_scope() as session:
        [call] = session.scalars(select(ModelCall))
        assert (call.entry_id, call.model) == (entry_id, PAIR)
        assert (one.tokens_in, one.tokens_out, one.cost) == (
            call.tokens_in,
            call.tokens_out,
            call.cost,
        )
        assert one.cost > 0


def test_it_reads_what_was_attached_before_and_never_the_entry_itself(
    on: Chat, embedder: WordsEmbedder
) -> None:
    table = {slug(make_request(embedder, TITLE)): 0.95}
    decided(embedder, "r1", "the invoice table to a spreadsheet", **table)
    decided(embedder, "r2", **table)
    decided(embedder, "r3", "spreadsheet of the invoice table, later", **table)
    run()
    [of_second] = [
        content
        for one in on.seen()
        if (content := one["messages"][-1]["content"]).count(PAIN) and "later" not in content
    ]
    assert "feedback 1: the invoice table to a spreadsheet" in of_second
    assert of_second.count(PAIN) == 1
    assert "feedback 2" not in of_second


def test_accepted_thresholds_of_the_pair_say_what_it_would_have_done(
    on: Chat, embedder: WordsEmbedder
) -> None:
    wanted = make_request(embedder, TITLE)
    decided(embedder, **{slug(wanted): 0.85})
    lane = shadow_lane(Settings(shadow_model=PAIR))
    assert lane is not None
    with session_scope() as session:
        made = ThresholdSet(
            attach=0.85,
            ask=0.5,
            judge=f"model/{PAIR}/{lane.task.prompt_version}",
            is_fitted=True,
            created_by="a",
        )
        session.add(made)
        session.flush()
        version = made.version
    says(on, **{slug(wanted): 0.95})
    run()
    [one] = verdicts()
    assert (one.route, one.request_id, one.thresholds_version) == ("attach", wanted, version)


def test_a_portion_is_bounded_and_the_next_run_goes_on(on: Chat, embedder: WordsEmbedder) -> None:
    table = {slug(make_request(embedder, TITLE)): 0.95}
    for number in range(3):
        decided(embedder, f"r{number}", f"{PAIN} {number}", **table)
    first = run(limit=2)
    assert (first["judged"], first["left"]) == (2, 1)
    assert run(limit=2)["judged"] == 1
    assert len(on.seen()) == len({one.decision_id for one in verdicts()}) == 3


def test_a_share_chooses_always_the_same_decisions(
    on: Chat, embedder: WordsEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(embedder, **{slug(make_request(embedder, TITLE)): 0.95})
    switch(monkeypatch, shadow_model=PAIR, shadow_share=0)
    assert run()["judged"] == 0
    assert on.seen() == []


def test_it_leaves_half_of_the_budget_and_goes_on_when_there_is_money_again(
    on: Chat, embedder: WordsEmbedder, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(embedder, **{slug(make_request(embedder, TITLE)): 0.95})
    session.execute(
        text(
            "INSERT INTO model_calls (call_key, task, model, prompt_version, server, key, outcome,"
            " cost) VALUES ('c', 't', 'm', 'p', 's', 'k', 'unavailable', 5.0)"
        )
    )
    session.commit()
    closed = run()
    assert (closed["judged"], closed["left"], closed["closed"]) == (0, 1, "budget")
    assert verdicts() == []
    assert session.scalars(select(Message.id)).all() == []
    switch(monkeypatch, shadow_model=PAIR, model_budget_per_day=100)
    assert run()["judged"] == 1


def test_a_server_in_trouble_is_asked_again_later(on: Chat, embedder: WordsEmbedder) -> None:
    decided(embedder, **{slug(make_request(embedder, TITLE)): 0.95})
    on.script("status", status=500, times=9)
    assert run()["left"] == 1
    assert verdicts() == []
    on.script("")
    assert run()["judged"] == 1


def test_an_answer_that_is_no_use_is_paid_once_and_counted(
    on: Chat, embedder: WordsEmbedder
) -> None:
    decided(embedder, **{slug(make_request(embedder, TITLE)): 0.95})
    on.script("malformed", times=2)
    assert run()["unanswered"] == 1
    assert run() | {"prompt_version": ""} == {
        "is_on": True,
        "model": PAIR,
        "prompt_version": "",
        "judged": 0,
        "unanswered": 0,
        "left": 0,
        "closed": None,
    }
    [one] = verdicts()
    assert (one.route, one.verdicts) == (None, [])
    assert one.cost > 0


def test_old_erased_and_own_decisions_are_not_judged(
    on: Chat, embedder: WordsEmbedder, session: Session
) -> None:
    table = {slug(make_request(embedder, TITLE)): 0.95}
    old, erased, own = (decided(embedder, run, f"{PAIN} {run}", **table) for run in "abc")
    lane = shadow_lane(Settings(shadow_model=PAIR))
    assert lane is not None
    by_entry = update(Decision).where(Decision.entry_id == old)
    session.execute(by_entry.values(decided_at=func.now() - WINDOW - timedelta(hours=1)))
    session.execute(
        update(Entry).where(Entry.id == erased).values(idempotency_key=f"erased:{erased}")
    )
    session.execute(
        update(Decision)
        .where(Decision.entry_id == own)
        .values(judge="model", model=PAIR, prompt_version=lane.task.prompt_version)
    )
    session.commit()
    found = judge_in_shadow(session_scope, lane, datetime.now(UTC), share=1, limit=9)
    assert found == {"judged": 0, "unanswered": 0, "left": 0, "closed": None}
    assert on.seen() == []


def test_erasing_an_entry_takes_the_answer_about_it_and_leaves_the_numbers(
    on: Chat, embedder: WordsEmbedder
) -> None:
    wanted = make_request(embedder, TITLE)
    entry_id = decided(embedder, **{slug(wanted): 0.95})
    says(on, **{slug(wanted): 0.95})
    run()
    [before] = verdicts()
    operator = Actor(Standing.OPERATOR, name="olga", run="shell/olga")
    with session_scope() as session:
        erase_entry(session, str(entry_id), operator)
    with session_scope() as session:
        [call] = session.scalars(select(ModelCall))
        assert call.answer is None
    [after] = verdicts()
    assert (after.verdicts, after.cost) == (before.verdicts, before.cost)
    assert run()["judged"] == 0
    assert "judged 1 of 1 decisions" in str(report())


@pytest.mark.parametrize("name", ["nobody_wrote_it", "draft_request", "_rules"])
def test_a_prompt_that_does_not_fit_is_refused(model: Chat, name: str) -> None:
    with pytest.raises(FatalError, match="shadow_prompt"):
        shadow_lane(Settings(shadow_prompt=name))
    assert model.seen() == []


def test_a_connection_of_its_own_brings_its_model(
    model: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SHADOW_LLM", model.connection(model="of-its-own"))
    lane = shadow_lane(Settings(shadow_model="connection:shadow_llm"))
    assert lane is not None
    assert lane.model == "of-its-own"
    monkeypatch.setattr("include.base.connections._from_airflow", missing)
    with pytest.raises(FatalError, match="nowhere"):
        shadow_lane(Settings(shadow_model="connection:nowhere"))


def missing(conn_id: str) -> None:
    raise FatalError(f"{conn_id} is not defined")


def report(days: float = 1) -> list[str]:
    now = datetime.now(UTC) + timedelta(minutes=1)
    with session_scope() as session:
        return report_lines(shadow_report(session, now - timedelta(days=days), now))


def test_empty_states_are_said_in_words(
    model: Chat, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert model.seen() == []
    assert report() == [OFF]
    switch(monkeypatch, shadow_model=PAIR)
    assert report() == [NOTHING]
    assert main(["shadow"]) == 0
    assert capsys.readouterr().out == f"{NOTHING}\n"


def test_the_report_compares_routes_requests_answers_and_cost(
    on: Chat, embedder: WordsEmbedder, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted, other = make_request(embedder, TITLE), make_request(embedder, OTHER)
    for name, choice in (("yes", "attach"), ("no", "create")):
        entry_id = decided(embedder, name, f"{PAIN} {name}", **{slug(wanted): 0.85})
        press(ask(entry_id, name), choice)
    decided(embedder, "kept", f"{PAIN} kept", **{slug(wanted): 0.95})
    says(on, **{slug(wanted): 0.95})
    assert run(limit=1)["judged"] == 1
    says(on, **{slug(other): 0.95})
    assert run(limit=1)["judged"] == 1
    says(on)
    assert run(limit=1)["judged"] == 1
    with session_scope() as session:
        now = datetime.now(UTC) + timedelta(minutes=1)
        found = shadow_report(session, now - timedelta(days=1), now)
    [one] = found.models
    assert dict(one.routes) == {("ask", "ask"): 2, ("attach", "create"): 1}
    assert (found.decisions, one.judged) == (3, 3)
    assert (one.same, one.other) == (1, 1)
    # Approved: both were right. Declined: both named a request, and it is a new one.
    assert (one.answered, one.live_right, one.shadow_right) == (2, 1, 1)
    assert (one.only_live_right, one.only_shadow_right) == (0, 0)
    assert one.cost == sum(row.cost for row in verdicts())
    assert main(["shadow", "--days", "2"]) == 0
    said = capsys.readouterr().out
    assert "judged 3 of 3 decisions" in said
    assert "attached, would open a new request: 1" in said
    assert "People said where 2 of them belong" in said
    assert TITLE not in said


def test_a_shadow_that_would_have_opened_what_people_opened_was_right(
    on: Chat, embedder: WordsEmbedder
) -> None:
    entry_id = decided(embedder, **{slug(make_request(embedder, TITLE)): 0.85})
    press(ask(entry_id), "create")
    says(on)
    run()
    assert "the shadow 1 times; only the first 0 times, only the shadow 1 times." in str(report())


def test_the_operations_channel_hears_of_a_day_once_and_of_an_empty_one_never(
    on: Chat, embedder: WordsEmbedder, session: Session
) -> None:
    until = datetime.now(UTC) + timedelta(minutes=1)
    assert report_shadow.report_day(until)["is_told"] is False
    decided(embedder, **{slug(make_request(embedder, TITLE)): 0.95})
    run()
    assert len(on.seen()) == 1
    first = report_shadow.report_day(until)
    assert first["is_told"] is True
    assert first["day"]["models"][0]["judged"] == 1
    assert report_shadow.report_day(until)["is_told"] is False
    [message] = session.scalars(select(Message).where(Message.purpose == "notice"))
    assert message.address == "#ops"
    assert PAIR in message.body
