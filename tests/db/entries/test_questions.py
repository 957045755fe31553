"""Asking a person: the answer, the refusals, no answer, and what the card says."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, text

from include.base.errors import FatalError
from include.durable.api import cancel_hook, find_hook
from include.durable.keys import hook_key
from include.entries import questions
from include.entries import settle as outcomes
from include.entries.decide import Way
from include.entries.entry import get_entry
from include.store.models import Decision, Feedback, Hook, Message, Request
from include.store.session import session_scope
from tests.db.entries.conftest import (
    DAG,
    TableJudge,
    WordsEmbedder,
    ask,
    make_request,
    press,
    route_entry,
    submit,
    tell_of,
)

if TYPE_CHECKING:
    from include.durable.types import HookView

JUDGE = TableJudge(**{"export-tables": 0.85})


@pytest.fixture
def asked(embedder: WordsEmbedder) -> tuple[int, int, str]:
    """An entry with an open question: entry id, request id, token."""
    request_id = make_request(embedder, "Export tables")
    entry_id = submit("We need to export tables")
    assert route_entry(entry_id, embedder, JUDGE) == "ask"
    return entry_id, request_id, ask(entry_id)


def apply(entry_id: int, embedder: WordsEmbedder, run_id: str = "r1") -> int:
    [request_id] = outcomes.apply_answer(
        session_scope, dag_id=DAG, run_id=run_id, embedder=embedder, judge=JUDGE
    )
    with session_scope() as session:
        assert get_entry(session, entry_id).outcome is not None
    return request_id


def hook(run_id: str = "r1") -> HookView:
    with session_scope() as session:
        found = find_hook(session, hook_key(DAG, run_id, "answer"))
    assert found is not None
    return found


def close(status: str) -> None:
    with session_scope() as session:
        session.execute(text(f"UPDATE hooks SET status = '{status}', closed_at = now()"))


def cards(kind: str) -> list[Message]:
    with session_scope() as session:
        statement = select(Message).where(Message.kind == kind).order_by(Message.id)
        return list(session.scalars(statement))


def shown(message: Message) -> str:
    return str(message.blocks)


def test_the_card_shows_quote_request_confidence_and_its_buttons(
    asked: tuple[int, int, str],
) -> None:
    entry_id, _, token = asked
    [card] = cards("post")
    assert (card.purpose, card.address) == ("question", "U0ANN")
    for part in ("We need to export tables", "Export tables", "85%", "Both name it.", token):
        assert part in shown(card)
    assert shown(card).count("'button'") == 5
    with session_scope() as session:
        assert get_entry(session, entry_id).status == "waiting"


def test_asking_again_after_a_retry_posts_nothing_new(asked: tuple[int, int, str]) -> None:
    entry_id, _, token = asked
    assert ask(entry_id) == token
    assert len(cards("post")) == 1


def test_approval_attaches_once_and_locks_the_card(
    asked: tuple[int, int, str], embedder: WordsEmbedder
) -> None:
    entry_id, request_id, token = asked
    reply = press(token, "attach")
    assert (reply.status, reply.note) == ("recorded", None)
    [locked] = cards("update")
    assert "'button'" not in shown(locked)
    assert "<@U0ANN> chose “Add to this request” on " in shown(locked)
    assert "It is being added to" in shown(locked)
    assert [apply(entry_id, embedder) for _ in range(2)] == [request_id] * 2
    with session_scope() as session:
        feedback = session.scalars(select(Feedback)).one()
        assert (feedback.request_id, feedback.match_type) == (request_id, "person")
        steps = session.scalars(select(Decision.step).order_by(Decision.id)).all()
        actors = session.scalars(select(Decision.actor).order_by(Decision.id)).all()
    assert steps == ["match", "answer"]
    assert actors == [None, "slack:U0ANN"]


def test_declining_opens_a_request_and_the_card_names_it(
    asked: tuple[int, int, str], embedder: WordsEmbedder
) -> None:
    entry_id, request_id, token = asked
    press(token, "create")
    opened = apply(entry_id, embedder)
    assert opened != request_id
    assert apply(entry_id, embedder) == opened
    with session_scope() as session:
        assert session.scalar(select(func.count(Request.id))) == 2
        assert get_entry(session, entry_id).outcome == "created"
        title = session.get_one(Request, opened).title
    assert title in shown(cards("update")[-1])


@pytest.mark.parametrize(
    ("status", "step", "words"),
    [("expired", "expiry", "Nobody answered"), ("cancelled", "cancel", "closed in Airflow")],
)
def test_an_entry_nobody_answered_is_never_lost(
    asked: tuple[int, int, str], embedder: WordsEmbedder, status: str, step: str, words: str
) -> None:
    entry_id, request_id, token = asked
    close(status)
    assert apply(entry_id, embedder) != request_id
    with session_scope() as session:
        decision = session.scalars(select(Decision).where(Decision.step == step)).one()
        assert decision.route == "create"
    assert words in shown(cards("update")[-1])
    late = press(token, "attach")
    assert late.status == "too_late"
    assert words in str(late.note)


def test_an_open_question_is_not_applied(
    asked: tuple[int, int, str], embedder: WordsEmbedder
) -> None:
    with pytest.raises(FatalError, match="is open; clear wait_for_answer"):
        apply(asked[0], embedder)


def test_the_same_problem_opened_meanwhile_is_joined_instead_of_opened_again(
    asked: tuple[int, int, str], embedder: WordsEmbedder
) -> None:
    _, _, token = asked
    twin = make_request(embedder, "Need to export tables")
    press(token, "create")
    judge = TableJudge(**{"export-tables": 0.85, "need-to-export-tables": 0.97})
    joined = outcomes.apply_answer(
        session_scope, dag_id=DAG, run_id="r1", embedder=embedder, judge=judge
    )
    assert joined == [twin]
    assert "reported meanwhile" in shown(cards("update")[-1])


def test_a_stranger_an_approver_and_a_late_click(asked: tuple[int, int, str]) -> None:
    _, _, token = asked
    stranger = press(token, "create", "U0EVE")
    assert stranger.status == "not_allowed"
    assert "<@U0ANN>" in str(stranger.note)
    assert hook().is_open
    assert press(token, "attach", "U0BOSS").status == "recorded"
    late = press(token, "create", "U0ANN")
    assert late.status == "too_late"
    assert "<@U0BOSS> chose “Add to this request”" in str(late.note)
    assert len(cards("update")) == 1


def test_a_forged_button_changes_nothing(asked: tuple[int, int, str]) -> None:
    _, _, token = asked
    for forged in ("", "x", token[:-2], token.replace(token[:8], "00000000")):
        reply = press(forged, "attach")
        assert reply.status == "unknown"
        assert "Nothing was changed" in str(reply.note)
    assert hook().is_open


def test_an_unknown_choice_is_refused(asked: tuple[int, int, str]) -> None:
    with pytest.raises(FatalError, match="'maybe'"):
        press(asked[2], "maybe")
    assert hook().is_open


def test_twenty_clicks_at_once_make_one_decision(asked: tuple[int, int, str]) -> None:
    _, _, token = asked
    choices = ["attach", "create"] * 10
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda choice: press(token, choice), choices))
    assert sorted(reply.status for reply in replies) == ["recorded"] + ["too_late"] * 19
    with session_scope() as session:
        count = select(func.count(Decision.id)).where(Decision.step == "answer")
        assert session.scalar(count) == 1
    assert len(cards("update")) == 1


def test_a_reminder_is_queued_once_and_only_while_the_question_is_open(
    asked: tuple[int, int, str],
) -> None:
    for _ in range(2):
        questions.on_hook_event(hook(), "remind")
    reminders = [card for card in cards("post") if card.purpose == "reminder"]
    assert len(reminders) == 1
    assert "6 days" in shown(reminders[0])
    press(asked[2], "attach")
    questions.on_hook_event(hook(), "remind")
    assert len([card for card in cards("post") if card.purpose == "reminder"]) == 1


def test_closing_in_airflow_locks_the_card_and_clearing_unlocks_it(
    asked: tuple[int, int, str],
) -> None:
    _, _, token = asked
    closed = hook()
    with session_scope() as session:
        cancel_hook(session, closed.id, by="airflow", via="airflow")
    questions.on_hook_event(closed, "cancelled")
    assert "closed in Airflow" in shown(cards("update")[-1])
    with session_scope() as session:
        session.execute(
            text("UPDATE hooks SET status = 'pending', closed_at = NULL, waiter = 'ti-2'")
        )
        session.execute(text("UPDATE entries SET status = 'failed', error = 'wait: killed'"))
    questions.on_hook_event(closed, "reopened")
    with session_scope() as session:
        entry = get_entry(session, asked[0])
        assert (entry.status, entry.error) == ("waiting", None)
    assert token in shown(cards("update")[-1])
    assert press(token, "attach").status == "recorded"


def test_without_a_submitter_in_slack_the_review_channel_is_asked_and_anybody_may_answer(
    embedder: WordsEmbedder,
) -> None:
    make_request(embedder, "Export tables")
    entry_id = submit("We need to export tables", submitter={"email": "ann@example.com"})
    route_entry(entry_id, embedder, JUDGE)
    token = ask(entry_id)
    [card] = cards("post")
    assert card.address == "#feedback-review"
    assert press(token, "attach", "U0EVE").status == "recorded"


def test_whoever_reads_the_review_channel_is_not_told_that_it_is_their_feedback(
    embedder: WordsEmbedder,
) -> None:
    make_request(embedder, "Export tables")
    sure = TableJudge(**{"export-tables": 0.97})
    for words, submitter in (
        ("Export tables", {"email": "ann@example.com"}),
        ("Export our tables", {"slack_user_id": "U0ANN"}),
    ):
        entry_id = submit(words, run_id=words, submitter=submitter)
        assert route_entry(entry_id, embedder, sure) is Way.ATTACH
        tell_of(entry_id)
    nobodys, anns = cards("post")
    assert (nobodys.address, anns.address) == ("#feedback-review", "U0ANN")
    assert "our feedback" not in shown(nobodys)
    assert nobodys.body.startswith("Feedback was added to")
    assert anns.body.startswith("Your feedback was added to")


def test_settings_decide_when_a_reminder_and_the_end_come(asked: tuple[int, int, str]) -> None:
    with session_scope() as session:
        row = session.scalars(select(Hook)).one()
    assert row.remind_at is not None
    assert row.expires_at is not None
    assert row.expires_at - row.remind_at == timedelta(days=6)
