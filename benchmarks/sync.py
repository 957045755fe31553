"""Embedding and indexing all requests, then a run that finds nothing to do, then a full build.

The work of ``sync_embeddings``' tasks in one process, with an embedder that takes 20 ms a call;
what Airflow adds is about a second a task.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks.bench_search import make_world
from benchmarks.corpus import scratch_database
from benchmarks.report import Figures, Report, Target
from benchmarks.scripted import ScriptedEmbedder
from include.requests import indexing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.store.session import SessionScope

SIZE, QUICK = 10_000, 1_000
BATCH = 500


def measure(*, quick: bool) -> Report:
    """Seconds of each run beyond the embeddings server's own time."""
    size = QUICK if quick else SIZE
    with scratch_database() as engine:

        @contextmanager
        def scope() -> Iterator[Session]:
            with Session(engine) as session, session.begin():
                yield session

        with scope() as session:
            rows = [
                {"slug": f"r-{n}", "title": title[:120], "description": description}
                for n, (title, description) in enumerate(make_world(size).requests)
            ]
            session.execute(
                text(
                    "INSERT INTO requests (slug, title, description)"
                    " VALUES (:slug, :title, :description)"
                ),
                rows,
            )
        runs = {
            "all embedded": _run(scope, full=False),
            "again, nothing to do": _run(scope, full=False),
            "full build beside the live one": _run(scope, full=True),
        }
    first, again = runs["all embedded"], runs["again, nothing to do"]
    return Report(
        name="sync",
        purpose=f"sync_embeddings over {size:,} requests, 20 ms a call of 64 texts.",
        figures=[
            Figures(
                "Runs",
                ("run", "embedded", "seconds", "of it the server's", "beyond the server"),
                [
                    (name, f"{made:,}", f"{took:.1f}", f"{served:.1f}", f"{took - served:.1f}")
                    for name, (made, took, served) in runs.items()
                ],
            )
        ],
        targets=[
            Target(f"{size:,} requests embedded, beyond the server", 60.0, first[1] - first[2]),
            Target("second run", 10.0, again[1]),
        ],
    )


def _run(scope: SessionScope, *, full: bool) -> tuple[int, float, float]:
    embedder = ScriptedEmbedder()
    started = time.perf_counter()
    with scope() as session:
        key = indexing.begin_index(session, embedder, full=full, run_id="benchmark")
    with scope() as session:
        batches = indexing.plan_batches(session, embedder, key=key, batch_size=BATCH)
    made = sum(indexing.embed_batch(scope, batch, embedder) for batch in batches)
    if full:
        indexing.switch_index(scope, key, embedder)
    return made, time.perf_counter() - started, embedder.server_seconds
