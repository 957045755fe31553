"""The ladder says what is there, what is not, and how the product goes on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.agents.judge import judge_task
from include.clients.language_model import agent_from_connection
from include.operations.health import State, ladder, main
from include.store.models import Message, MessageState
from include.store.session import session_scope
from tests.unit.agents.test_client import DRAFT, values

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.operations.health import Rung
    from tests.chat import Chat


@pytest.fixture(autouse=True)
def embeddings(monkeypatch: pytest.MonkeyPatch) -> None:
    value = {"host": "http://127.0.0.1:9", "extra": {"model": "all-MiniLM-L6-v2"}}
    monkeypatch.setenv("AIRFLOW_CONN_EMBEDDINGS_API", json.dumps(value))


def rungs(session: Session, *, ask: bool = False) -> dict[str, Rung]:
    session.expire_all()
    return {rung.part: rung for rung in ladder(session, ask=ask)}


def said(rung: Rung) -> str:
    return " | ".join(rung.facts)


def use(monkeypatch: pytest.MonkeyPatch, chat: Chat, **extra: object) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_GTM_FEEDBACK_LLM", chat.connection(patience=0, **extra))


def test_without_a_model_the_ladder_says_how_it_goes_on(session: Session) -> None:
    model = rungs(session)["language model"]
    assert model.state is State.OFF
    assert "no connection gtm_feedback_llm" in said(model)
    assert "calibrated" in model.meanwhile


def test_a_model_that_answers_is_on_with_what_it_cost(
    session: Session, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, chat, tasks={"judge": "off"})
    chat.script(lacks=["json_schema"])
    assert agent_from_connection().ask(DRAFT, values(), key="k") is not None
    found = rungs(session)
    assert found["language model"].state is State.ON
    assert "does without: json_schema" in said(found["language model"])
    assert "task judge: off" in said(found["language model"])
    assert found["model budget"].state is State.ON
    assert "1 calls" in said(found["model budget"])


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "status", "status": 429, "retry_after": 90}, "left alone until"),
        ({"kind": "status", "status": 500}, "answered 500"),
        ({"kind": "status", "status": 401}, "check the API key"),
        ({"kind": "cut"}, "cannot be reached"),
        ({"kind": "malformed", "times": 2}, "malformed after one repair"),
        ({"kind": "refusal"}, "declined"),
        ({"kind": "empty_choice", "times": 2}, "the answer is empty"),
        ({"kind": "slow", "delay_seconds": 0.5}, "did not answer within 0.1 s"),
    ],
)
def test_each_trouble_of_the_model_is_seen_until_it_answers_again(
    session: Session,
    chat: Chat,
    monkeypatch: pytest.MonkeyPatch,
    fault: dict[str, object],
    words: str,
) -> None:
    use(monkeypatch, chat, **({"timeout": 0.1} if fault["kind"] == "slow" else {}))
    chat.script(**fault)  # type: ignore[arg-type]
    assert agent_from_connection().ask(DRAFT, values(), key="k") is None
    model = rungs(session)["language model"]
    assert model.state is State.DEGRADED
    assert words in said(model)
    assert "loses rows" not in said(model)
    chat.reset()
    with session_scope() as own:
        own.execute(text("UPDATE model_servers SET resting_until = NULL"))
    use(monkeypatch, chat)
    assert agent_from_connection().ask(DRAFT, values(), key="other") is not None
    assert rungs(session)["language model"].state is State.ON


def test_a_spent_budget_and_notes_are_seen(
    session: Session, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, chat)
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"model_budget_per_day": 0.5}')
    agent = agent_from_connection()
    agent.note(judge_task(), "uncalibrated", "The model is not calibrated.")
    agent.note(judge_task(), "uncalibrated", "The model is not calibrated.")
    assert agent.ask(DRAFT, values(), key="k") is not None
    with session_scope() as own:
        own.execute(text("UPDATE model_calls SET cost = 0.5"))
    found = rungs(session)
    assert found["model budget"].state is State.DEGRADED
    assert "midnight" in found["model budget"].meanwhile
    with session_scope() as own:
        own.execute(text("UPDATE model_calls SET cost = 0.49"))
    assert rungs(session)["model budget"].state is State.ON
    assert agent.ask(DRAFT, values(), key="too dear") is None
    assert rungs(session)["model budget"].state is State.DEGRADED
    assert "judge: uncalibrated (2 times" in said(found["language model"])


def test_a_wrong_connection_is_told(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_GTM_FEEDBACK_LLM", '{"host": "http://127.0.0.1"}')
    model = rungs(session)["language model"]
    assert model.state is State.DEGRADED
    assert "extra 'model'" in said(model)


def test_embeddings_and_slack_that_are_away_are_seen_when_asked(session: Session) -> None:
    passive = rungs(session)
    assert passive["embeddings"].state is State.ON
    assert passive["Slack"].state is State.ON
    asked = rungs(session, ask=True)
    assert asked["embeddings"].state is State.DEGRADED
    assert "cannot be reached" in said(asked["embeddings"])
    assert "full text" in asked["embeddings"].meanwhile
    assert asked["Slack"].state is State.DEGRADED
    assert "unreachable" in said(asked["Slack"])


def test_why_messages_wait_or_failed_is_told_in_slacks_codes(session: Session) -> None:
    now = datetime.now(UTC)
    waits, failed = MessageState.PENDING, MessageState.FAILED
    for number, (state, error, age) in enumerate(
        (
            (waits, "ekm_access_denied", 0),
            (waits, "ekm_access_denied", 3),
            (waits, "unreachable: URLError", 0),
            (waits, None, 0),
            (failed, "restricted_action_read_only_channel", 0),
            (failed, "msg_too_long", 3),
        )
    ):
        session.add(
            Message(
                key=f"k{number}",
                purpose="answer",
                address="C1",
                body="x",
                state=state,
                error=error,
                created_at=now - timedelta(days=age),
            )
        )
    session.commit()
    assert rungs(session)["Slack"].facts[1:] == (
        "2 wait: ekm_access_denied",
        "1 wait: unreachable",
        "1 failed: restricted_action_read_only_channel",
    )


def test_the_command_prints_every_part_and_notes_the_model(
    session: Session,
    chat: Chat,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    use(monkeypatch, chat)
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert all(part in printed for part in ("language model", "model budget", "Slack"))
    assert session.scalar(text("SELECT in_use FROM model_servers")) is True


def test_the_command_shows_what_a_model_lacks_and_forgets_it(
    session: Session,
    chat: Chat,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    use(monkeypatch, chat)
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")
    chat.script(lacks=["json_schema"])
    assert agent_from_connection().ask(DRAFT, values(), key="k") is not None
    main([])
    assert "does without: json_schema (found at" in capsys.readouterr().out
    main(["--forget"])
    printed = capsys.readouterr().out
    assert "forgotten what 1 servers lack" in printed
    assert "does without" not in printed
