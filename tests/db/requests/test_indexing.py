"""Vectors kept current by content hash, and made anew beside the live ones."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, text

from include.base.errors import EmbeddingsUnavailable, FatalError
from include.requests import indexing
from include.requests.vectors import live_key, store_vector, vector_of
from include.store.models import EmbeddingIndex, Request, RequestEmbedding
from include.store.search import find_candidates
from include.store.session import session_scope
from tests.db.entries.conftest import MODEL, TableJudge, WordsEmbedder, route_entry, submit
from tests.db.requests.conftest import new


class Counting(WordsEmbedder):
    """Counts the texts it was given; ``fails_at`` is the call that cannot be answered."""

    def __init__(self, fails_at: int | None = None) -> None:
        super().__init__()
        self.texts = 0
        self.calls = 0
        self.fails_at = fails_at

    def embed(self, texts: list[str]) -> list[list[float]]:
        """As the plain one."""
        self.calls += 1
        if self.calls == self.fails_at:
            raise EmbeddingsUnavailable("the test made it unreachable")
        self.texts += len(texts)
        return super().embed(texts)


def bare(count: int) -> list[int]:
    """Requests without a vector."""
    with session_scope() as session:
        rows = [Request(slug=f"r-{n}", title=f"Request number {n}") for n in range(count)]
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]


def sync(embedder: WordsEmbedder, *, full: bool = False, size: int = 100) -> dict[str, Any]:
    with session_scope() as session:
        key = indexing.begin_index(session, embedder, full=full, run_id="r1")
    with session_scope() as session:
        batches = indexing.plan_batches(session, embedder, key=key, batch_size=size)
    made = sum(indexing.embed_batch(session_scope, batch, embedder) for batch in batches)
    result = {"key": key, "made": made, "labels": [batch["label"] for batch in batches]}
    return result | (indexing.switch_index(session_scope, key, embedder) if full else {})


def keys() -> dict[str, int]:
    statement = text("SELECT model, count(*) FROM request_embeddings GROUP BY model")
    with session_scope() as session:
        return {row.model: row.count for row in session.execute(statement)}


def test_only_what_is_missing_or_changed_is_embedded(feedback_db: object) -> None:
    ids = bare(250)
    embedder = Counting()
    first = sync(embedder)
    assert first["labels"] == ["1 to 100 of 250", "101 to 200 of 250", "201 to 250 of 250"]
    assert (first["made"], embedder.texts) == (250, 250)
    assert sync(embedder)["labels"] == []
    with session_scope() as session:
        session.get_one(Request, ids[7]).description = "Now with a description"
    assert sync(embedder)["made"] == 1
    assert embedder.texts == 251


def test_a_provisional_vector_is_replaced(embedder: WordsEmbedder) -> None:
    request_id, _ = new(embedder, "Export a table as CSV")
    with session_scope() as session:
        row = session.scalars(select(RequestEmbedding)).one()
        row.content_hash = "pain:7"
    assert store_vector(session_scope, request_id, embedder) == "stored"
    assert store_vector(session_scope, request_id, embedder) == "current"
    assert store_vector(session_scope, 999, embedder) == "deleted"


def test_interrupted_it_goes_on_where_it_was(feedback_db: object) -> None:
    bare(300)
    with pytest.raises(EmbeddingsUnavailable):
        sync(Counting(fails_at=3), size=300)
    assert keys() == {MODEL: 128}
    second = Counting()
    assert sync(second)["made"] == second.texts == 172


def test_a_limited_rate_pauses_between_calls(feedback_db: object) -> None:
    bare(130)
    pauses: list[float] = []
    embedder = Counting()
    with session_scope() as session:
        [batch] = indexing.plan_batches(session, embedder, key=MODEL, batch_size=500)
    indexing.embed_batch(session_scope, batch, embedder, pause=0.5, sleep=pauses.append)
    assert pauses == [0.5, 0.5]


def found(embedder: WordsEmbedder, words: str) -> list[float | None]:
    with session_scope() as session:
        candidates = find_candidates(
            session, pain=words, vector=embedder.embed([words])[0], model=MODEL
        )
        return [candidate.cosine for candidate in candidates]


def test_a_full_build_leaves_search_alone_until_it_switches(embedder: WordsEmbedder) -> None:
    request_id, _ = new(embedder, "Export a table as CSV")
    words = "Export a table as CSV"
    with session_scope() as session:
        key = indexing.begin_index(session, embedder, full=True, run_id="r1")
        assert indexing.begin_index(session, embedder, full=True, run_id="r2") == key
        assert live_key(session, MODEL) == MODEL
    with session_scope() as session:
        [batch] = indexing.plan_batches(session, embedder, key=key, batch_size=10)
    indexing.embed_batch(session_scope, batch, embedder)
    assert keys() == {MODEL: 1, key: 1}
    assert found(embedder, words) == [pytest.approx(1.0, abs=1e-5)]
    later_id, _ = new(embedder, "Print rosters on A3 paper")
    result = indexing.switch_index(session_scope, key, embedder)
    assert result == {"live": key, "caught_up": 1, "removed": 2}
    assert keys() == {key: 2}
    assert found(embedder, words)[0] == pytest.approx(1.0, abs=1e-5)
    with session_scope() as session:
        assert live_key(session, MODEL) == key
        assert vector_of(session, later_id, MODEL) is not None
        assert vector_of(session, request_id, MODEL) is not None
    assert indexing.switch_index(session_scope, key, embedder)["removed"] == 0


def test_the_next_full_build_has_a_key_of_its_own_and_retires_the_last(
    embedder: WordsEmbedder,
) -> None:
    new(embedder, "Export a table as CSV")
    assert sync(embedder, full=True)["key"] == f"{MODEL}#1"
    assert sync(embedder, full=True)["key"] == f"{MODEL}#2"
    assert keys() == {f"{MODEL}#2": 1}
    with session_scope() as session:
        states = dict(session.execute(select(EmbeddingIndex.key, EmbeddingIndex.state)).all())
    assert states == {f"{MODEL}#1": "retired", f"{MODEL}#2": "live"}
    assert sync(embedder)["labels"] == []


def test_a_request_opened_after_a_switch_is_found_at_once(embedder: WordsEmbedder) -> None:
    new(embedder, "Export a table as CSV")
    sync(embedder, full=True)
    entry_id = submit("Rosters do not print on A3 paper.")
    route_entry(entry_id, embedder, TableJudge())
    assert found(embedder, "Rosters do not print on A3 paper")[0] == pytest.approx(1.0, abs=1e-4)


def test_a_build_nobody_began_cannot_go_live(embedder: WordsEmbedder) -> None:
    with pytest.raises(FatalError, match="full=true"):
        indexing.switch_index(session_scope, "nothing#1", embedder)


def test_every_request_is_embedded_though_batches_calls_and_reads_are_bounded(
    feedback_db: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MOST_BATCHES", "CALL", "_READ", "_DELETE"):
        monkeypatch.setattr(indexing, name, 2)
    ids = bare(7)
    made = sync(Counting(), size=1)
    assert (made["made"], len(made["labels"])) == (7, 2)
    with session_scope() as session:
        found = session.scalars(select(RequestEmbedding.request_id)).all()
    assert sorted(found) == ids
    # A new build removes every vector of the one before.
    again = sync(Counting(), full=True, size=1)
    assert again["removed"] == 7
    assert keys() == {again["key"]: 7}
