"""The instruments that measure matching are themselves measured."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.evaluate_stream import ANSWERED, parts
from benchmarks.labelled import BadData, read_entries, read_pairs, read_requests
from benchmarks.metrics import (
    FIGURES,
    Outcome,
    auc,
    coverage_at_precision,
    interval,
    reliability,
)
from include.matching.types import Route

if TYPE_CHECKING:
    from pathlib import Path


def outcome(
    route: Route,
    confidence: float,
    *,
    right: bool = False,
    known: bool = True,
    rank: int | None = 1,
) -> Outcome:
    return Outcome(known, rank, confidence, right, route)


ROWS = [
    outcome(Route.ATTACH, 0.99, right=True),
    outcome(Route.ATTACH, 0.95, right=False, rank=3),
    outcome(Route.ATTACH, 0.93, known=False, rank=None),
    outcome(Route.ASK, 0.85, right=True, rank=7),
    outcome(Route.CREATE, 0.6, right=False, rank=None),
    outcome(Route.CREATE, 0.2, known=False, rank=None),
]


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        ("recall@1", 1 / 4),
        ("recall@5", 2 / 4),
        ("recall@10", 3 / 4),
        ("MRR", (1 + 1 / 3 + 1 / 7) / 4),
        ("attached: precision", 1 / 3),
        ("attached: coverage of the matchable", 1 / 4),
        ("new entries attached (share)", 1 / 2),
        ("duplicates created (share of the matchable)", 1 / 4),
        ("questions per 100 entries", 100 / 6),
        ("cost per entry", (5 + 5 + 1 + 2) / 6),
        ("area under known/new", 6 / 8),
    ],
)
def test_a_figure_is_what_its_definition_gives_by_hand(figure: str, expected: float) -> None:
    assert FIGURES[figure](ROWS) == pytest.approx(expected)


def test_asking_always_costs_one() -> None:
    rows = [outcome(Route.ASK, 0.85, known=known) for known in (True, False, True)]
    assert FIGURES["cost per entry"](rows) == 1


def test_coverage_at_a_precision_takes_the_widest_threshold_that_keeps_it() -> None:
    rows = [outcome(Route.ATTACH, 0.9 - n / 100, right=n != 3, known=True) for n in range(8)] + [
        outcome(Route.CREATE, 0.1, known=True)
    ]
    assert coverage_at_precision(rows, 1.0) == pytest.approx(3 / 9)
    assert coverage_at_precision(rows, 0.85) == pytest.approx(7 / 9)


def test_ties_in_confidence_stand_or_fall_together() -> None:
    rows = [outcome(Route.ATTACH, 0.9, right=True), outcome(Route.ATTACH, 0.9, right=False)]
    assert coverage_at_precision(rows, 1.0) == 0


def test_auc_counts_ties_as_half_and_needs_both_kinds() -> None:
    assert auc([1, 2, 3], [False, True, True]) == 1
    assert auc([1, 1], [False, True]) == 0.5
    assert math.isnan(auc([1, 2], [True, True]))


def test_the_interval_holds_the_figure_and_is_the_same_each_time() -> None:
    rows = [outcome(Route.ATTACH, 0.9, right=n % 4 != 0) for n in range(80)]
    figure = FIGURES["attached: precision"]
    low, high = interval(figure, rows)
    assert low < 0.75 < high
    assert high - low < 0.25
    assert interval(figure, rows) == (low, high)


def test_every_entry_has_its_place_in_the_reliability_table() -> None:
    table = reliability([*ROWS, outcome(Route.ATTACH, 1.0, right=True)])
    assert sum(count for _, count, _, _ in table) == 7
    assert table[-1][1] == 3


def write(folder: Path, name: str, *rows: Any) -> None:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


REQUEST = {"id": "a", "title": "Export", "description": "As CSV"}


def test_a_good_folder_is_read(tmp_path: Path) -> None:
    write(tmp_path, "requests.jsonl", REQUEST, "", {"id": 7, "title": "T", "description": None})
    write(
        tmp_path,
        "entries.jsonl",
        {"id": "1", "text": "x", "gold": [7]},
        {"id": "2", "text": "y", "gold": []},
    )
    write(tmp_path, "pairs.jsonl", {"text": "x", "title": "T", "label": True})
    assert [request.id for request in read_requests(tmp_path)] == ["a", "7"]
    entries = read_entries(tmp_path, {"a", "7"})
    assert [entry.gold for entry in entries] == [frozenset({"7"}), frozenset()]
    assert read_pairs(tmp_path)[0].same is True


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('{"id": "b", "title"', "not JSON"),
        ('["b"]', "must hold a JSON object"),
        ('{"id": "b", "description": ""}', "'title' is missing"),
        ('{"id": "b", "title": 3, "description": ""}', "'title' must be str"),
        ('{"id": "a", "title": "again", "description": ""}', "'a' was used before"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, row: str, message: str) -> None:
    write(tmp_path, "requests.jsonl", REQUEST, row)
    with pytest.raises(BadData, match=message) as caught:
        read_requests(tmp_path)
    assert "requests.jsonl:2:" in str(caught.value)


def test_a_gold_id_nobody_has_is_named(tmp_path: Path) -> None:
    write(tmp_path, "entries.jsonl", {"id": "1", "text": "x", "gold": ["zz"]})
    with pytest.raises(BadData, match=r"entries.jsonl:1: the gold id 'zz'"):
        read_entries(tmp_path, {"a"})


@pytest.mark.parametrize("name", ["requests.jsonl", "pairs.jsonl"])
def test_a_missing_or_empty_file_is_named(tmp_path: Path, name: str) -> None:
    read = read_requests if name == "requests.jsonl" else read_pairs
    with pytest.raises(BadData, match=f"{name} is missing"):
        read(tmp_path)
    write(tmp_path, name)
    with pytest.raises(BadData, match=r"no (request|pair)"):
        read(tmp_path)


def test_a_backslash_left_over_by_masking_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "requests.jsonl", r'{"id": "a", "title": "x\\y \<mail> \n", "description": ""}')
    assert read_requests(tmp_path)[0].title == "x\\y \\<mail> \n"
    assert "requests.jsonl:1" in capsys.readouterr().err


def test_what_came_after_a_hundred_questions_is_a_part_by_itself() -> None:
    asked, attached = ROWS[3], ROWS[0]
    rows = [*[asked, attached] * ANSWERED, attached]
    assert parts(rows)[f"after {ANSWERED}"] == [attached, attached]
    assert parts(rows[:-3])[f"after {ANSWERED}"] == ()
    assert len(parts(rows)["first fifth"]) == len(rows) // 5
