"""Fits the judge's calibration: `python -m benchmarks.fit_calibration FOLDER [FOLDER...]`.

Writes `include/matching/calibrations/<model>.json` (or `--out`) and prints, for each folder, how a
fit on the *other* folders does on it, and how a fit on four fifths of all does on the last fifth
(entries of one gold request stay together). Only numbers are kept, no text. What is fitted: the
weights of `include.matching.features`, by ridge logistic regression, each folder counting by the
square root of its size. With vectors the nearest candidate of each entry is looked at, in a stream
(`benchmarks.stream`) in which requests gather feedback; by words alone, all candidates. What is not
fitted but set: the scale (`VECTOR_SCALE`, `TEXT_SCALE`), one for all folders. `--left-out` writes,
instead of that file, one for each folder: the fit on the others, for
`python -m benchmarks.evaluate_stream FOLDER --calibration FILE`.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.corpus import chosen_embedder, scratch_database
from benchmarks.labelled import BadData
from benchmarks.metrics import (
    Outcome,
    attach_coverage,
    attach_precision,
    cost,
    coverage_at_precision,
    questions,
)
from benchmarks.retrieval import Retrieved, retrieve
from benchmarks.stream import Deployment
from include.matching.calibration import FOLDER, Curve, file_name, parse
from include.matching.features import (
    TEXT_FEATURES,
    VECTOR_FEATURES,
    text_features,
    vector_features,
)
from include.matching.scale import SCALE
from include.matching.types import Route, Thresholds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Engine

    from include.matching.types import Embedder

    Features = Callable[[Retrieved], Sequence[Sequence[float]]]

# (chance, confidence). From the chance 0.27 a question costs less than the duplicate it saves, and
# what that duplicate would take from later entries; from 0.845 nineteen of twenty are right.
VECTOR_SCALE = SCALE
TEXT_SCALE = [(0, 0), (0.2, 0.5), (0.4, 0.7), (0.7, 0.8), (1, 0.89)]
TEXT_CAP = 0.89
RIDGE = 1e-3
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Fitted:
    """One entry ready for fitting: a row of features for each candidate, and which are right."""

    group: int
    known: bool
    rows: NDArray[np.float64]
    right: NDArray[np.bool_]


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit, print held-out figures, write the file; 2 when a folder cannot be read."""
    parser = argparse.ArgumentParser(description="Fit the calibration of an embedding model.")
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, help="default: the file the judge reads")
    parser.add_argument("--left-out", type=Path, metavar="FOLDER", help="for fits on the others")
    options = parser.parse_args(arguments)
    embedder = chosen_embedder()
    out = options.out or FOLDER / f"{file_name(embedder.model)}.json"
    try:
        with scratch_database() as engine:
            by_vector = [streamed(engine, embedder, folder) for folder in options.folders]
            by_words = [
                retrieve(engine, embedder, folder, words_only=True) for folder in options.folders
            ]
    except BadData as error:
        sys.stderr.write(f"{error}\n")
        return 2
    vector_sets = [nearest_only(prepared(found, _vector_rows)) for found in by_vector]
    text_sets = [prepared(found, _text_rows) for found in by_words]
    names = [folder.resolve().name for folder in options.folders]
    print_held_out(names, vector_sets, VECTOR_FEATURES)
    fitted = list(zip(names, vector_sets, text_sets, strict=True))
    if options.left_out is None:
        _write(out, _content(embedder.model, fitted))
        return 0
    options.left_out.mkdir(parents=True, exist_ok=True)
    for name in names:
        others = [one for one in fitted if one[0] != name]
        _write(options.left_out / f"{file_name(name)}.json", _content(embedder.model, others))
    return 0


def _content(
    model: str, sets: Sequence[tuple[str, Sequence[Fitted], Sequence[Fitted]]]
) -> dict[str, Any]:
    """The JSON of a calibration fitted on these (name, entries with vectors, by words alone)."""
    return {
        "model": model,
        "fitted_on": {name: len(rows) for name, rows, _ in sets},
        "vector": fit([rows for _, rows, _ in sets], VECTOR_FEATURES, VECTOR_SCALE, 1.0),
        "text": fit([rows for *_, rows in sets], TEXT_FEATURES, TEXT_SCALE, TEXT_CAP),
    }


def _write(out: Path, content: dict[str, Any]) -> None:
    parse(content)
    out.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"written: {out}\n")


def streamed(engine: Engine, embedder: Embedder, folder: Path) -> list[Retrieved]:
    """What the search finds for each entry while the requests gather feedback."""
    seen: list[Retrieved] = []
    Deployment(engine, embedder, folder).run(1, Thresholds(0), seen=seen)
    return seen


def nearest_only(rows: Sequence[Fitted]) -> list[Fitted]:
    """Of each entry only the nearest candidate: the one that a route is about."""
    kept = []
    for row in rows:
        best = slice(place := int(np.argmax(row.rows[:, 0])), place + 1)
        kept.append(Fitted(row.group, row.known, row.rows[best], row.right[best]))
    return kept


def _vector_rows(found: Retrieved) -> Sequence[Sequence[float]]:
    return vector_features(found.text, found.candidates)


def _text_rows(found: Retrieved) -> Sequence[Sequence[float]]:
    return text_features(found.candidates)


def prepared(found: Iterable[Retrieved], features: Features) -> list[Fitted]:
    """Entries ready for fitting; those without candidates teach nothing."""
    ready = []
    for row in found:
        if row.candidates:
            right = [candidate.request_id in row.gold for candidate in row.candidates]
            # Entries of one source share the beginning of their id, also those that are new.
            group = zlib.crc32(row.entry_id.rsplit("-", 1)[0].encode()) % FOLDS
            ready.append(Fitted(group, row.known, np.asarray(features(row)), np.asarray(right)))
    return ready


def fit(
    sets: Sequence[Sequence[Fitted]],
    names: Sequence[str],
    scale: Sequence[tuple[float, float]],
    cap: float,
) -> dict[str, Any]:
    """Ridge logistic regression on standardised features, as the JSON of a curve."""
    sets = [rows for rows in sets if rows]
    matrix = np.concatenate([row.rows for rows in sets for row in rows])
    labels = np.concatenate([row.right for rows in sets for row in rows]).astype(float)
    importance = np.concatenate(
        [np.full(len(row.right), len(rows) ** -0.5) for rows in sets for row in rows]
    )
    mean = np.average(matrix, axis=0, weights=importance)
    deviation = np.sqrt(np.average((matrix - mean) ** 2, axis=0, weights=importance)) + 1e-9
    design = np.column_stack([np.ones(len(matrix)), (matrix - mean) / deviation])
    penalty = np.eye(design.shape[1]) * RIDGE
    penalty[0, 0] = 1e-9
    beta = np.zeros(design.shape[1])
    for _ in range(60):  # Newton's method; it settles in about ten steps
        chance = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        gradient = design.T @ (importance * (chance - labels)) / importance.sum() + penalty @ beta
        curvature = importance * chance * (1 - chance)
        beta -= np.linalg.solve(
            (design.T * curvature) @ design / importance.sum() + penalty, gradient
        )
    weights = beta[1:] / deviation
    return {
        "intercept": round(float(beta[0] - weights @ mean), 4),
        "weights": {name: round(float(w), 4) for name, w in zip(names, weights, strict=True)},
        "scale": [list(point) for point in scale],
        "cap": cap,
    }


def _outcomes(rows: Iterable[Fitted], content: dict[str, Any]) -> list[Outcome]:
    curve = Curve(
        content["intercept"],
        tuple(content["weights"].values()),
        tuple(map(tuple, content["scale"])),
        content["cap"],
    )
    thresholds = Thresholds(0)
    outcomes = []
    for row in rows:
        confidences = [curve.confidence(features) for features in row.rows]
        best = int(np.argmax(confidences))
        chosen = (
            Route.ATTACH
            if confidences[best] >= thresholds.attach
            else Route.ASK
            if confidences[best] >= thresholds.ask
            else Route.CREATE
        )
        outcomes.append(Outcome(row.known, None, confidences[best], bool(row.right[best]), chosen))
    return outcomes


def print_held_out(
    names: Sequence[str], sets: Sequence[Sequence[Fitted]], features: tuple[str, ...]
) -> None:
    """How fits on other folders, and on other entries, do on what they have not seen."""
    if len(sets) > 1:
        _heading("fitted on the other folders")
        pooled: list[Outcome] = []
        for place, name in enumerate(names):
            others = [rows for other, rows in enumerate(sets) if other != place]
            held = _outcomes(sets[place], fit(others, features, VECTOR_SCALE, 1.0))
            _line(name, held)
            pooled += held
        _line("all together", pooled)
    _heading(f"fitted on {FOLDS - 1} of {FOLDS} parts of every folder")
    by_name: dict[str, list[Outcome]] = {name: [] for name in names}
    for fold in range(FOLDS):
        train = [[row for row in rows if row.group != fold] for rows in sets]
        content = fit(train, features, VECTOR_SCALE, 1.0)
        for name, rows in zip(names, sets, strict=True):
            by_name[name] += _outcomes((row for row in rows if row.group == fold), content)
    for name, held in by_name.items():
        _line(name, held)
    _line("all together", [row for held in by_name.values() for row in held])


def _heading(title: str) -> None:
    columns = ("attached", "precision", "coverage", "questions", "cost", "cov@95")
    sys.stdout.write(f"\n{title:<42}" + "".join(f"{column:>11}" for column in columns) + "\n")


def _line(name: str, rows: Sequence[Outcome]) -> None:
    attached = sum(row.route is Route.ATTACH for row in rows)
    figures = (attach_precision, attach_coverage, questions, cost, coverage_at_precision)
    values = "".join(f"{figure(rows):>11.3f}" for figure in figures)
    sys.stdout.write(f"  {name:<40}{attached:>11}{values}\n")


if __name__ == "__main__":
    sys.exit(main())
