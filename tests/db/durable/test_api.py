"""The hooks table's API: first answer wins, everybody else hears the recorded outcome."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.base.errors import FatalError
from include.durable.api import (
    answer_hook,
    cancel_hook,
    create_hook,
    find_hook,
    get_hook,
    hook_token,
    signing_keys,
)
from include.durable.keys import verify_hook_token
from include.durable.types import AnswerResult, AnswerStatus, HookView
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

pytestmark = pytest.mark.usefixtures("feedback_db")


def create(session: Session, **values: object) -> HookView:
    defaults: dict[str, object] = {
        "dag_id": "d",
        "run_id": "r",
        "name": "answer",
        "kind": "approval",
    }
    return create_hook(session, **(defaults | values))  # type: ignore[arg-type]


def answer(hook_id: uuid.UUID, choice: str, by: str = "slack:U1") -> AnswerResult:
    with session_scope() as session:
        return answer_hook(session, hook_id, answer={"choice": choice}, by=by, via="test")


def test_creating_twice_gives_the_same_hook_with_the_same_token() -> None:
    with session_scope() as session:
        first = create(session, question={"a": 1})
        token = hook_token(session, first.id)
    with session_scope() as session:
        again = create(session, question={"a": 2})
        assert (again.id, again.question) == (first.id, {"a": 1})
        assert hook_token(session, again.id) == token
        assert verify_hook_token(token, signing_keys(session)) == first.id


def test_the_first_answer_counts_and_a_later_one_is_told_it() -> None:
    with session_scope() as session:
        hook = create(session)
    assert answer(hook.id, "attach").status is AnswerStatus.RECORDED
    late = answer(hook.id, "create", by="slack:U2")
    assert late.status is AnswerStatus.TOO_LATE
    assert late.hook is not None
    assert (late.hook.answer, late.hook.answered_by) == ({"choice": "attach"}, "slack:U1")


def test_twenty_answers_at_once_make_one_decision() -> None:
    with session_scope() as session:
        hook = create(session)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda n: answer(hook.id, f"c{n}", f"slack:U{n}"), range(20)))
    recorded = [r for r in results if r.status is AnswerStatus.RECORDED]
    assert len(recorded) == 1
    told = {str(r.hook.answer) for r in results if r.hook}
    assert len(told) == 1


def test_only_a_responder_or_an_approver_may_answer() -> None:
    with session_scope() as session:
        hook = create(session, responders=["slack:U1"])
    assert answer(hook.id, "attach", by="slack:U9").status is AnswerStatus.NOT_ALLOWED
    with session_scope() as session:
        assert find_hook(session, hook.key).is_open  # type: ignore[union-attr]
        allowed = answer_hook(
            session,
            hook.id,
            answer={"choice": "create"},
            by="slack:U9",
            via="test",
            is_approver=lambda by: by == "slack:U9",
        )
    assert allowed.status is AnswerStatus.RECORDED


def test_an_unknown_hook_is_said_to_be_unknown() -> None:
    assert answer(uuid.uuid4(), "attach").status is AnswerStatus.UNKNOWN


def test_an_answer_after_the_expiry_is_too_late_even_before_the_loop_noticed(
    move_clock: Callable[[timedelta], None],
) -> None:
    with session_scope() as session:
        hook = create(session, expires_after=timedelta(days=7))
    move_clock(timedelta(days=7, seconds=1))
    assert answer(hook.id, "attach").status is AnswerStatus.TOO_LATE


def test_a_cancelled_question_is_asked_again_as_a_new_round_with_history() -> None:
    with session_scope() as session:
        hook = create(session)
        assert cancel_hook(session, hook.id, by="ops", via="product")
        assert not cancel_hook(session, hook.id, by="ops", via="product")
    with session_scope() as session:
        again = create(session)
        assert (again.round, again.status) == (2, "pending")
        old = get_hook(session, hook.id)
    assert old is not None
    assert (old.status, old.round) == ("cancelled", 1)
    assert answer(hook.id, "attach").status is AnswerStatus.TOO_LATE


def test_an_answered_question_is_not_asked_again_by_a_retry() -> None:
    with session_scope() as session:
        hook = create(session)
    answer(hook.id, "attach")
    with session_scope() as session:
        assert create(session).status == "answered"


@pytest.mark.parametrize(
    "change",
    [
        "status = 'answered', closed_at = now()",
        "status = 'cancelled'",
        "closed_at = now()",
        "status = 'nonsense', closed_at = now()",
        "round = 0",
    ],
)
def test_a_wrong_state_cannot_be_stored(change: str) -> None:
    with session_scope() as session:
        create(session)
    with pytest.raises(FatalError, match="database refused it"), session_scope() as session:
        session.execute(text(f"UPDATE hooks SET {change}"))


@pytest.mark.parametrize("rounds", [1, 2])
def test_creators_at_once_make_one_hook(rounds: int) -> None:
    together = Barrier(8)
    runs = [f"r{number}" for number in range(60)]

    def make(run_id: str) -> tuple[uuid.UUID, int]:
        together.wait(10)
        with session_scope() as session:
            hook = create(session, run_id=run_id)
            return hook.id, hook.round

    if rounds == 2:
        with session_scope() as session:
            for run_id in runs:
                cancel_hook(session, create(session, run_id=run_id).id, by="test", via="api")
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(make, [run_id for run_id in runs for _ in range(8)]))
    for at in range(0, len(made), 8):
        [(_, number)] = set(made[at : at + 8])
        assert number == rounds
