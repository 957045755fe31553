"""Clients of an embeddings API, made of its connection, and the judge that fits its model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.base.connections import EMBEDDINGS_LANGUAGES, find_connection
from include.base.errors import FatalError
from include.matching.language import language_of, reads

if TYPE_CHECKING:
    from include.base.connections import ConnectionInfo
    from include.matching.types import Embedder, Judge


def embedder_from(info: ConnectionInfo) -> Embedder:
    """The embedder of a connection: host is the base URL.

    Extra has ``model``, ``dimensions`` and ``batch_size`` (texts sent at once).
    """
    from include.matching.embed import (
        DEFAULT_BATCH,
        DEFAULT_DIMENSIONS,
        DEFAULT_MODEL,
        OpenAIEmbedder,
    )

    if not info.host:
        raise FatalError(
            f"Connection '{info.conn_id}' has no host; set it to the API's address, "
            "for example https://api.openai.com"
        )
    return OpenAIEmbedder(
        base_url=api_url(info),
        api_key=info.password or "none",
        model=str(info.extra.get("model", DEFAULT_MODEL)),
        dimensions=int(info.extra.get("dimensions", DEFAULT_DIMENSIONS)),
        batch_size=max(1, int(info.extra.get("batch_size", DEFAULT_BATCH))),
    )


def other_embedder(first: Embedder) -> Embedder | None:
    """The second model, for languages that the first does not read; None where none is set.

    It is none either where the first reads all languages.
    """
    if reads(first.model, "de"):
        return None
    info = find_connection(EMBEDDINGS_LANGUAGES)
    if info is None or not info.host:
        return None
    other = embedder_from(info)
    return other if other.model != first.model else None


def embedder_reading(text: str, first: Embedder) -> Embedder:
    """The embedder whose model reads the language of a text, as far as one is set."""
    other = None if reads(first.model, language_of(text)) else other_embedder(first)
    return other or first


def judge_for(model: str) -> Judge:
    """The judge without a language model, calibrated for this embedding model."""
    from include.matching.judge import CalibratedJudge

    return CalibratedJudge(model)


def api_url(info: ConnectionInfo) -> str:
    """The base URL of an OpenAI-compatible API."""
    scheme = info.extra.get("scheme", "https")
    host = info.host if "://" in info.host else f"{scheme}://{info.host}"
    return host + (f":{info.port}" if info.port else "") + str(info.extra.get("path", "/v1"))
