"""The tables of the comparison say what was measured, what was given up, and what is missing."""

from __future__ import annotations

from typing import Any

from benchmarks.compared.tables import report


def step(entry: list[float | None], **more: Any) -> dict[str, Any]:
    return {
        "copies": 9000,
        "bytes": {"feedback": 9_000_000, "airflow": 27_000_000},
        "waiting": 10_000,
        "transactions": {"feedback": 0.4, "airflow": 20.0},
        "cpu": {"triggerer": 4.0, "scheduler": 25.0, "api-server": 0.2},
        "memory": 300 * 2**20,
        "entry": entry,
        "wake": [1.0, 3.0, 2.0],
        "date": "2026-01-01 00:00 UTC",
        "load": "0 0 0",
        "quick": False,
    } | more


def rows_of(kept: dict[str, Any], title: str) -> list[tuple[str, ...]]:
    return [row for f in report(kept).figures if f.title.startswith(title) for row in f.rows]


def test_an_entry_that_was_given_up_is_shown_as_longer_than_the_limit() -> None:
    rows = rows_of({"hot": {"10000": step([None])}}, "A new entry")
    assert rows == [("this system, hot", "10000", "> 120", "> 120", "2.00", "3.00", "1 / 3")]


def test_an_entry_that_was_given_up_does_not_count_as_reached() -> None:
    kept = {"cold": {"0": step([2.0]), "10000": step([2.1, None])}}
    target = next(t for t in report(kept).targets if t.what.startswith("new entry"))
    assert target.verdict == "not measured"


def test_the_ratio_of_a_new_entry_is_against_the_same_system_with_no_waits() -> None:
    kept = {"cold": {"0": step([2.0]), "10000": step([3.0])}, "hot": {"0": step([9.0])}}
    target = next(t for t in report(kept).targets if t.what.startswith("new entry"))
    assert (target.measured, target.verdict) == (1.5, "MISSED")


def test_space_is_per_copied_wait_and_memory_per_open_wait() -> None:
    kept = {"cold": {"0": step([2.0], copies=0, memory=200 * 2**20), "10000": step([2.0])}}
    assert rows_of(kept, "Memory") == [
        ("this system, cold", "10000", "300", "+10.2", "1000", "3000")
    ]


def test_steps_are_in_the_order_of_their_waits_and_missing_parts_are_left_out() -> None:
    kept = {"cold": {"1000": step([2.0]), "0": step([2.0]), "100": step([2.0])}}
    assert [row[1] for row in rows_of(kept, "A new entry")] == ["0", "100", "1000"]
    assert not rows_of(kept, "A burst")
