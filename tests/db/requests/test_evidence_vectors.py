"""Feedback from before, or under another model, gets its vectors from ``sync_embeddings``."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text

from include.base.errors import EmbeddingsUnavailable
from include.requests import indexing
from include.store.models import RequestCentroid, RequestEvidence
from include.store.session import session_scope
from tests.db.entries.conftest import MODEL, WordsEmbedder
from tests.db.requests.conftest import give_evidence, make_request
from tests.db.requests.test_indexing import Counting


def fill_in(embedder: WordsEmbedder, *, size: int = 100) -> int:
    with session_scope() as session:
        batches = indexing.plan_evidence(session, embedder, batch_size=size)
    return sum(indexing.embed_batch(session_scope, batch, embedder) for batch in batches)


def counted() -> tuple[int, int]:
    """Vectors of feedback, and pieces in the sums."""
    with session_scope() as session:
        pieces = session.scalar(select(func.sum(RequestCentroid.pieces)))
        return session.scalar(select(func.count()).select_from(RequestEvidence)) or 0, pieces or 0


def test_feedback_without_a_vector_is_embedded_once(embedder: WordsEmbedder) -> None:
    request = make_request(embedder, "Export a table")
    for number in range(3):
        give_evidence(request, f"e{number}", f"pain number {number}")
    assert counted() == (0, 0)
    assert fill_in(embedder, size=2) == 3
    assert counted() == (3, 3)
    assert fill_in(embedder) == 0


def test_an_entrys_own_vector_is_used_without_a_call(embedder: WordsEmbedder) -> None:
    entry_id = give_evidence(make_request(embedder, "Export a table"), "e1")
    with session_scope() as session:
        session.execute(
            text("UPDATE entries SET embedding = :v, embedding_model = :m WHERE id = :id"),
            {"v": str(embedder.embed(["it hurts"])[0]), "m": MODEL, "id": entry_id},
        )
        session.execute(text("DELETE FROM request_evidence"))
    counting = Counting()
    assert fill_in(counting) == 1
    assert counting.texts == 0
    assert counted() == (1, 1)


def test_after_a_change_of_model_the_feedback_is_embedded_by_the_new_one(
    embedder: WordsEmbedder,
) -> None:
    give_evidence(make_request(embedder, "Export a table"), "e1")
    fill_in(embedder)
    newer = Counting()
    newer.model = "words-2"
    assert fill_in(newer) == 1
    with session_scope() as session:
        models = session.scalars(select(RequestEvidence.model).order_by(RequestEvidence.model))
        assert list(models) == sorted([MODEL, "words-2"])


def test_what_was_made_before_the_model_failed_is_kept(embedder: WordsEmbedder) -> None:
    request = make_request(embedder, "Export a table")
    for number in range(indexing.CALL + 1):
        give_evidence(request, f"e{number}", f"pain number {number}")
    with pytest.raises(EmbeddingsUnavailable):
        fill_in(Counting(fails_at=2), size=500)
    assert counted() == (indexing.CALL, indexing.CALL)
    assert fill_in(embedder) == 1
