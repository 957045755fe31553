"""Latency and recall of search, by ``benchmarks.bench_search`` in a process of its own.

``search`` measures up to 100,000 requests; ``search_million`` a million (half an hour, 8 GB of
memory); ``search_evidence`` 100,000 with 500,000 pieces of feedback on them (a quarter of an hour).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from benchmarks.bench_search import COLUMNS, NOTE, PIECES_COLUMNS, PIECES_NOTE, shown
from benchmarks.report import Figures, Report, Target
from benchmarks.stand import BenchmarkError
from sandbox.environment import ROOT

SIZES = {
    "search": (1_000, 10_000, 100_000),
    "search_million": (1_000_000,),
    "search_evidence": (100_000,),
}
QUICK = {"search": (1_000,), "search_million": (2_000,), "search_evidence": (2_000,)}
PIECES_A_REQUEST = 5
JUDGED_AT = 100_000
LIMIT_MS, TYPED_LIMIT_MS, PIECES_LIMIT_MS = 15.0, 20.0, 20.0
MISSED_LIMIT = 0.02
SECONDS = 7200.0


def measure(name: str = "search", *, quick: bool) -> Report:
    """Each size in turn; only 100,000 requests have a value to reach."""
    sizes = (QUICK if quick else SIZES)[name]
    with_pieces = name == "search_evidence"
    pieces = ["--pieces", str(PIECES_A_REQUEST * sizes[0])] if with_pieces else []
    command = ["-m", "benchmarks.bench_search", "--json", *pieces, "--sizes", *map(str, sizes)]
    completed = subprocess.run(
        [sys.executable, *command],
        env=os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    if completed.returncode != 0:
        last = completed.stderr.strip().splitlines()[-1:] or ["no output"]
        raise BenchmarkError(f"benchmarks.bench_search ended with an error: {last[0]}")
    found = [json.loads(line) for line in completed.stdout.splitlines() if line.strip()]
    columns, note = (PIECES_COLUMNS, PIECES_NOTE) if with_pieces else (COLUMNS, NOTE)
    rows = [shown(figures, columns) for figures in found]
    return Report(
        name=name,
        purpose="Candidate search: the time and size of what it needs, its latency and recall.",
        figures=[Figures("Search", columns, rows, note)],
        targets=[
            target
            for figures in found
            if figures["requests"] == JUDGED_AT
            for target in (_with_pieces if with_pieces else _without)(figures)
        ],
    )


def _without(figures: dict[str, float]) -> list[Target]:
    where = "in the database at 100,000 requests"
    return [
        Target(f"p95 of a pain {where}", LIMIT_MS, figures["db p95"], "ms"),
        Target(f"p95 of what a person types {where}", TYPED_LIMIT_MS, figures["typed p95"], "ms"),
    ]


def _with_pieces(figures: dict[str, float]) -> list[Target]:
    where = "at 100,000 requests with 500,000 pieces of feedback"
    missed = 1 - figures["recall@10"]
    return [
        Target(f"p95 of a pain in the database {where}", PIECES_LIMIT_MS, figures["db p95"], "ms"),
        Target(f"share missed of the ten closest {where}", MISSED_LIMIT, missed, ""),
    ]
