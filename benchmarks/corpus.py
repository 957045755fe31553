"""A throw-away product database for measurements: migrated, filled by COPY, indexed afterwards."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import create_engine, make_url, text

from include.matching.embed import OpenAIEmbedder, content_hash, truncated
from include.store.migrate import upgrade
from sandbox.postgres import ensure_database, start_server, stop_server

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Engine

    from include.matching.types import Embedder

VECTOR_INDEX = "ix_request_embeddings_hnsw"
_EMBED_AT_ONCE = 64
_CHECKS_OF_REQUESTS = (
    "SELECT conname FROM pg_constraint WHERE conrelid = 'requests'::regclass AND contype = 'c'"
)


@dataclass(frozen=True, slots=True)
class Filled:
    """The ids of the requests in order, and the seconds that rows and vector index took."""

    ids: list[int]
    copying: float
    indexing: float


@contextmanager
def scratch_database() -> Iterator[Engine]:
    """A migrated empty database on an embedded server of its own, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="gtm-benchmark-"))
    try:
        server = start_server(folder / "pg")
        ensure_database(server, "measured")
        url = make_url(server.uri("measured", "postgresql+psycopg"))
        upgrade(url)
        engine = create_engine(url)
        with engine.begin() as connection:
            # Measured sets hold titles the product would refuse.
            checks = connection.execute(text(_CHECKS_OF_REQUESTS)).scalars().all()
            for name in checks:
                connection.execute(text(f'ALTER TABLE requests DROP CONSTRAINT "{name}"'))
        try:
            yield engine
        finally:
            engine.dispose()
    finally:
        stop_server(folder / "pg")
        shutil.rmtree(folder, ignore_errors=True)


def fill(
    engine: Engine,
    requests: Iterable[tuple[str, str]],
    vectors: Iterable[Sequence[float]],
    model: str,
    *,
    memory_mb: int = 1024,
) -> Filled:
    """Replace all requests by (title, description) with these vectors; the index comes last.

    ``memory_mb`` is what building the index may use; one that needs more is built slowly.
    """
    started = time.perf_counter()
    with engine.begin() as connection:
        definition = connection.execute(
            text("SELECT indexdef FROM pg_indexes WHERE indexname = :name"), {"name": VECTOR_INDEX}
        ).scalar_one()
        connection.execute(text(f"DROP INDEX {VECTOR_INDEX}"))
        connection.execute(text("TRUNCATE requests RESTART IDENTITY CASCADE"))
        cursor = _cursor(connection)
        with cursor.copy("COPY requests (slug, title, description) FROM STDIN") as copy:
            for number, (title, description) in enumerate(requests):
                copy.write_row((f"r-{number}", title, description))
        ids = list(connection.execute(text("SELECT id FROM requests ORDER BY id")).scalars())
        columns = "request_id, model, dimensions, content_hash, embedding"
        with cursor.copy(f"COPY request_embeddings ({columns}) FROM STDIN") as copy:
            for request_id, vector in zip(ids, vectors, strict=True):
                literal = "[" + ",".join(f"{value:.8g}" for value in vector) + "]"
                copy.write_row((request_id, model, len(vector), "measured", literal))
        copied = time.perf_counter()
        connection.execute(text(f"SET LOCAL maintenance_work_mem = '{memory_mb}MB'"))
        connection.execute(text(definition))
        indexed = time.perf_counter()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE requests"))
        connection.execute(text("VACUUM ANALYZE request_embeddings"))
    return Filled(ids, copied - started, indexed - copied)


def chosen_embedder() -> Embedder:
    """The endpoint of EMBEDDINGS_BASE_URL (see _API_KEY and _MODEL), else MiniLM in-process."""
    base_url = os.environ.get("EMBEDDINGS_BASE_URL")
    if not base_url:
        from sandbox.minilm import load

        return load()
    return OpenAIEmbedder(
        base_url=base_url,
        api_key=os.environ.get("EMBEDDINGS_API_KEY", "none"),
        model=os.environ.get("EMBEDDINGS_MODEL", "text-embedding-3-small"),
    )


def embed_all(embedder: Embedder, texts: Sequence[str]) -> list[list[float]]:
    """Vectors of `texts`, kept in the temporary folder so that the next run need not wait."""
    cache = Path(tempfile.gettempdir()) / f"gtm-embeddings-{os.getuid()}"
    cache.mkdir(mode=0o700, exist_ok=True)
    paths = [cache / f"{_key(embedder, one)}.npy" for one in texts]
    missing = [place for place, path in enumerate(paths) if not path.exists()]
    for start in range(0, len(missing), _EMBED_AT_ONCE):
        places = missing[start : start + _EMBED_AT_ONCE]
        batch = [truncated(texts[place]).strip() or "-" for place in places]
        for place, vector in zip(places, embedder.embed(batch), strict=True):
            np.save(paths[place], np.asarray(vector, dtype=np.float32))
    return [[float(value) for value in np.load(path)] for path in paths]


def _key(embedder: Embedder, one: str) -> str:
    # The endpoint is part of the key: two servers may give the same name to different models.
    origin = os.environ.get("EMBEDDINGS_BASE_URL", "in-process")
    name = f"{origin}/{embedder.model}"
    return hashlib.sha256(content_hash(one, name, embedder.dimensions).encode()).hexdigest()[:40]


def _cursor(connection: Any) -> Any:
    return connection.connection.driver_connection.cursor()
