"""What the tasks of ``sync_embeddings`` call: one function a task."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from include.base.connections import EMBEDDINGS_API, get_connection
from include.base.settings import load_settings
from include.clients.embeddings import embedder_from
from include.requests import indexing
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.matching.types import Embedder


WORKERS = 4
"""Slots of the pool ``embeddings``: so many batches share the allowed rate."""


def plan_embeddings(values: Mapping[str, Any], *, run_id: str) -> list[dict[str, Any]]:
    """The batches to embed; for a full build also the build itself."""
    embedder = _embedder(values)
    with session_scope() as session:
        key = indexing.begin_index(session, embedder, full=bool(values.get("full")), run_id=run_id)
    with session_scope() as session:
        return indexing.plan_batches(
            session, embedder, key=key, batch_size=int(values.get("batch_size") or 500)
        )


def embed_batch(values: Mapping[str, Any], batch: Mapping[str, Any]) -> int:
    """Embed one batch; how many requests."""
    limit = load_settings().embedding_calls_per_minute
    pause = 60.0 * WORKERS / limit if limit else 0.0
    return indexing.embed_batch(session_scope, dict(batch), _embedder(values), pause=pause)


def finish_embeddings(
    values: Mapping[str, Any], embedded: Sequence[int | None], *, run_id: str
) -> dict[str, Any]:
    """Switch to a full build; the run's result."""
    embedder = _embedder(values)
    result: dict[str, Any] = {
        "model": embedder.model,
        "embedded": sum(count or 0 for count in embedded),
        "full": bool(values.get("full")),
    }
    if not result["full"]:
        return result
    with session_scope() as session:
        key = indexing.begin_index(session, embedder, full=True, run_id=run_id)
    return result | indexing.switch_index(session_scope, key, embedder)


def _embedder(values: Mapping[str, Any]) -> Embedder:
    info = get_connection(EMBEDDINGS_API)
    model = values.get("model")
    return embedder_from(replace(info, extra={**info.extra, "model": model}) if model else info)
