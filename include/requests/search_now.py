"""A search while somebody waits: short timeouts, and by words alone when anything is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from include.base.connections import EMBEDDINGS_API, find_connection
from include.base.errors import EmbeddingsUnavailable, FatalError
from include.clients.embeddings import embedder_from, embedder_reading, judge_for
from include.requests.search import search_requests
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Collection

    from include.matching.types import Embedder, FoundRequest

EMBEDDING_SECONDS = 1.5
"""Slack waits three seconds for the options of a search."""


class WordsAlone:
    """Stands in for an embedder that is not there: the search goes by words."""

    model = "none"
    dimensions = 0

    def embed(self, texts: list[str]) -> list[list[float]]:
        """Never answers."""
        raise EmbeddingsUnavailable(f"{len(texts)} texts are compared by words alone")


def search_now(
    query: str, *, limit: int, include_shipped: bool = True, besides: Collection[int] = ()
) -> list[FoundRequest]:
    """Requests for what a person typed, best first; nothing for a blank query.

    ``besides`` are ids of requests to look past.
    """
    if not query.replace("\x00", " ").strip():
        return []
    options: dict[str, Any] = {
        "query": query,
        "limit": limit,
        "include_shipped": include_shipped,
        "besides": besides,
    }
    embedder = _embedder(query)
    try:
        return _search(embedder, options)
    except FatalError:
        # Wrong credentials or a wrong model: an operator's business, not the searcher's.
        return _search(WordsAlone(), options)


def warm_up() -> None:
    """Import what a search needs: the first one must not take longer than Slack waits."""
    import openai  # noqa: F401

    judge_for(_embedder("").model).judge("", [])


def _search(embedder: Embedder, options: dict[str, Any]) -> list[FoundRequest]:
    with session_scope() as session:
        return search_requests(
            session, embedder=embedder, judge=judge_for(embedder.model), **options
        )


def _embedder(query: str) -> Embedder:
    info = find_connection(EMBEDDINGS_API)
    if info is None:
        return WordsAlone()
    embedder = embedder_reading(query, embedder_from(info))
    return replace(embedder, timeout=EMBEDDING_SECONDS)  # type: ignore[type-var]
