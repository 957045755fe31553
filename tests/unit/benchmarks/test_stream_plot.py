"""The plot of a stream shows the figures of the moment, and reads as XML."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from benchmarks.metrics import Outcome, attach_coverage, attach_precision
from benchmarks.stream_plot import LEAST, curve, draw
from include.matching.types import Route

RIGHT = Outcome(known=True, rank=1, confidence=0.95, right=True, route=Route.ATTACH)
WRONG = Outcome(known=True, rank=2, confidence=0.95, right=False, route=Route.ATTACH)
ASKED = Outcome(known=True, rank=1, confidence=0.85, right=True, route=Route.ASK)
NEW = Outcome(known=False, rank=None, confidence=0.1, right=False, route=Route.CREATE)


def test_a_point_looks_back_on_a_fifth_of_each_order() -> None:
    improving = [*[ASKED] * 200, *[RIGHT] * 200]
    points = curve([improving, improving], attach_coverage, lambda row: row.known)
    assert points[0] == (pytest.approx(1 / 60), 0.0)
    assert dict(points)[0.5] == 0.0
    assert dict(points)[0.6] == pytest.approx(0.5)
    assert points[-1] == (1.0, 1.0)


def test_a_point_on_too_few_entries_is_left_out() -> None:
    rows = [NEW] * 100 + [WRONG] * (LEAST - 1) + [NEW] * 100
    assert curve([rows], attach_precision, lambda row: row.route is Route.ATTACH) == []
    assert curve([[*rows, WRONG]], attach_precision, lambda row: row.route is Route.ATTACH) == []


def test_each_variant_of_each_folder_is_a_line_of_its_own() -> None:
    runs = {"without": [[ASKED] * 50], "with <evidence>": [[RIGHT] * 50]}
    drawn = ElementTree.fromstring(draw({"one": runs, "two & more": runs}))
    words = [one.text for one in drawn.iter() if one.text]
    assert {"with <evidence>", "one: coverage", "two & more: precision"} <= set(words)
    lines = [one for one in drawn.iter() if one.tag.endswith("polyline")]
    long_lines = [one for one in lines if len(one.attrib["points"].split()) > 2]
    # Coverage of both variants and precision of the one that attaches, for each folder.
    assert len(long_lines) == 6
