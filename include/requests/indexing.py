"""Keeping every request's vector current, and making all vectors anew beside the live ones.

What is stale is told by a content hash over text, model and size. A full build has a key of its
own, so search goes on with the vectors it has until the last one is made; then one transaction
switches.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select, update

from include.base.errors import FatalError
from include.matching.embed import embedding_text
from include.requests import evidence_vectors
from include.requests.opening import lock_opening
from include.requests.vectors import hash_of, keep_vectors, live_key
from include.store.models import EmbeddingIndex, IndexState, Request, RequestEmbedding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.orm import Session

    from include.matching.types import Embedder
    from include.store.session import SessionScope

Batch = dict[str, Any]

MOST_BATCHES = 200
CALL = 64
"""Texts for one call of the embeddings API; each call's vectors are committed at once."""

_READ = 2_000
_DELETE = 5_000
_CATCH_UPS = 20


def begin_index(session: Session, embedder: Embedder, *, full: bool, run_id: str) -> str:
    """The key to write vectors under: the live one, or that of a new (or interrupted) build."""
    if not full:
        return live_key(session, embedder.model)
    lock_opening(session)
    building = session.scalars(
        select(EmbeddingIndex).where(
            EmbeddingIndex.model == embedder.model, EmbeddingIndex.state == IndexState.BUILDING
        )
    ).one_or_none()
    if building is not None:
        return building.key
    number = session.scalar(select(func.count()).where(EmbeddingIndex.model == embedder.model))
    key = f"{embedder.model}#{(number or 0) + 1}"
    session.add(
        EmbeddingIndex(
            key=key,
            model=embedder.model,
            dimensions=embedder.dimensions,
            state=IndexState.BUILDING,
            run_id=run_id,
        )
    )
    session.flush()
    return key


def plan_batches(session: Session, embedder: Embedder, *, key: str, batch_size: int) -> list[Batch]:
    """The requests whose vector is missing or stale, as ranges of ids with a label each."""
    stale = [request_id for request_id, _, _ in _stale(session, embedder, key)]
    return _ranges(stale, batch_size, key=key)


def plan_evidence(session: Session, embedder: Embedder, *, batch_size: int) -> list[Batch]:
    """The feedback without a vector of this model, in the same form."""
    found = evidence_vectors.missing(session, embedder.model)
    return _ranges(found, batch_size, of="feedback")


def _ranges(ids: list[int], batch_size: int, **more: str) -> list[Batch]:
    size = max(1, batch_size, -(-len(ids) // MOST_BATCHES))
    what = f" {more['of']}" if "of" in more else ""
    return [
        {
            "label": f"{start + 1} to {start + len(part)} of {len(ids)}{what}",
            "first": part[0],
            "last": part[-1],
            **more,
        }
        for start in range(0, len(ids), size)
        if (part := ids[start : start + size])
    ]


def embed_batch(
    scope: SessionScope,
    batch: Batch,
    embedder: Embedder,
    *,
    pause: float = 0.0,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Embed what is stale in a range of ids; how many. A repeat does only what is left.

    Args:
        scope: Opens a transaction; none is open during a call of the model.
        batch: From :func:`plan_batches` or :func:`plan_evidence`.
        embedder: Of the model the batch was planned for.
        pause: Seconds to leave between two calls, for a limited rate.
        sleep: How to wait.

    Raises:
        EmbeddingsUnavailable: retry later; what was embedded is kept.
    """
    if batch.get("of") == "feedback":
        first, last = batch["first"], batch["last"]
        return evidence_vectors.fill_in(scope, first, last, embedder, pause=pause, sleep=sleep)
    key, made = str(batch["key"]), 0
    with scope() as session:
        todo = list(_stale(session, embedder, key, batch["first"], batch["last"]))
    for start in range(0, len(todo), CALL):
        part = todo[start : start + CALL]
        if start and pause > 0:
            sleep(pause)
        vectors = embedder.embed([text for _, _, text in part])
        with scope() as session:
            there = set(
                session.scalars(select(Request.id).where(Request.id.in_([row[0] for row in part])))
            )
            rows = [
                (request_id, digest, vector)
                for (request_id, digest, _), vector in zip(part, vectors, strict=True)
                if request_id in there
            ]
            keep_vectors(session, key, embedder.dimensions, rows)
            made += len(rows)
    return made


def switch_index(scope: SessionScope, key: str, embedder: Embedder) -> dict[str, Any]:
    """Let search use a complete build from now on; the old vectors are then removed.

    Requests that were opened while it was built are embedded first. The switch itself is one
    transaction, in which nobody can open a request, so that none is left out.

    Raises:
        EmbeddingsUnavailable: retry later; search goes on with the old vectors.
    """
    caught_up = 0
    for _ in range(_CATCH_UPS):
        with scope() as session:
            missing = plan_batches(session, embedder, key=key, batch_size=CALL)
        caught_up += sum(embed_batch(scope, batch, embedder) for batch in missing)
        with scope() as session:
            lock_opening(session)
            index = session.get(EmbeddingIndex, key, with_for_update=True)
            if index is None:
                raise FatalError(f"there is no build {key!r}; start a run with full=true")
            if index.state == IndexState.LIVE:
                break
            if next(_stale(session, embedder, key), None) is not None:
                continue
            _make_live(session, index)
            break
    else:
        raise FatalError(f"requests change faster than {key!r} can be completed; run it again")
    return {"live": key, "caught_up": caught_up, "removed": _remove_others(scope, key, embedder)}


def _make_live(session: Session, index: EmbeddingIndex) -> None:
    session.execute(
        update(EmbeddingIndex)
        .where(EmbeddingIndex.model == index.model, EmbeddingIndex.state == IndexState.LIVE)
        .values(state=IndexState.RETIRED, retired_at=func.now())
    )
    index.state, index.live_at = IndexState.LIVE, func.now()


def _remove_others(scope: SessionScope, key: str, embedder: Embedder) -> int:
    """Remove the vectors of this model's earlier builds, some thousand at a time."""
    removed = 0
    while True:
        with scope() as session:
            retired = session.scalars(
                select(EmbeddingIndex.key).where(
                    EmbeddingIndex.model == embedder.model,
                    EmbeddingIndex.state == IndexState.RETIRED,
                )
            ).all()
            old = (
                select(RequestEmbedding.request_id, RequestEmbedding.model)
                .where(
                    RequestEmbedding.model.in_([embedder.model, *retired]),
                    RequestEmbedding.model != key,
                )
                .limit(_DELETE)
                .subquery()
            )
            gone = session.execute(
                delete(RequestEmbedding)
                .where(
                    RequestEmbedding.request_id == old.c.request_id,
                    RequestEmbedding.model == old.c.model,
                )
                .returning(RequestEmbedding.request_id)
            ).all()
        removed += len(gone)
        if len(gone) < _DELETE:
            return removed


def _stale(
    session: Session, embedder: Embedder, key: str, first: int = 0, last: int | None = None
) -> Iterator[tuple[int, str, str]]:
    """(request id, wanted hash, text) of requests without a current vector, by id, streamed."""
    statement = (
        select(Request.id, Request.title, Request.description, RequestEmbedding.content_hash)
        .outerjoin(
            RequestEmbedding,
            (RequestEmbedding.request_id == Request.id) & (RequestEmbedding.model == key),
        )
        .where(Request.id >= first)
        .order_by(Request.id)
    )
    if last is not None:
        statement = statement.where(Request.id <= last)
    for row in session.execute(statement.execution_options(yield_per=_READ)):
        digest = hash_of(row.title, row.description, embedder)
        if row.content_hash != digest:
            yield row.id, digest, embedding_text(row.title, row.description)
