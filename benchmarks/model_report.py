"""What matching was measured to do, as a page with plots, in a folder outside the repository."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.metrics import FIGURES, interval, reliability
from include.matching.types import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

    from benchmarks.metrics import Outcome
    from benchmarks.model_judge import Asked

DEFAULT_FOLDER = Path(__file__).resolve().parents[1] / ".sandbox" / "eval"
WANTED_PRECISION = 0.95
MOST_QUESTIONS = 20.0
LEVELS = (0.80, 0.85, 0.90, 0.92, 0.94, 0.96, 0.98)
RESAMPLES = 1000
COLOURS = ("#1f6feb", "#d1242f", "#8250df")


@dataclass(frozen=True)
class Measured:
    """One matcher on one set; `asked` is there for a language model."""

    name: str
    outcomes: Sequence[Outcome]
    asked: Sequence[Asked] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """What one attach threshold would do: `ask` is the lowest that keeps questions few."""

    attach: float
    precision: float
    coverage: float
    ask: float
    questions: float


def curve(outcomes: Sequence[Outcome], levels: Sequence[float] = LEVELS) -> list[Point]:
    """Precision and coverage of automatic attachment by threshold, with at most 20 questions.

    A route that is forced (shipped requests, an uncalibrated model) does not depend on a
    threshold and is left as it was.
    """
    known = sum(row.known for row in outcomes)
    points = []
    for level in levels:
        taken = [row for row in outcomes if _may_attach(row) and row.confidence >= level]
        right = sum(row.right for row in taken)
        rest = sorted(
            (
                row.confidence
                for row in outcomes
                if not (_may_attach(row) and row.confidence >= level)
            ),
            reverse=True,
        )
        most = math.floor(MOST_QUESTIONS / 100 * len(outcomes))
        ask = rest[most] if len(rest) > most else 0.0
        # Everything above the first that is too many; equal ones are left out together.
        asked = sum(one > ask for one in rest)
        points.append(
            Point(
                attach=level,
                precision=right / len(taken) if taken else math.nan,
                coverage=right / known if known else math.nan,
                ask=ask,
                questions=100 * asked / len(outcomes),
            )
        )
    return points


def best_point(outcomes: Sequence[Outcome]) -> Point | None:
    """The highest coverage whose precision reaches 0.95; None when no threshold does."""
    levels = sorted({round(row.confidence, 4) for row in outcomes if row.confidence >= 0.5})
    reached = [one for one in curve(outcomes, levels) if one.precision >= WANTED_PRECISION]
    return max(reached, key=lambda one: one.coverage, default=None)


def curve_lines(outcomes: Sequence[Outcome]) -> list[str]:
    """The curve as text, and what it reaches."""
    lines = [
        f"  {'attach from':<12}{'precision':>11}{'coverage':>10}{'questions':>11}{'ask from':>10}"
    ]
    for point in curve(outcomes):
        lines.append(
            f"  {point.attach:<12.2f}{_number(point.precision):>11}{_number(point.coverage):>10}"
            f"{_number(point.questions):>11}{_number(point.ask):>10}"
        )
    best = best_point(outcomes)
    if best is None:
        lines.append(f"  no threshold reaches a precision of {WANTED_PRECISION}")
    else:
        lines.append(
            f"  precision >= {WANTED_PRECISION}: attach from {best.attach:.3f}, coverage "
            f"{best.coverage:.3f}; with {best.questions:.1f} questions per 100 (ask above "
            f"{best.ask:.3f})"
        )
    return lines


def money_lines(asked: Sequence[Asked]) -> list[str]:
    """Tokens, money and time of a model, with 95 % bootstrap intervals of the mean."""
    if not asked:
        return []
    answered = sum(one.verdict is not None for one in asked)
    lines = [f"  answered {answered} of {len(asked)}"]
    values: dict[str, list[float]] = {
        "tokens in per entry": [float(one.tokens_in) for one in asked],
        "tokens out per entry": [float(one.tokens_out) for one in asked],
        "US dollars per 1,000 entries": [1000 * one.cost for one in asked],
        "seconds per entry": [one.seconds for one in asked],
    }
    for label, column in values.items():
        low, high = _mean_interval(column)
        mean = sum(column) / len(column)
        lines.append(f"  {label:<45}{mean:9.3f}   [{low:.3f}, {high:.3f}]")
    lines.append(f"  {'US dollars in all':<45}{sum(one.cost for one in asked):9.4f}")
    return lines


def write(folder: Path, sets: Sequence[tuple[str, Sequence[Measured]]], title: str) -> Path:
    """Write `report.md` with its plots; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"# {title}", ""]
    for number, (name, matchers) in enumerate(sets, start=1):
        lines += [f"## {name}", ""]
        header = " | ".join(one.name for one in matchers)
        lines += [f"| | {header} |", "|---" * (len(matchers) + 1) + "|"]
        for label, figure in FIGURES.items():
            cells = [_cell(figure, one.outcomes) for one in matchers]
            lines.append(f"| {label} | {' | '.join(cells)} |")
        lines.append("")
        for one in matchers:
            lines += [f"{one.name}:", "", "```", *curve_lines(one.outcomes)]
            lines += [*money_lines(one.asked), "```", ""]
        plot = folder / f"set-{number}.png"
        _plot(plot, name, matchers)
        lines += [f"![Precision, reliability and questions on {name}]({plot.name})", ""]
    path = folder / "report.md"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _may_attach(row: Outcome) -> bool:
    """Whether the row's route follows from its confidence, and not from a shipped request."""
    return not (row.route is Route.ASK and row.confidence >= 0.9)


def _mean_interval(values: Sequence[float]) -> tuple[float, float]:
    random = np.random.default_rng(7)
    column = np.asarray(values)
    means = [column[random.integers(0, len(column), len(column))].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def _cell(figure: Callable[[Sequence[Outcome]], float], outcomes: Sequence[Outcome]) -> str:
    low, high = interval(figure, outcomes)
    return f"{_number(figure(outcomes))} [{_number(low)}, {_number(high)}]"


def _plot(path: Path, name: str, matchers: Sequence[Measured]) -> None:
    """Three panels: precision over coverage, reliability, coverage over questions."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    figure.suptitle(name)
    for one, colour in zip(matchers, COLOURS, strict=False):
        levels = sorted({round(row.confidence, 3) for row in one.outcomes if row.confidence > 0.4})
        points = [point for point in curve(one.outcomes, levels) if not math.isnan(point.precision)]
        left.plot(
            [point.coverage for point in points],
            [point.precision for point in points],
            color=colour,
            label=one.name,
        )
        table = [row for row in reliability(one.outcomes) if row[1]]
        middle.plot(
            [_middle(row[0]) for row in table], [row[2] for row in table], "o-", color=colour
        )
        _questions(right, one.outcomes, colour)
    left.axhline(WANTED_PRECISION, color="#888888", linestyle=":")
    middle.plot([0, 1], [0, 1], color="#888888", linestyle=":")
    right.axvline(MOST_QUESTIONS, color="#888888", linestyle=":")
    for axes, across, up in (
        (left, "coverage of the matchable", "precision of attachment"),
        (middle, "confidence", "share that was right"),
        (right, "questions per 100 entries", "matchable attached or asked about rightly"),
    ):
        axes.set_xlabel(across)
        axes.set_ylabel(up)
        axes.set_ylim(0, 1.02)
    left.legend(loc="lower left")
    figure.savefig(path, dpi=110)


def _questions(axes: Axes, outcomes: Sequence[Outcome], colour: str) -> None:
    """With the attach threshold in force: what asking more would save."""
    known = sum(row.known for row in outcomes) or 1
    attached = [row for row in outcomes if row.route is Route.ATTACH]
    rest = sorted(
        (row for row in outcomes if row.route is not Route.ATTACH), key=lambda row: -row.confidence
    )
    saved = sum(row.right for row in attached)
    across, up = [0.0], [saved / known]
    for number, row in enumerate(rest, start=1):
        saved += row.right
        across.append(100 * number / len(outcomes))
        up.append(saved / known)
    axes.plot(across, up, color=colour)


def _middle(label: str) -> float:
    low, high = label.split(" to ")
    return (float(low) + float(high)) / 2


def _number(value: float) -> str:
    return "--" if math.isnan(value) else f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
