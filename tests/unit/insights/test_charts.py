"""Charts say what they show, in the reader's colours, and are the same for the same numbers."""

from __future__ import annotations

import struct
import subprocess
import sys
from datetime import date, timedelta
from xml.etree import ElementTree

import pytest

from include.insights.charts import bars_svg, describe_days, feedback_png, feedback_svg

DAYS = [
    ((date(2026, 3, 2) + timedelta(days=number)).isoformat(), number % 3, 1, number % 5)
    for number in range(28)
]
BARS = {
    "kind": "bars",
    "title": "ARR at stake by request",
    "unit": "USD",
    "bars": [
        {"label": "Export & print <all> $tables$", "value": 720_000.0},
        {"label": "Sign in once", "value": 0},
    ],
}


def words(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg)
    return [text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text")]


def test_bars_are_labelled_with_values_and_unit() -> None:
    said = words(bars_svg(BARS))
    for wanted in ("ARR at stake by request", "USD", "$720k", "$0", "Sign in once"):
        assert wanted in said
    assert "Export & print <all> $tables$" in said
    pieces = bars_svg({**BARS, "unit": "requests", "bars": [{"label": "open", "value": 1234}]})
    assert "1,234" in words(pieces)


def test_an_svg_follows_the_readers_light_or_dark() -> None:
    for svg in (bars_svg(BARS), feedback_svg(DAYS)):
        assert "prefers-color-scheme: dark" in svg
        assert "var(--ink)" in svg
        assert "#010203" not in svg
        root = ElementTree.fromstring(svg)
        assert root.get("role") == "img"
        assert root.get("aria-label")


def test_feedback_by_day_names_its_severities_and_mondays() -> None:
    said = words(feedback_svg(DAYS))
    for wanted in ("dealbreaker", "significant pain", "nice to have", "pieces of feedback"):
        assert wanted in said
    assert [one for one in said if one.startswith("Mon ")] == [
        "Mon 2 Mar",
        "Mon 9 Mar",
        "Mon 16 Mar",
        "Mon 23 Mar",
    ]


def test_a_png_is_wide_enough_and_always_the_same() -> None:
    content = feedback_png(DAYS)
    assert content.startswith(b"\x89PNG")
    assert struct.unpack(">II", content[16:24]) == (1440, 600)
    assert feedback_png(DAYS) == content
    assert feedback_svg(DAYS) == feedback_svg(DAYS)


def test_days_without_feedback_still_make_a_chart() -> None:
    empty = [(day, 0, 0, 0) for day, *_ in DAYS]
    assert feedback_png(empty).startswith(b"\x89PNG")
    assert describe_days(empty).endswith("there was none.")
    assert describe_days([]).endswith("there was none.")
    assert "most on 2026-03-" in describe_days(DAYS)


@pytest.mark.parametrize("visual", [{"kind": "table"}, {"kind": "bars", "bars": []}])
def test_what_is_no_bar_chart_is_refused(visual: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="kind 'bars'"):
        bars_svg(visual)


def test_reports_import_neither_airflow_nor_slack_nor_a_chart_library() -> None:
    code = (
        "import sys, pkgutil, importlib, include.insights as room\n"
        "names = [m.name for m in pkgutil.iter_modules(room.__path__)]\n"
        "assert len(names) > 8, names\n"
        "for name in names: importlib.import_module('include.insights.' + name)\n"
        "heavy = {'airflow', 'slack_sdk', 'slack_bolt', 'matplotlib', 'openai'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_more_bars_than_are_drawn_are_told() -> None:
    many = [{"label": f"Request {number}", "value": number} for number in range(13)]
    said = words(bars_svg({**BARS, "bars": many}))
    assert "ARR at stake by request, the first 12 of 13" in said
    assert "ARR at stake by request" in words(bars_svg({**BARS, "bars": many[:12]}))
