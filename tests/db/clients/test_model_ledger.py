"""The ledger of model calls on a real database: answers once, money kept, servers at rest."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import select, text, update

from include.agents.ledger import Call, CallOutcome, Result
from include.clients.language_model import agent_from_connection
from include.clients.model_ledger import StoreLedger, forget_lacks, spent_today
from include.store.models import Message, ModelCall, ModelServer
from include.store.session import session_scope
from tests.unit.agents.test_client import DRAFT, values

if TYPE_CHECKING:
    import pytest
    from sqlalchemy.orm import Session

    from tests.chat import Chat

CALL = Call("one", "judge", "m", "abc", "server", "judge:1", None, Decimal("0.4"))
ANSWERED = Result(CallOutcome.ANSWERED, 1, 100, 20, Decimal("0.01"), 0.5, answer='{"verdicts": []}')


def ledger(budget: str = "1") -> StoreLedger:
    return StoreLedger(session_scope, Decimal(budget))


def test_an_answer_is_stored_and_found_again(session: Session) -> None:
    opened = ledger().open(CALL)
    assert opened.call_id is not None
    ledger().close(opened.call_id, CALL, ANSWERED)
    again = ledger().open(CALL)
    assert again.call_id is None
    assert again.stored is not None
    assert again.stored.answer == ANSWERED.answer
    [row] = session.scalars(select(ModelCall))
    assert (row.tokens_in, row.cost, row.outcome) == (100, Decimal("0.01"), "answered")


def test_what_is_under_way_counts_against_the_budget(session: Session) -> None:
    first, second, third = (
        ledger().open(replace(CALL, call_key=key, reserved=Decimal("0.4"))) for key in "abc"
    )
    assert first.call_id
    assert second.call_id
    assert third.closed == "budget"
    ledger().close(first.call_id, CALL, ANSWERED)
    assert spent_today(session) == Decimal("0.41")
    assert ledger().open(replace(CALL, call_key="c")).call_id


def test_yesterdays_money_does_not_count(session: Session) -> None:
    assert ledger().open(replace(CALL, reserved=Decimal(1))).call_id
    assert ledger().open(CALL).closed == "budget"
    with session_scope() as own:
        own.execute(text("UPDATE model_calls SET created_at = now() - interval '1 day'"))
    assert spent_today(session) == 0
    assert ledger().open(CALL).call_id


def test_a_server_in_trouble_rests_and_what_it_lacks_is_remembered(session: Session) -> None:
    down = Result(CallOutcome.UNAVAILABLE, 1, error="The server answered 503.", retry_after=60)
    opened = ledger().open(CALL)
    assert opened.call_id
    ledger().note_lacking(CALL, "json_schema")
    ledger().close(opened.call_id, CALL, down)
    again = ledger().open(CALL)
    assert again.closed == "resting"
    assert again.lacking == {"json_schema"}
    [server] = session.scalars(select(ModelServer))
    assert server.last_error == "The server answered 503."
    with session_scope() as own:
        own.execute(text("UPDATE model_servers SET resting_until = now() - interval '1 second'"))
    assert ledger().open(CALL).call_id


def test_a_lack_is_tried_again_after_a_day_or_when_it_is_forgotten_by_command(
    session: Session,
) -> None:
    for _ in range(2):
        ledger().note_lacking(CALL, "json_schema")
        assert ledger().open(CALL).lacking == {"json_schema"}
        assert forget_lacks(session) == 1
        session.commit()
        assert ledger().open(CALL).lacking == set()
    assert forget_lacks(session) == 0
    with session_scope() as own:
        long_ago = {"json_schema": "2020-01-01T00:00:00+00:00"}
        own.execute(update(ModelServer).values(lacking=long_ago))
    assert ledger().open(CALL).lacking == set()


def test_a_refused_connection_is_noted_but_does_not_rest(session: Session) -> None:
    opened = ledger().open(CALL)
    assert opened.call_id
    ledger().close(opened.call_id, CALL, Result(CallOutcome.MISCONFIGURED, error="401"))
    assert ledger().open(CALL).call_id


def test_without_a_connection_there_is_nobody(session: Session) -> None:
    agent = agent_from_connection()
    assert agent.model_for(DRAFT) is None
    assert agent.ask(DRAFT, values(), key="k") is None


def test_with_a_connection_there_is_a_model_and_one_alert_when_its_money_is_spent(
    session: Session, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_GTM_FEEDBACK_LLM", chat.connection())
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"model_budget_per_day": 0.03}')
    agent = agent_from_connection()
    assert agent.ask(DRAFT, values(), key="k") is not None
    with session_scope() as own:
        own.execute(text("UPDATE model_calls SET cost = 0.03"))
    assert agent.ask(DRAFT, values(), key="k") is not None
    assert agent.ask(DRAFT, values(), key="other") is None
    assert agent.ask(DRAFT, values(), key="third") is None
    assert len(chat.seen()) == 1
    [message] = session.scalars(select(Message).where(Message.purpose == "notice"))
    assert "budget" in message.body
    assert message.address == "#feedback-review"


def test_a_wrong_connection_stops_nothing(
    session: Session, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_GTM_FEEDBACK_LLM", '{"host": "http://127.0.0.1"}')
    assert agent_from_connection().model_for(DRAFT) is None
    assert "extra 'model' is None" in caplog.text
