"""Measures matching in time: `python -m benchmarks.evaluate_stream FOLDER [FOLDER...]`.

Entries arrive in seeded random orders (`--orders`); see `benchmarks.stream` for what people do.
Printed for the first fifth of the entries, the last half, all, and what came after a hundred
questions: precision and coverage of what is attached, questions per 100, duplicates, and the cost
as `make eval` counts it. `--plot` draws coverage and precision over time. `--calibration` judges by
another file than the shipped one, such as a fit on other folders
(`benchmarks.fit_calibration --left-out`).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.corpus import chosen_embedder, scratch_database
from benchmarks.labelled import BadData
from benchmarks.metrics import (
    attach_coverage,
    attach_precision,
    cost,
    duplicates,
    questions,
)
from benchmarks.stream import Deployment
from benchmarks.stream_plot import draw
from include.base.errors import FatalError
from include.matching.calibration import parse
from include.matching.types import Route, Thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.metrics import Outcome

ANSWERED = 100
"""Questions after which the rest of a stream is looked at by itself."""

COLUMNS = {
    "precision": attach_precision,
    "coverage": attach_coverage,
    "questions": questions,
    "duplicates": duplicates,
    "cost": cost,
}

VARIANTS = {
    "without evidence": {"evidence": False},
    "with evidence": {"evidence": True},
    "with evidence and answers": {"evidence": True, "answers": True},
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures of each folder; 2 when a folder cannot be read."""
    parser = argparse.ArgumentParser(description="Measure matching as a deployment in time.")
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--orders", type=int, default=3, help="random orders (seeds 1, 2, ...)")
    parser.add_argument("--attach", type=float, default=Thresholds(0).attach)
    parser.add_argument("--ask", type=float, default=Thresholds(0).ask)
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--calibration", type=Path, help="instead of the shipped one")
    parser.add_argument("--plot", type=Path, help="an SVG to write")
    options = parser.parse_args(arguments)
    streams: dict[str, dict[str, list[list[Outcome]]]] = {}
    try:
        thresholds = Thresholds(0, attach=options.attach, ask=options.ask)
        file = options.calibration
        calibration = parse(json.loads(file.read_text(encoding="utf-8"))) if file else None
        embedder = chosen_embedder()
        with scratch_database() as engine:
            for folder in options.folders:
                deployment = Deployment(engine, embedder, folder, calibration)
                for variant in options.variants:
                    runs = [
                        deployment.run(seed, thresholds, **VARIANTS[variant])
                        for seed in range(1, options.orders + 1)
                    ]
                    name = folder.resolve().name
                    streams.setdefault(name, {})[variant] = runs
                    _print_runs(f"{name}, {variant}", runs)
    except (BadData, FatalError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if options.plot:
        options.plot.write_text(draw(streams), encoding="utf-8")
    return 0


def parts(outcomes: Sequence[Outcome]) -> dict[str, Sequence[Outcome]]:
    """The parts of a stream that figures are given for."""
    return {
        "first fifth": outcomes[: len(outcomes) // 5],
        "last half": outcomes[len(outcomes) // 2 :],
        "all": outcomes,
        f"after {ANSWERED}": _after_answers(outcomes),
    }


def _after_answers(outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
    """What came after `ANSWERED` questions."""
    asked = 0
    for number, row in enumerate(outcomes, start=1):
        asked += row.route is Route.ASK
        if asked == ANSWERED:
            return outcomes[number:]
    return ()


def _print_runs(name: str, runs: Sequence[Sequence[Outcome]]) -> None:
    sys.stdout.write(f"\n{name}: {len(runs)} orders of {len(runs[0])} entries\n")
    sys.stdout.write(f"  {'':<14}" + "".join(f"{column:>12}" for column in COLUMNS) + "\n")
    for part in parts(runs[0]):
        pooled = [row for run in runs for row in parts(run)[part]]
        if not pooled:
            continue
        figures = "".join(f"{figure(pooled):>12.3f}" for figure in COLUMNS.values())
        sys.stdout.write(f"  {part:<14}{figures}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
