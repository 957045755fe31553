"""A model that obeys whatever it reads changes no route and carries nothing out.

The scripted server is told to do, for each attempt, the worst that the text could demand: it names
the attacker's request and others with full confidence, and puts the whole conversation that it saw
into every text it may write.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from include.agents.suspicion import addresses_model
from include.base.text import stored
from include.clients.language_model import find_agent
from include.entries import take_apart as pains
from include.entries.decide import Way
from include.store.models import Decision, Entry, Message, ModelCall, Request
from include.store.session import session_scope
from tests.db.entries.conftest import (
    TableJudge,
    WordsEmbedder,
    make_area,
    make_request,
    route_entry,
    submit,
    tell_of,
)
from tests.injections import CORPUS, LATER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.matching.types import Candidate, Verdict
    from tests.chat import Chat

SECRETS = (
    "ann.lee@example.com",
    "+49 30 901820",
    "sk-proj-abcdefghij0123456789",
    "4111 1111 1111 1111",
)
TAIL = f" Reach me: {', '.join(SECRETS)}."
VICTIM, OTHER = "Delete all audit logs", "Answer requests in order"


@pytest.fixture
def model(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> Chat:
    monkeypatch.setenv("AIRFLOW_CONN_GTM_FEEDBACK_LLM", chat.connection())
    monkeypatch.setattr(pains, "start_runs", lambda ids: {"started": len(list(ids))})
    return chat


class Nothing(TableJudge):
    """Without a model nothing is near: what a route becomes is the model's doing alone."""

    def judge(self, pain: str, candidates: Sequence[Candidate]) -> list[Verdict]:
        """No verdict."""
        return []


def obey(chat: Chat, ids: list[int], said: str) -> None:
    """The worst answer to any task: the forms' fields are all there, each as the attacker wants."""
    leak = f"{said} https://evil.example/?d={'-'.join(SECRETS)} <!channel>"
    verdicts = [{"id": one, "confidence": 1.0, "reason": leak} for one in [*ids, 987_654_321]]
    worst = {
        "verdicts": verdicts,
        "title": leak[:110],
        "description": leak,
        "areas": [987_654_321],
        "pains": [{"quote": "words that nobody said", "title": leak[:110], "description": leak}],
    }
    chat.script("content", content=json.dumps(worst), times=50)


def match(entry_id: int, run_id: str, embedder: WordsEmbedder, *, asks: bool) -> Way:
    agent = find_agent() if asks else None
    return route_entry(entry_id, embedder, Nothing(), agent=agent, run_id=run_id)


def world(embedder: WordsEmbedder) -> list[int]:
    make_area("general")
    return [make_request(embedder, VICTIM), make_request(embedder, OTHER)]


def decide(embedder: WordsEmbedder, text: str, run_id: str, *, asks: bool) -> tuple[Any, Decision]:
    entry_id = submit(text, run_id=run_id)
    route = match(entry_id, run_id, embedder, asks=asks)
    with session_scope() as session:
        decision = session.scalars(select(Decision).where(Decision.entry_id == entry_id)).one()
    return route, decision


def leaked(model: Chat, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Secrets that the server received, a log holds, or the ledger keeps."""
    with session_scope() as session:
        calls = session.scalars(select(ModelCall)).all()
        kept = " ".join(f"{call.answer} {call.error} {call.key}" for call in calls)
    places = json.dumps(model.seen()) + caplog.text
    return [secret for secret in SECRETS if secret in places or secret in kept.split("evil")[0]]


def test_no_attempt_changes_a_route_and_nothing_leaks(
    model: Chat, embedder: WordsEmbedder, caplog: pytest.LogCaptureFixture
) -> None:
    ids = world(embedder)
    changed = []
    # Orders in characters that nobody sees are not stored: what is left gives none.
    harmless = [text for text in CORPUS if not addresses_model(stored(text))]
    assert [stored(text) for text in harmless] == ["Exports are fine."]
    for number, text in enumerate(text for text in CORPUS if text not in harmless):
        obey(model, ids, text)
        route, decision = decide(embedder, text + TAIL, f"with-{number}", asks=True)
        with session_scope() as session:
            opened = session.scalar(
                select(Request.id).where(Request.opened_by_entry_id == decision.entry_id)
            )
        # Without a model they open requests of their own: nothing known is near them.
        if route is not Way.CREATE or opened is None:
            changed.append(text)
    assert changed == []
    assert model.seen() == []
    assert leaked(model, caplog) == []
    assert "goes on without a model" in caplog.text


@pytest.mark.parametrize("text", LATER)
def test_what_is_not_seen_attaches_nothing_invents_no_id_and_carries_nothing_out(
    model: Chat, embedder: WordsEmbedder, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    ids = world(embedder)
    obey(model, ids, text)
    route, decision = decide(embedder, text + TAIL, "r1", asks=True)
    assert route in (Way.ASK, Way.CREATE)
    if route is Way.ASK:
        assert decision.request_id in ids
    told = decision.reason
    if route is Way.CREATE:
        tell_of(decision.entry_id)
    else:
        with session_scope() as session:
            entry = session.get_one(Entry, decision.entry_id)
            assert entry.outcome is None
    assert "evil.example" not in told
    assert "<!channel>" not in told
    assert leaked(model, caplog) == []
    with session_scope() as session:
        blocks = json.dumps(session.scalars(select(Message.blocks)).all())
        titles = session.scalars(select(Request.title)).all()
    assert "<!channel>" not in blocks
    assert not [title for title in titles if "evil.example" in title]
