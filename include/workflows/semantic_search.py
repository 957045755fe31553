"""What the tasks of the search, embedding and related-feedback DAGs call."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from include.base.connections import EMBEDDINGS_API, get_connection
from include.base.settings import load_settings
from include.clients.language_model import find_agent
from include.requests import indexing, merge_questions, sweep_related
from include.requests.search import search_requests
from include.store.session import session_scope
from include.workflows.process_customer_entry import deliver, embedder_from, judge_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.matching.types import Embedder

WORKERS = 4
"""Slots of the pool ``embeddings``: so many batches share the allowed rate."""


def search(values: Mapping[str, Any]) -> dict[str, Any]:
    """Search requests; the run's result."""
    settings = load_settings()
    embedder = embedder_from(get_connection(EMBEDDINGS_API))
    with session_scope() as session:
        found = search_requests(
            session,
            embedder=embedder,
            judge=judge_for(embedder.model),
            query=values["query"],
            area_ids=values.get("area_ids") or None,
            limit=values.get("limit") or 10,
            include_shipped=bool(values.get("include_shipped")),
        )
    requests = [asdict(one) | {"url": settings.request_url(one.slug)} for one in found]
    return {"count": len(requests), "requests": requests}


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


def plan_related(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The ranges of requests that this pass looks at."""
    with session_scope() as session:
        return sweep_related.plan_pass(
            session,
            batch_size=int(values["batch_size"]),
            limit=int(values["limit"]),
            restart=bool(values["restart"]),
            dry_run=bool(values["dry_run"]),
        )


def judge_related(
    values: Mapping[str, Any], batch: Mapping[str, Any], *, run_id: str
) -> dict[str, Any]:
    """Find, judge and store the pairs of one range."""
    model = embedder_from(get_connection(EMBEDDINGS_API)).model
    agent = find_agent()
    review = None
    if agent is not None:
        from include.requests.related_review import review_pairs

        review = partial(review_pairs, agent=agent)
    return sweep_related.judge_batch(
        session_scope,
        dict(batch),
        model=model,
        judge=judge_for(model),
        dry_run=bool(values["dry_run"]),
        run_id=f"find_all_related_feedback/{run_id}",
        review=review,
    )


def finish_related(
    values: Mapping[str, Any], results: Sequence[dict[str, Any] | None], planned: int
) -> dict[str, Any]:
    """Move the watermark, and ask about the surest near-duplicates; the run's result."""
    done = [result for result in results if result is not None]
    dry_run = bool(values["dry_run"])
    with session_scope() as session:
        result = sweep_related.finish_pass(
            session, done, failed=planned - len(done), dry_run=dry_run
        )
        message_ids = [] if dry_run else merge_questions.queue_questions(session)
    deliver(message_ids)
    return result | {"asked": len(message_ids)}
