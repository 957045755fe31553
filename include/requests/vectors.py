"""A request's vector under the model in force: read, made, kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from include.matching.embed import content_hash, embedding_text
from include.store.models import EmbeddingIndex, IndexState, Request, RequestEmbedding

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.matching.types import Embedder
    from include.store.session import SessionScope


def live_key(session: Session, model: str) -> str:
    """Under which key search finds the vectors of a model: its own name, or its newest build's."""
    key = session.scalar(
        select(EmbeddingIndex.key).where(
            EmbeddingIndex.model == model, EmbeddingIndex.state == IndexState.LIVE
        )
    )
    return key or model


def hash_of(title: str, description: str, embedder: Embedder) -> str:
    """The hash that says whether a stored vector is this text's under this model."""
    text = embedding_text(title, description)
    return content_hash(text, embedder.model, embedder.dimensions)


def keep_vectors(
    session: Session,
    key: str,
    dimensions: int,
    rows: list[tuple[int, str, list[float]]],
) -> None:
    """Store (request id, content hash, vector) under a key, replacing older ones.

    Rows are locked in the order of their ids, so that two writers cannot lock each other out.
    """
    if not rows:
        return
    statement = insert(RequestEmbedding).values(
        [
            {
                "request_id": request_id,
                "model": key,
                "dimensions": dimensions,
                "content_hash": digest,
                "embedding": vector,
            }
            for request_id, digest, vector in sorted(rows, key=lambda row: row[0])
        ]
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["request_id", "model"],
            set_={
                "content_hash": statement.excluded.content_hash,
                "embedding": statement.excluded.embedding,
                "dimensions": statement.excluded.dimensions,
                "created_at": func.now(),
            },
            where=RequestEmbedding.content_hash != statement.excluded.content_hash,
        )
    )


def store_vector(scope: SessionScope, request_id: int, embedder: Embedder) -> str:
    """Embed a request's text if its vector is missing, provisional or stale.

    Returns ``stored``, ``current`` or ``deleted``. The model is called outside a transaction.
    """
    with scope() as session:
        request = session.get(Request, request_id)
        if request is None:
            return "deleted"
        key = live_key(session, embedder.model)
        digest = hash_of(request.title, request.description, embedder)
        known = session.scalar(
            select(RequestEmbedding.content_hash).where(
                RequestEmbedding.request_id == request_id, RequestEmbedding.model == key
            )
        )
        text = embedding_text(request.title, request.description)
    if known == digest:
        return "current"
    [vector] = embedder.embed([text])
    with scope() as session:
        if session.get(Request, request_id) is None:
            return "deleted"
        keep_vectors(session, key, embedder.dimensions, [(request_id, digest, vector)])
    return "stored"


def vector_of(session: Session, request_id: int, model: str) -> list[float] | None:
    """The stored vector of a request under the model in force."""
    vector = session.scalar(
        select(RequestEmbedding.embedding).where(
            RequestEmbedding.request_id == request_id,
            RequestEmbedding.model == live_key(session, model),
        )
    )
    return None if vector is None else [float(value) for value in vector]
