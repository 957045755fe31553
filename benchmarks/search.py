"""Latency and recall of search: runs ``benchmarks.bench_search`` and keeps its table."""

from __future__ import annotations

import os
import subprocess
import sys

from benchmarks.report import Figures, Report
from benchmarks.stand import BenchmarkError
from include.sandbox.environment import ROOT

SEARCH_SECONDS = 1800.0


def measure(*, quick: bool) -> Report:
    """The other benchmark's own output, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.bench_search"]
    if quick:
        command += ["--sizes", "1000"]
    completed = subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=SEARCH_SECONDS,
    )
    if completed.returncode != 0:
        last = completed.stderr.strip().splitlines()[-1:] or ["no output"]
        raise BenchmarkError(f"benchmarks.bench_search ended with an error: {last[0]}")
    lines = completed.stdout.strip().splitlines()
    rows = [(line,) for line in lines if line.strip()]
    return Report(
        name="search",
        purpose="Latency and recall of candidate search; figures of benchmarks.bench_search.",
        figures=[Figures("Search", ("Output of python -m benchmarks.bench_search",), rows)],
    )
