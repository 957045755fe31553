"""What the tasks of ``sync_embeddings`` call: one function a task."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from include.base.connections import EMBEDDINGS_API, get_connection
from include.base.settings import load_settings
from include.clients.embeddings import embedder_from, other_embedder
from include.requests import indexing
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.matching.types import Embedder


WORKERS = 4
"""Slots of the pool ``embeddings``: so many batches share the allowed rate."""


def plan_embeddings(values: Mapping[str, Any], *, run_id: str) -> list[dict[str, Any]]:
    """The batches to embed, of each model; for a full build also the builds themselves.

    Evidence is embedded by the first model alone.
    """
    found: list[dict[str, Any]] = []
    size = int(values.get("batch_size") or 500)
    for number, (name, embedder) in enumerate(_embedders(values).items()):
        full = bool(values.get("full"))
        with session_scope() as session:
            key = indexing.begin_index(session, embedder, full=full, run_id=run_id)
        with session_scope() as session:
            batches = indexing.plan_batches(session, embedder, key=key, batch_size=size)
            if number == 0:
                batches += indexing.plan_evidence(session, embedder, batch_size=size)
        found += [batch | {"model": name} for batch in batches]
    return found


def embed_batch(values: Mapping[str, Any], batch: Mapping[str, Any]) -> int:
    """Embed one batch; how many requests."""
    limit = load_settings().embedding_calls_per_minute
    pause = 60.0 * WORKERS / limit if limit else 0.0
    embedders = _embedders(values)
    embedder = embedders.get(batch.get("model", ""), next(iter(embedders.values())))
    return indexing.embed_batch(session_scope, dict(batch), embedder, pause=pause)


def finish_embeddings(
    values: Mapping[str, Any], embedded: Sequence[int | None], *, run_id: str
) -> dict[str, Any]:
    """Switch to the full builds; the run's result."""
    embedder, *others = _embedders(values).values()
    result: dict[str, Any] = {
        "model": embedder.model,
        "embedded": sum(count or 0 for count in embedded),
        "full": bool(values.get("full")),
    }
    if others:
        result["also"] = [other.model for other in others]
    if not result["full"]:
        return result
    for other in others:
        with session_scope() as session:
            key = indexing.begin_index(session, other, full=True, run_id=run_id)
        indexing.switch_index(session_scope, key, other)
    with session_scope() as session:
        key = indexing.begin_index(session, embedder, full=True, run_id=run_id)
    return result | indexing.switch_index(session_scope, key, embedder)


def _embedders(values: Mapping[str, Any]) -> dict[str, Embedder]:
    """The embedders by model: the first, and the one for other languages where it is set."""
    info = get_connection(EMBEDDINGS_API)
    model = values.get("model")
    first = embedder_from(replace(info, extra={**info.extra, "model": model}) if model else info)
    other = other_embedder(first)
    return {one.model: one for one in (first, other) if one is not None}
