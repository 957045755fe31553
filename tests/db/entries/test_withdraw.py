"""Undo of the undo, *Not feedback*, the nearest requests and the details: each has a way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from include.base.entry_state import Stage
from include.entries import correct, details, set_aside, settle, withdraw
from include.entries.entry import get_entry, mark_failed
from include.entries.show import show
from include.entries.state import state_of
from include.entries.tokens import tokens_of
from include.store.models import Account, Decision, Entry, Feedback, Message, Request, RunStart
from include.store.session import session_scope
from tests.db.entries.conftest import (
    TableJudge,
    WordsEmbedder,
    ask,
    make_request,
    press,
    route_entry,
    submit,
    tell_of,
)
from tests.people import member

if TYPE_CHECKING:
    from include.base.entry_state import EntryState
    from include.outbox.replies import AnswerReply
    from include.slack.cards.entry_card import Tokens


def state(entry_id: int) -> EntryState:
    with session_scope() as session:
        return state_of(session, entry_id)


def tokens(entry_id: int) -> Tokens:
    with session_scope() as session:
        return tokens_of(session, [state_of(session, entry_id)])[entry_id]


def change(do: Any, token: str, user: str = "U0ANN", **values: Any) -> AnswerReply:
    with session_scope() as session:
        reply: AnswerReply = do(session, token=token, actor=member(user), **values)
        return reply


def card() -> str:
    """What the newest message about an entry shows."""
    with session_scope() as session:
        return str(
            session.scalars(select(Message).order_by(Message.id.desc()).limit(1)).one().blocks
        )


@pytest.fixture
def attached(embedder: WordsEmbedder) -> tuple[int, int]:
    """An attached entry that its submitter was told of, and its request."""
    request_id = make_request(embedder, "Export tables")
    entry_id = submit("We need to export tables")
    route_entry(entry_id, embedder, TableJudge(**{"export-tables": 0.95}))
    tell_of(entry_id)
    return entry_id, request_id


@pytest.fixture
def created(embedder: WordsEmbedder) -> int:
    """An entry that opened a request, near three others."""
    for title in ("Print tables", "Print charts", "Print maps", "Archive mails"):
        make_request(embedder, title)
    entry_id = submit("Nobody can print calendars")
    judge = TableJudge(**{"print-maps": 0.7, "print-charts": 0.6, "print-tables": 0.55})
    assert route_entry(entry_id, embedder, judge) == "create"
    tell_of(entry_id)
    return entry_id


def test_an_undo_is_undone_by_a_button(attached: tuple[int, int]) -> None:
    entry_id, request_id = attached
    change(correct.undo_attachment, tokens(entry_id).place)
    undone = state(entry_id)
    assert (undone.stage, undone.came_from and undone.came_from.id) == (Stage.CREATED, request_id)
    own = undone.request
    assert own is not None
    assert "Put it back" in card()

    reply = change(correct.move_to, tokens(entry_id).move[request_id])

    assert reply.status == "recorded"
    back = state(entry_id)
    assert (back.stage, back.request and back.request.id) == (Stage.ATTACHED, request_id)
    with session_scope() as session:
        assert session.get_one(Request, own.id).status == "deprioritized"
    assert "Undo" in card()


def test_one_of_the_nearest_is_taken_by_its_button_once(created: int) -> None:
    near = state(created).nearest
    assert [one.title for one in near] == ["Print maps", "Print charts", "Print tables"]
    token = tokens(created).move[near[0].id]
    assert change(correct.move_to, token, "U0EVE").status == "not_allowed"
    assert change(correct.move_to, token).status == "recorded"
    assert change(correct.move_to, token).status == "too_late"
    assert change(correct.move_to, token + "x").status == "unknown"
    now = state(created)
    assert (now.stage, now.request and now.request.title) == (Stage.ATTACHED, "Print maps")


def test_not_feedback_takes_back_and_restore_puts_it_where_it_was(
    attached: tuple[int, int],
) -> None:
    entry_id, request_id = attached
    assert (
        change(withdraw.press_withdraw, tokens(entry_id).withdraw, "U0EVE").status == "not_allowed"
    )
    assert change(withdraw.press_withdraw, tokens(entry_id).withdraw).status == "recorded"
    assert state(entry_id).stage is Stage.WITHDRAWN
    assert "Restore it" in card()
    late = change(withdraw.press_withdraw, tokens(entry_id).withdraw, "U0BOSS")
    assert (late.status, "<@U0ANN>" in str(late.note)) == ("too_late", True)

    assert change(set_aside.press_restore, tokens(entry_id).restore).status == "recorded"

    back = state(entry_id)
    assert (back.stage, back.request and back.request.id) == (Stage.ATTACHED, request_id)
    assert back.confidence == pytest.approx(0.95)
    with session_scope() as session:
        assert session.scalars(select(RunStart)).all() == []
        steps = session.scalars(select(Decision.step).order_by(Decision.id)).all()
    assert steps == ["match", "withdraw", "restore"]


def test_the_request_that_it_alone_opened_closes_with_it(created: int) -> None:
    own = state(created).request
    assert own is not None
    for _ in range(2):
        change(withdraw.press_withdraw, tokens(created).withdraw)
        with session_scope() as session:
            assert session.get_one(Request, own.id).status == "deprioritized"
        change(set_aside.press_restore, tokens(created).restore)
        with session_scope() as session:
            assert session.get_one(Request, own.id).status == "open"
        assert state(created).stage is Stage.CREATED


def test_a_question_is_answered_with_not_feedback_and_asked_again_when_restored(
    embedder: WordsEmbedder,
) -> None:
    make_request(embedder, "Export tables")
    entry_id = submit("We need to export tables")
    judge = TableJudge(**{"export-tables": 0.85})
    route_entry(entry_id, embedder, judge)
    token = ask(entry_id)
    assert press(token, "set_aside").status == "recorded"
    assert state(entry_id).stage is Stage.DECIDED
    assert "It is being taken back." in card()
    run = {"dag_id": "process_customer_entry", "embedder": embedder, "judge": judge}
    settle.apply_answer(session_scope, run_id="r1", **run)  # type: ignore[arg-type]
    assert state(entry_id).stage is Stage.WITHDRAWN
    assert "Restore it" in card()

    run_ids = set()
    for _ in range(2):
        assert change(set_aside.press_restore, tokens(entry_id).restore).status == "recorded"
        with session_scope() as session:
            run_id = get_entry(session, entry_id).run_id
        run_ids.add(run_id)
        assert route_entry(entry_id, embedder, judge, run_id=run_id) == "ask"
        press(ask(entry_id, run_id), "set_aside")
        settle.apply_answer(session_scope, run_id=run_id, **run)  # type: ignore[arg-type]
    assert len(run_ids) == 2
    with session_scope() as session:
        assert session.scalars(select(Feedback)).all() == []


def test_account_and_severity_are_set_afterwards_on_entry_and_evidence(
    attached: tuple[int, int],
) -> None:
    entry_id, _ = attached
    with session_scope() as session:
        session.add(Account(id="acc-1", name="Kestrel", arr=480_000))
    values = {"severity": "high", "account_id": "acc-1", "opportunity_id": None}
    token = tokens(entry_id).details
    assert change(details.set_details, token, "U0EVE", **values).status == "not_allowed"
    assert change(details.set_details, token, **values).status == "recorded"
    with session_scope() as session:
        entry, feedback = session.get_one(Entry, entry_id), session.scalars(select(Feedback)).one()
        assert (entry.severity, entry.account_id, entry.account_known) == ("high", "acc-1", True)
        assert (feedback.severity, feedback.account_id) == ("high", "acc-1")
    assert "Kestrel, $480k ARR · dealbreaker" in card()


def test_what_is_shown_already_is_not_shown_again(attached: tuple[int, int]) -> None:
    with session_scope() as session:
        assert show(session, get_entry(session, attached[0])) == []
        entry = get_entry(session, attached[0])
        change_id = show(session, entry)
    assert change_id == []


def test_a_failed_run_is_said_on_the_card_that_promised_an_end(embedder: WordsEmbedder) -> None:
    make_request(embedder, "Export tables")
    entry_id = submit("We need to export tables")
    route_entry(entry_id, embedder, TableJudge(**{"export-tables": 0.85}))
    press(ask(entry_id), "create")
    assert "A request of its own is being opened." in card()
    with session_scope() as session:
        entry = mark_failed(session, "process_customer_entry", "r1", "apply_answer: no disk")
        assert entry is not None
        show(session, entry)
    assert "I could not finish working on this." in card()
    assert "being opened" not in card()
