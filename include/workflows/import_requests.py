"""What the tasks of ``import_requests`` call."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from include.base.connections import EMBEDDINGS_API, get_connection
from include.base.errors import EmbeddingsUnavailable
from include.clients.embeddings import embedder_from
from include.requests import indexing
from include.requests.loads.requests import Requests
from include.requests.vectors import live_key
from include.store.session import session_scope
from include.workflows.load_tasks import load_lines, nothing_given

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)


def load_requests(values: Mapping[str, Any], *, dag_id: str, run_id: str) -> dict[str, Any]:
    """Load requests; what became of the lines, and between which ids vectors may be missing."""
    target = Requests(by=f"run:{dag_id}/{run_id}")
    report = load_lines(target, values)
    if report is None:
        raise nothing_given("path", "rows")
    return report.as_dict() | {"touched": target.touched}


def embed_requests(loaded: Mapping[str, Any], *, is_last_try: bool) -> dict[str, Any]:
    """Make the vectors that are missing or stale; the run's result.

    Raises:
        EmbeddingsUnavailable: retry later. On the last try they are left to ``sync_embeddings``.
    """
    result = {name: value for name, value in loaded.items() if name != "touched"}
    if loaded["dry_run"] or not loaded["touched"]:
        return result | {"embedded": 0}
    first, last = loaded["touched"]
    embedder = embedder_from(get_connection(EMBEDDINGS_API))
    with session_scope() as session:
        key = live_key(session, embedder.model)
    batch = {"key": key, "first": first, "last": last}
    try:
        embedded = indexing.embed_batch(session_scope, batch, embedder)
    except EmbeddingsUnavailable as error:
        if not is_last_try:
            raise
        log.warning("Vectors are left to sync_embeddings: %s", error)
        return result | {"embedded": None}
    return result | {"embedded": embedded}
