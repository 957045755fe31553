"""Feedback on the requests of a made-up world, and what is closest when it counts.

As in life, few requests have most of the feedback: a piece belongs to the request at size * u², u
drawn evenly. Its vector is its request's plus noise of the same length (a cosine of about 0.7).
Every piece is short, so that the vector index holds as many of them as it can: the newest twenty of
each request.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pgvector.psycopg import register_vector
from sqlalchemy import text

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import Engine

PIECES_INDEX = "ix_request_evidence_hnsw"
COMPARED = 20
_AT_ONCE = 50_000
_COLUMNS = "feedback_id, model, request_id, is_short, is_compared, embedding"
_TYPES = ("int8", "text", "int8", "bool", "bool", "vector")
_SUMS = """
    INSERT INTO request_centroids (request_id, model, pieces, total)
    SELECT request_id, model, count(*), sum(l2_normalize(embedding)) FROM request_evidence
     GROUP BY request_id, model
"""


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces in the order of their requests' places, which count from 0; the newest come last."""

    owners: NDArray[np.int64]
    vectors: NDArray[np.float32]
    compared: NDArray[np.bool_]


def make_pieces(requests: NDArray[np.float32], count: int, seed: int = 12) -> Pieces:
    """`count` pieces on the requests with these unit vectors."""
    random = np.random.default_rng(seed)
    owners = np.sort((len(requests) * random.random(count) ** 2).astype(np.int64))
    vectors = np.empty((count, requests.shape[1]), dtype=np.float32)
    for start in range(0, count, _AT_ONCE):
        part = requests[owners[start : start + _AT_ONCE]]
        raw = part + random.standard_normal(part.shape) / np.sqrt(part.shape[1])
        vectors[start : start + _AT_ONCE] = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    newer = np.searchsorted(owners, owners, side="right") - np.arange(count) - 1
    return Pieces(owners, vectors, newer < COMPARED)


def fill_pieces(engine: Engine, pieces: Pieces, model: str, memory_mb: int) -> tuple[float, float]:
    """Replace all pieces and sums; seconds for the rows and for the index, which comes last.

    Neither the feedback nor its entry is made up: the search reads only what is filled in here.
    """
    started = time.perf_counter()
    with engine.begin() as connection:
        definition = connection.execute(
            text("SELECT indexdef FROM pg_indexes WHERE indexname = :name"), {"name": PIECES_INDEX}
        ).scalar_one()
        connection.execute(text(f"DROP INDEX {PIECES_INDEX}"))
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("TRUNCATE request_evidence, request_centroids"))
        driver = connection.connection.driver_connection
        if driver is None:
            raise RuntimeError("The connection to the database was closed meanwhile.")
        register_vector(driver)
        rows = zip(pieces.owners.tolist(), pieces.compared.tolist(), pieces.vectors, strict=True)
        statement = f"COPY request_evidence ({_COLUMNS}) FROM STDIN (FORMAT BINARY)"
        with driver.cursor().copy(statement) as copy:
            copy.set_types(_TYPES)
            for number, (owner, compared, vector) in enumerate(rows, start=1):
                copy.write_row((number, model, owner + 1, True, compared, vector))
        connection.execute(text(_SUMS))
        copied = time.perf_counter()
        connection.execute(text(f"SET LOCAL maintenance_work_mem = '{memory_mb}MB'"))
        connection.execute(text(definition))
        indexed = time.perf_counter()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE request_evidence, request_centroids"))
    return copied - started, indexed - copied


def closest(
    requests: NDArray[np.float32], pieces: Pieces, pains: NDArray[np.float32], count: int = 10
) -> NDArray[np.int64]:
    """Places of the `count` requests closest to each pain, in no order, by comparing with all.

    Closeness is the product's: the mean of the cosines to the sum of a request and its pieces, and
    to whichever single one of them is nearest.
    """
    sums = requests.copy()
    np.add.at(sums, pieces.owners, pieces.vectors)
    sums /= np.linalg.norm(sums, axis=1, keepdims=True)
    owners, singles = pieces.owners[pieces.compared], pieces.vectors[pieces.compared]
    found = []
    for pain in pains:
        nearest = requests @ pain
        np.maximum.at(nearest, owners, singles @ pain)
        found.append(np.argpartition(-(sums @ pain + nearest), count)[:count])
    return np.asarray(found)
