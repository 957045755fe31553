"""The curve of attachment is counted right."""

from __future__ import annotations

import math

import pytest

from benchmarks.metrics import Outcome
from benchmarks.model_judge import Asked
from benchmarks.model_report import best_point, curve, money_lines
from include.matching.types import Route


def row(confidence: float, *, right: bool, known: bool = True, ask: bool = False) -> Outcome:
    route = Route.ASK if ask or confidence < 0.9 else Route.ATTACH
    return Outcome(known, 1 if right else None, confidence, right, route)


ROWS = [
    *[row(0.99, right=True) for _ in range(8)],
    row(0.95, right=False, known=False),
    row(0.92, right=True),
    row(0.85, right=True),
    *[row(0.3, right=False, known=False) for _ in range(9)],
]


def test_precision_and_coverage_follow_the_threshold() -> None:
    high, middle, low = curve(ROWS, (0.99, 0.95, 0.9))
    assert (high.precision, high.coverage) == (1.0, 0.8)
    assert (middle.precision, middle.coverage) == (pytest.approx(8 / 9), 0.8)
    assert (low.precision, low.coverage) == (0.9, 0.9)


def test_questions_are_at_most_twenty_in_a_hundred() -> None:
    [point] = curve(ROWS, (0.99,))
    assert point.questions <= 20
    assert point.questions == 15.0
    assert point.ask == 0.3


def test_the_best_point_is_the_one_that_is_precise_enough() -> None:
    best = best_point(ROWS)
    assert best is not None
    assert (best.attach, best.coverage) == (0.99, 0.8)
    assert best_point([row(0.95, right=False)]) is None


def test_a_forced_question_attaches_at_no_threshold() -> None:
    [point] = curve([row(0.99, right=True, ask=True)], (0.9,))
    assert math.isnan(point.precision)
    assert point.coverage == 0


def test_money_is_summed_and_has_an_interval() -> None:
    asked = [Asked(None, 100, 10, 0.002, 0.5), Asked(None, 300, 30, 0.004, 0.7)]
    lines = "\n".join(money_lines(asked))
    assert "answered 0 of 2" in lines
    assert "tokens in per entry" in lines
    assert " 200.000   [100.000, 300.000]" in lines
    assert "0.0060" in lines
