"""What the task of ``semantic_search`` calls."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from include.base.connections import EMBEDDINGS_API, get_connection
from include.base.settings import load_settings
from include.clients.embeddings import embedder_from, embedder_reading, judge_for
from include.requests.search import search_requests
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Mapping


def search(values: Mapping[str, Any]) -> dict[str, Any]:
    """Search requests; the run's result."""
    settings = load_settings()
    first = embedder_from(get_connection(EMBEDDINGS_API))
    embedder = embedder_reading(str(values["query"]), first)
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
