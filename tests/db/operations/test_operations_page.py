"""The runbook's commands run on the current schema and do what the page says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text

from include.base.errors import FatalError
from include.durable.api import create_hook, get_hook, hook_token, signing_keys
from include.durable.keys import InvalidToken, verify_hook_token
from include.entries.decisions import thresholds_for
from include.entries.entry import get_entry
from include.operations import interventions
from include.operations.__main__ import main
from include.operations.lists import LISTS, rows_of
from include.people.actor import NotAllowed
from include.store.models import Area, AuditRow, Hook, HookKey, Message
from include.store.session import session_scope
from tests.db.entries.conftest import (
    TableJudge,
    WordsEmbedder,
    ask,
    make_request,
    route_entry,
    submit,
)
from tests.people import operator

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def test_every_list_runs_on_the_current_schema(session: Session) -> None:
    for name in LISTS:
        assert rows_of(session, name, entry=0) is not None, name


@pytest.fixture
def asked(embedder: WordsEmbedder) -> tuple[int, str]:
    """An entry with an open question: its id and the question's."""
    make_request(embedder, "Export tables")
    make_request(embedder, "Print tables")
    entry_id = submit("We need to export tables")
    route_entry(entry_id, embedder, TableJudge(**{"export-tables": 0.85}))
    ask(entry_id)
    with session_scope() as session:
        return entry_id, str(session.query(Hook.id).scalar())


def test_what_is_unfinished_says_why(
    asked: tuple[int, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["unfinished"]) == 0
    assert "asks slack:U0ANN until" in capsys.readouterr().out
    assert main(["questions"]) == 0
    assert asked[1] in capsys.readouterr().out
    assert main(["starts"]) == 0
    assert "none." in capsys.readouterr().out


def test_an_operator_answers_for_somebody_and_is_named(asked: tuple[int, str]) -> None:
    assert main(["answer", asked[1], "attach", "--request", "print-tables", "--by", "ann"]) == 0
    with session_scope() as session:
        hook = session.get_one(Hook, asked[1])
        assert (hook.status, hook.answered_by, hook.answered_via) == (
            "answered",
            "user:ann",
            "operator",
        )
        steps = rows_of(session, "decisions", entry=asked[0])
        assert [(one["step"], one["actor"]) for one in steps][-1] == ("answer", "user:ann")
        changed = session.query(Message).order_by(Message.id.desc()).first()
        assert changed is not None
        assert "ann chose another request" in str(changed.blocks)
    assert main(["answer", asked[1], "attach"]) == 2


def test_a_question_is_closed_once(
    asked: tuple[int, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["close", asked[1], "--by", "ann"]) == 0
    with session_scope() as session:
        hook = session.get_one(Hook, asked[1])
        assert (hook.status, hook.answered_via) == ("cancelled", "operator")
        assert get_entry(session, asked[0]).status == "waiting"
    assert main(["close", asked[1]]) == 2
    assert "closed already" in capsys.readouterr().err
    assert main(["close", "no-id"]) == 2
    assert "is no question's id" in capsys.readouterr().err


def test_new_thresholds_count_and_an_areas_own_go_first(session: Session) -> None:
    billing = Area(slug="billing", name="Billing", description="")
    other = Area(slug="other", name="Other", description="")
    session.add_all([billing, other])
    session.flush()
    interventions.set_thresholds(session, 0.92, 0.80, actor=operator(), note="why")
    interventions.set_thresholds(session, 0.95, 0.85, actor=operator(), note="", area="billing")

    general, own = thresholds_for(session, [other.id]), thresholds_for(session, [billing.id])
    assert (general.attach, general.ask) == (0.92, 0.80)
    assert (own.attach, own.ask) == (0.95, 0.85)
    with pytest.raises(FatalError, match="there is no area 'nope'; there are: billing, other"):
        interventions.set_thresholds(session, 0.9, 0.8, actor=operator(), note="", area="nope")
    with pytest.raises(FatalError, match="0 < ask <= attach <= 1 is needed"):
        interventions.set_thresholds(session, 0.8, 0.9, actor=operator(), note="")


def test_rotation_keeps_buttons_of_open_questions_and_then_ends_them(session: Session) -> None:
    hook = create_hook(session, dag_id="d", run_id="r", name="answer", kind="approval")
    old = hook_token(session, hook.id)
    session.commit()
    interventions.add_key(session)
    session.commit()

    assert hook_token(session, hook.id) != old
    assert "1 open questions" in interventions.retire_keys(session)
    assert verify_hook_token(old, signing_keys(session)) == hook.id

    session.execute(text("UPDATE hooks SET status = 'cancelled', closed_at = durable_now()"))
    assert "1 keys are retired" in interventions.retire_keys(session)
    assert len(signing_keys(session)) == 1
    assert session.query(HookKey).count() == 2
    with pytest.raises(InvalidToken):
        verify_hook_token(old, signing_keys(session))
    assert get_hook(session, hook.id) is not None


def test_vectors_that_search_uses_are_not_removed(embedder: WordsEmbedder) -> None:
    make_request(embedder, "Export tables")
    with session_scope() as session:
        with pytest.raises(FatalError, match="there are no vectors of 'old'"):
            interventions.drop_vectors(session, "old")
        session.execute(
            text(
                "INSERT INTO embedding_indexes (key, model, dimensions, state, run_id)"
                " VALUES ('words-384', 'words-384', 384, 'live', 'r')"
            )
        )
        with pytest.raises(FatalError, match="search uses the vectors"):
            interventions.drop_vectors(session, "words-384")
        session.execute(text("UPDATE embedding_indexes SET state = 'retired'"))
        assert "1 vectors of words-384 are removed" in interventions.drop_vectors(
            session, "words-384"
        )


CLOSE = {"choice": "close", "actor": {"email": "Ann@example.com"}}
CHANGE = {"attach": 0.93, "ask": 0.83, "area": None, "note": "", "actor": None}


def test_the_forms_do_what_the_commands_do(
    asked: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"operators": ["olga"]}')
    said = interventions.settle_question(
        {"question": asked[1], **CLOSE}, dag_id="settle_question", run_id="r", started_by="olga"
    )
    assert (
        said == f"Question {asked[1]} is closed by airflow:olga; its entries become "
        "requests of their own."
    )
    said = interventions.change_thresholds(
        CHANGE, dag_id="change_thresholds", run_id="r", started_by="olga"
    )
    assert "attach from 0.93, ask from 0.83 (before: 0.9 and 0.8)" in said
    with session_scope() as session:
        written = session.execute(
            select(AuditRow.actor, AuditRow.claimed, AuditRow.action).order_by(AuditRow.id)
        ).all()
    assert [tuple(one) for one in written] == [
        ("airflow:olga", "user:ann@example.com", "answer"),
        ("airflow:olga", None, "change_settings"),
    ]


@pytest.mark.parametrize("starter", ["eve", None])
def test_a_form_does_nothing_for_who_is_no_operator(
    asked: tuple[int, str], starter: str | None
) -> None:
    with pytest.raises(NotAllowed, match="Only"):
        interventions.settle_question(
            {"question": asked[1], **CLOSE},
            dag_id="settle_question",
            run_id="r",
            started_by=starter,
        )
    with pytest.raises(FatalError, match="Only"):
        interventions.settle_question(
            {"question": asked[1], **CLOSE, "choice": "attach"},
            dag_id="settle_question",
            run_id="r",
            started_by=starter,
        )
    with pytest.raises(NotAllowed, match="operator"):
        interventions.change_thresholds(
            CHANGE, dag_id="change_thresholds", run_id="r", started_by=starter
        )
    with session_scope() as session:
        assert session.get_one(Hook, asked[1]).status == "pending"
