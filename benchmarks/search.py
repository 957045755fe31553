"""Latency and recall of search, by ``benchmarks.bench_search`` in a process of its own.

``search`` measures up to 100,000 requests; ``search_million`` a million (half an hour, 8 GB of
memory).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from benchmarks.bench_search import COLUMNS, NOTE, shown
from benchmarks.report import Figures, Report, Target
from benchmarks.stand import BenchmarkError
from sandbox.environment import ROOT

SIZES = {"search": (1_000, 10_000, 100_000), "search_million": (1_000_000,)}
QUICK = {"search": (1_000,), "search_million": (2_000,)}
JUDGED_AT = 100_000
LIMIT_MS, TYPED_LIMIT_MS = 15.0, 20.0
SECONDS = 7200.0


def measure(name: str = "search", *, quick: bool) -> Report:
    """Each size in turn; only 100,000 requests have a value to reach."""
    sizes = (QUICK if quick else SIZES)[name]
    completed = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_search", "--json", "--sizes", *map(str, sizes)],
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
    return Report(
        name=name,
        purpose="Candidate search: the time and size of what it needs, its latency and recall.",
        figures=[Figures("Search", COLUMNS, [shown(figures) for figures in found], NOTE)],
        targets=[
            Target(f"p95 of {what} in the database at 100,000 requests", limit, figures[name], "ms")
            for figures in found
            if figures["requests"] == JUDGED_AT
            for what, limit, name in (
                ("a pain", LIMIT_MS, "db p95"),
                ("what a person types", TYPED_LIMIT_MS, "typed p95"),
            )
        ],
    )
