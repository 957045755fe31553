"""Undo of an automatic attachment: once, by the right person, and nothing is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from include.durable.api import signing_keys
from include.durable.keys import sign
from include.entries.correct import undo_attachment
from include.entries.entry import get_entry
from include.store.models import (
    Decision,
    Feedback,
    Message,
    Request,
    RequestEmbedding,
    RequestFollower,
)
from include.store.session import session_scope
from tests.db.entries.conftest import (
    TableJudge,
    WordsEmbedder,
    make_request,
    route_entry,
    submit,
    tell_of,
)
from tests.people import member

if TYPE_CHECKING:
    from include.outbox.replies import AnswerReply


@pytest.fixture
def attached(embedder: WordsEmbedder) -> tuple[int, int, str]:
    """An automatically attached entry: entry id, request id, undo token."""
    request_id = make_request(embedder, "Export tables")
    entry_id = submit("We need to export tables")
    route_entry(entry_id, embedder, TableJudge(**{"export-tables": 0.95}))
    tell_of(entry_id)
    with session_scope() as session:
        feedback_id = session.scalars(select(Feedback.id)).one()
        return entry_id, request_id, sign("undo", str(feedback_id), signing_keys(session)[0])


def undo(token: str, user: str = "U0ANN") -> AnswerReply:
    with session_scope() as session:
        return undo_attachment(session, token=token, actor=member(user))


def test_undo_takes_the_evidence_off_and_opens_a_request_with_it(
    attached: tuple[int, int, str],
) -> None:
    entry_id, request_id, token = attached
    assert undo(token).status == "recorded"
    with session_scope() as session:
        old, new = session.scalars(select(Feedback).order_by(Feedback.id)).all()
        assert (old.request_id, old.removed_by) == (request_id, "slack:U0ANN")
        assert new.request_id != request_id
        assert new.removed_at is None
        assert get_entry(session, entry_id).outcome == "created"
        followed = session.scalars(select(RequestFollower.request_id)).all()
        assert followed == [new.request_id]
        assert session.get_one(RequestEmbedding, (new.request_id, "words-384"))
        decision = session.scalars(select(Decision).where(Decision.step == "undo")).one()
        assert decision.actor == "slack:U0ANN"
        changed = session.scalars(select(Message).where(Message.kind == "update")).one()
        assert "Put it back" in str(changed.blocks)
        assert "Undone by <@U0ANN> on " in str(changed.blocks)


def test_undo_twice_tells_who_was_first(attached: tuple[int, int, str]) -> None:
    _, _, token = attached
    undo(token, "U0BOSS")
    second = undo(token)
    assert second.status == "too_late"
    assert "by <@U0BOSS>" in str(second.note)


def test_ten_presses_at_once_undo_once(attached: tuple[int, int, str]) -> None:
    _, _, token = attached
    with ThreadPoolExecutor(5) as pool:
        replies = list(pool.map(lambda _: undo(token).status, range(10)))
    assert sorted(replies) == ["recorded"] + ["too_late"] * 9
    with session_scope() as session:
        assert session.scalar(select(func.count(Request.id))) == 2


def test_a_stranger_may_not_undo(attached: tuple[int, int, str]) -> None:
    assert undo(attached[2], "U0EVE").status == "not_allowed"
    with session_scope() as session:
        assert session.scalars(select(Feedback.removed_at)).one() is None


def test_a_questions_token_cannot_undo(attached: tuple[int, int, str]) -> None:
    with session_scope() as session:
        feedback_id = session.scalars(select(Feedback.id)).one()
        forged = sign("hook", str(feedback_id), signing_keys(session)[0])
    for token in (forged, "", "1", "1.1.AAAA", attached[2] + "x"):
        assert undo(token).status == "unknown"


def test_a_follower_for_another_reason_keeps_following(
    attached: tuple[int, int, str], embedder: WordsEmbedder
) -> None:
    _, request_id, token = attached
    second = submit("We need to export tables now", "r2")
    route_entry(second, embedder, TableJudge(**{"export-tables": 0.95}))
    undo(token)
    with session_scope() as session:
        followed = set(session.scalars(select(RequestFollower.request_id)))
    assert request_id in followed
