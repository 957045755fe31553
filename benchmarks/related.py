"""Cost of the sweep for related requests by the number of requests: it must grow with n, not n².

The pairs' search and judgement as ``find_all_related_feedback`` makes them, on synthetic requests
(see ``benchmarks.bench_search``), in one process.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks.bench_search import MODEL, make_world
from benchmarks.corpus import fill, scratch_database
from benchmarks.report import Figures, Report, Target
from include.matching.judge import CalibratedJudge
from include.requests import sweep_related

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

SIZES = (1_000, 3_000, 10_000)
QUICK = (300, 1_000)
MOST_GROWTH = 1.5
"""How much more a request may cost among the most requests than among the fewest."""


def measure(*, quick: bool) -> Report:
    """Seconds of a whole pass, and milliseconds a request, for each size."""
    rows, costs = [], []
    with scratch_database() as engine:
        for size in QUICK if quick else SIZES:
            world = make_world(size)
            fill(engine, world.requests, world.vectors, MODEL)
            seconds, pairs = _sweep(engine)
            costs.append(1000 * seconds / size)
            rows.append((f"{size:,}", f"{seconds:.1f}", f"{costs[-1]:.2f}", f"{pairs:,}"))
    growth = costs[-1] / costs[0]
    return Report(
        name="related",
        purpose="Sweep for near-duplicates: cost a request must hardly grow with their number.",
        figures=[Figures("One pass", ("requests", "seconds", "ms a request", "pairs"), rows)],
        targets=[
            Target(
                "cost of a request, most / fewest requests",
                MOST_GROWTH,
                growth,
                unit="x",
            )
        ],
    )


def _sweep(engine: Engine) -> tuple[float, int]:
    @contextmanager
    def scope() -> Iterator[Session]:
        with Session(engine) as session, session.begin():
            yield session

    with scope() as session:
        session.execute(text("DELETE FROM watermarks"))
        batches = sweep_related.plan_pass(
            session, batch_size=1_000, limit=1_000_000, restart=True, dry_run=False
        )
    started = time.perf_counter()
    pairs = 0
    for batch in batches:
        found = sweep_related.judge_batch(
            scope,
            batch,
            model=MODEL,
            judge=CalibratedJudge("all-MiniLM-L6-v2"),
            dry_run=False,
            run_id=f"benchmark-{os.getpid()}",
        )
        pairs += int(found["pairs"])
    return time.perf_counter() - started, pairs
