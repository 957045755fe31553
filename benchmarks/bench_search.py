"""Measures search: `python -m benchmarks.bench_search [--sizes N...] [--pieces N] [--json]`.

For each size: seconds to copy the rows and to build the vector index; megabytes of that index and
of the database; p50 and p95 of the statement's execution time inside PostgreSQL (EXPLAIN ANALYZE,
planning included; the fastest of three runs, lest a busy machine be measured), of the whole call
from Python, and recall@10 of the HNSW search against the exact nearest. Everything is synthetic.
Text: words drawn from a Zipf law over 30,000 made-up words, titles of 4 to 9 and descriptions of 10
to 60 words. Vectors: 384 dimensions, one centre for each of size / 20 topics, where centres are
themselves drawn around 50 themes, plus noise, so that a vector has near, middling and far
neighbours (cosines about 0.65, 0.2 and 0). Pains are made as requests
are: of a random topic, 8 to 40 words; every tenth has 400 words. What people type: two words of a
title, the first with two letters swapped, and the initials of three words of it. With `--pieces`,
so much feedback lies on the requests (`benchmarks.pieces`), and recall@10 is that of the whole
statement by vectors against the ten closest of all requests.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from benchmarks.corpus import VECTOR_INDEX, fill, scratch_database
from benchmarks.pieces import PIECES_INDEX, Pieces, closest, fill_pieces, make_pieces
from include.matching.alike import telling_words
from include.store.letters import find_by_letters
from include.store.search import find_candidates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Engine

MODEL = "synthetic"
DIMENSIONS = 384
PAINS = 200
RUNS = 3
AT_ONCE = 50_000
MEMORY_MB = 1024
THEMES = 50
COLUMNS = (
    "requests",
    "rows s",
    "index s",
    "index MB",
    "all MB",
    "db p50",
    "db p95",
    "words p95",
    "typed p95",
    "call p50",
    "call p95",
    "recall@10",
)
PIECES_COLUMNS = (
    COLUMNS[0],
    *("pieces", "compared", "pieces s", "pieces index s", "pieces index MB", "all MB"),
    *COLUMNS[5:],
)
NOTE = (
    f"{PAINS} pains a size; times in milliseconds; 'db' is inside PostgreSQL, planning included, "
    f"the fastest of {RUNS} runs of each pain; 'words' is the search without a vector; 'typed' is "
    "what a person types, with a vector and by letters; 'call' is from Python; recall is that of "
    "the vector index against the exact nearest"
)
PIECES_NOTE = (
    f"{NOTE.rpartition(';')[0]}; 'compared' are the pieces in the vector index of pieces; recall "
    "is that of the whole statement by vectors against the ten closest of all requests, feedback "
    "included"
)
_CONSONANTS, _VOWELS = "bcdfghjklmnprstvwxyz", "aeiou"
_SYLLABLES = [a + _VOWELS[n % 5] for n, a in enumerate(_CONSONANTS)]


@dataclass(frozen=True, slots=True)
class World:
    """Requests and pains made up from one seed."""

    requests: list[tuple[str, str]]
    vectors: NDArray[np.float32]
    pains: list[str]
    pain_vectors: NDArray[np.float32]
    typed: list[str]


def make_world(size: int, seed: int = 11) -> World:
    """`size` requests and `PAINS` pains, as the module's docstring describes them."""
    random = np.random.default_rng(seed)
    words = _vocabulary(30_000)
    chances = 1.0 / np.arange(2, len(words) + 2)
    chances /= chances.sum()

    cumulative = np.cumsum(chances)

    def sentence(low: int, high: int) -> str:
        drawn = np.searchsorted(cumulative, random.random(random.integers(low, high + 1)))
        return " ".join(words[min(place, len(words) - 1)] for place in drawn)

    themes = random.standard_normal((THEMES, DIMENSIONS))
    topics = max(1, size // 20)
    centres = 0.7 * themes[random.integers(0, THEMES, topics)] + random.standard_normal(
        (topics, DIMENSIONS)
    )

    def near(count: int) -> NDArray[np.float32]:
        chosen = random.integers(0, topics, count)
        found = np.empty((count, DIMENSIONS), dtype=np.float32)
        # In parts: a million vectors of double precision would be 3 GB, three times over.
        for start in range(0, count, AT_ONCE):
            part = chosen[start : start + AT_ONCE]
            raw = centres[part] + 0.9 * random.standard_normal((len(part), DIMENSIONS))
            found[start : start + AT_ONCE] = raw / np.linalg.norm(raw, axis=1, keepdims=True)
        return found

    requests = [(sentence(4, 9), sentence(10, 60)) for _ in range(size)]
    pains = [sentence(400, 400) if n % 10 == 0 else sentence(8, 40) for n in range(PAINS)]
    vectors, pain_vectors = near(size), near(PAINS)
    chosen = [requests[place][0].split() for place in random.integers(0, size, PAINS)]
    return World(requests, vectors, pains, pain_vectors, [_typed(title) for title in chosen])


def _typed(title: list[str]) -> str:
    swapped = title[0][:2] + title[0][3:4] + title[0][2:3] + title[0][4:]
    return f"{swapped} {title[1]} {''.join(word[0] for word in title[1:4])}"


def measure(engine: Engine, world: World, pieces: Pieces | None = None) -> dict[str, float]:
    """Milliseconds and recall for a world that was filled in, with the pieces on it."""
    if pieces is None:
        exact = np.argpartition(-(world.pain_vectors @ world.vectors.T), 10, axis=1)[:, :10]
    else:
        exact = closest(world.vectors, pieces, world.pain_vectors)
    calls, inside, words_only, found, typed = [], [], [], [], []
    with Session(engine) as session:
        for pain, vector in zip(world.pains, world.pain_vectors.tolist(), strict=True):
            started = time.perf_counter()
            find_candidates(session, pain=pain, vector=vector, model=MODEL)
            calls.append(1000 * (time.perf_counter() - started))
            inside.append(_explained(session, pain, vector))
            words_only.append(_explained(session, pain, None))
            found.append((_nearest if pieces is None else _closest)(session, vector))
            session.rollback()
        for query, vector in zip(world.typed, world.pain_vectors.tolist(), strict=True):
            typed.append(_explained(session, query, vector) + _explained_letters(session, query))
            session.rollback()
    hits = [len(set(got) & set(want + 1)) / 10 for got, want in zip(found, exact, strict=True)]
    return {
        "db p50": float(np.percentile(inside, 50)),
        "db p95": float(np.percentile(inside, 95)),
        "words p95": float(np.percentile(words_only, 95)),
        "typed p95": float(np.percentile(typed, 95)),
        "call p50": float(np.percentile(calls, 50)),
        "call p95": float(np.percentile(calls, 95)),
        "recall@10": float(np.mean(hits)),
    }


def explain(session: Session, pain: str, vector: list[float] | None) -> dict[str, Any]:
    """The plan of the search statement as PostgreSQL ran it (EXPLAIN ANALYZE, JSON)."""

    def search() -> object:
        return find_candidates(session, pain=pain, vector=vector, model=MODEL)

    return _plan(session, search, "lexemes")


def _plan(session: Session, search: Callable[[], object], named: str) -> dict[str, Any]:
    """The plan of the statement that has this name in it, of those that a search makes."""
    statements: list[tuple[str, Any]] = []

    def remember(*seen: Any) -> None:
        statements.append((seen[2], seen[3]))

    bind = session.get_bind()
    event.listen(bind, "before_cursor_execute", remember)
    try:
        search()
    finally:
        event.remove(bind, "before_cursor_execute", remember)
    statement, parameters = next(one for one in statements if named in one[0])
    cursor = session.connection().connection.driver_connection.cursor()
    cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", parameters)
    plan: dict[str, Any] = cursor.fetchone()[0][0]
    return plan


def _explained(session: Session, pain: str, vector: list[float] | None) -> float:
    plans = [explain(session, pain, vector) for _ in range(RUNS)]
    return _fastest(plans)


def _explained_letters(session: Session, query: str) -> float:
    words = telling_words(query)
    return _fastest(
        [_plan(session, lambda: find_by_letters(session, words), "misspelt") for _ in range(RUNS)]
    )


def _fastest(plans: Sequence[dict[str, Any]]) -> float:
    return min(float(plan["Planning Time"] + plan["Execution Time"]) for plan in plans)


def _nearest(session: Session, vector: list[float]) -> list[int]:
    """Ids the search's own settings (of this transaction) find nearest."""
    literal = json.dumps(vector)
    rows = session.execute(
        text(
            "SELECT request_id FROM request_embeddings WHERE model = :model"
            " ORDER BY embedding <=> CAST(:vector AS vector) LIMIT 50"
        ),
        {"model": MODEL, "vector": literal},
    )
    return [row[0] for row in rows][:10]


def _closest(session: Session, vector: list[float]) -> list[int]:
    """Ids of the ten candidates that vectors alone, of requests and of feedback, lead to."""
    return [one.request_id for one in find_candidates(session, pain="", vector=vector, model=MODEL)]


def _vocabulary(count: int) -> list[str]:
    size = len(_SYLLABLES)
    return [
        _SYLLABLES[n % size]
        + _SYLLABLES[n // size % size]
        + _SYLLABLES[n // size**2 % size]
        + (_SYLLABLES[n // size**3 % size] if n >= size**3 else "")
        for n in range(count)
    ]


def measure_size(engine: Engine, size: int, feedback: int = 0) -> dict[str, float]:
    """A world of this size: built, weighed and searched. `COLUMNS` by name.

    With pieces of feedback on it, `PIECES_COLUMNS`.
    """
    world = make_world(size)
    filled = fill(engine, world.requests, world.vectors, MODEL, memory_mb=_memory(size))
    figures = {"requests": size, "rows s": filled.copying, "index s": filled.indexing}
    pieces = make_pieces(world.vectors, feedback) if feedback else None
    if pieces is not None:
        copying, indexing = fill_pieces(engine, pieces, MODEL, memory_mb=_memory(feedback))
        figures |= {
            "pieces": feedback,
            "compared": int(pieces.compared.sum()),
            "pieces s": copying,
            "pieces index s": indexing,
            "pieces index MB": _megabytes(engine, f"pg_relation_size('{PIECES_INDEX}')"),
        }
    return {
        **figures,
        "index MB": _megabytes(engine, f"pg_relation_size('{VECTOR_INDEX}')"),
        "all MB": _megabytes(engine, "pg_database_size(current_database())"),
        **measure(engine, world, pieces),
    }


def _memory(vectors: int) -> int:
    """Megabytes: 3 kB a vector. With less, HNSW goes on on disk, slowly."""
    return max(MEMORY_MB, 3 * vectors // 1000)


def _megabytes(engine: Engine, size: str) -> float:
    with engine.connect() as connection:
        return float(connection.execute(text(f"SELECT {size}")).scalar_one()) / 2**20


def shown(figures: dict[str, float], columns: Sequence[str] = COLUMNS) -> tuple[str, ...]:
    """One line of the table."""
    digits = {"recall@10": 4, "index s": 1, "pieces index s": 1}
    whole = ("requests", "pieces", "compared", "rows s", "pieces s")
    digits |= {column: 0 for column in columns if column in whole or column.endswith("MB")}
    return tuple(f"{figures[column]:,.{digits.get(column, 1)}f}" for column in columns)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table, one line for each size, or a JSON object for each."""
    parser = argparse.ArgumentParser(description="Latency and recall of search.")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--pieces", type=int, default=0, help="of feedback on the requests")
    parser.add_argument("--json", action="store_true", help="one object a line")
    options = parser.parse_args(arguments)
    say = sys.stdout.write
    columns, note = (PIECES_COLUMNS, PIECES_NOTE) if options.pieces else (COLUMNS, NOTE)
    if not options.json:
        say(f"{note}\n{''.join(f'{column:>16}' for column in columns)}\n")
    with scratch_database() as engine:
        for size in options.sizes:
            figures = measure_size(engine, size, options.pieces)
            line = "".join(f"{value:>16}" for value in shown(figures, columns))
            say(f"{json.dumps(figures) if options.json else line}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
