"""Feedback after a shipping reaches the owner, once, while the shipping is recent."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func

from include.entries import settle as outcomes
from include.requests.still_hurting import ask_owner
from include.store.models import Entry, Request
from include.store.session import session_scope
from tests.db.entries.conftest import DAG, TableJudge, ask, press, route_entry, submit
from tests.db.requests.conftest import follow, make_user, messages, new

if TYPE_CHECKING:
    from tests.db.entries.conftest import WordsEmbedder


def shipped(embedder: WordsEmbedder, days_ago: int, creator: int | None = None) -> int:
    request_id, _ = new(embedder, "Export a table as CSV", status="shipped")
    with session_scope() as session:
        request = session.get_one(Request, request_id)
        request.shipped_at = func.now() - timedelta(days=days_ago)
        request.created_by = creator
    return request_id


def answer_attach(embedder: WordsEmbedder) -> None:
    entry_id = submit("Export a table as CSV")
    route_entry(entry_id, embedder, TableJudge())
    press(ask(entry_id), "attach")
    for _ in range(2):
        outcomes.apply_answer(
            session_scope, dag_id=DAG, run_id="r1", embedder=embedder, judge=TableJudge()
        )


def test_the_creator_is_asked_once(embedder: WordsEmbedder) -> None:
    shipped(embedder, 3, creator=make_user("pm"))
    answer_attach(embedder)
    [asked] = messages("still_hurting")
    assert asked.address == "U0PM"
    assert "Export a table as CSV" in str(asked.blocks)
    [button] = next(block for block in asked.blocks if block["type"] == "actions")["elements"]
    assert button["action_id"] == "reopen_request"
    assert "hear that it is open" in str(button["confirm"])


def test_without_a_creator_the_first_follower_is_asked(embedder: WordsEmbedder) -> None:
    request_id = shipped(embedder, 3)
    follow(request_id, [make_user("bob", slack=False), make_user("cat")])
    answer_attach(embedder)
    assert messages("still_hurting")[0].address == "U0CAT"


@pytest.mark.parametrize(("status", "days"), [("shipped", 31), ("open", 3)])
def test_nobody_is_asked_about_what_shipped_long_ago_or_is_open(
    embedder: WordsEmbedder, status: str, days: int
) -> None:
    request_id = shipped(embedder, days)
    entry_id = submit("It hurts")
    with session_scope() as session:
        session.get_one(Request, request_id).status = status
        session.flush()
        assert ask_owner(session, request_id, session.get_one(Entry, entry_id)) is None
