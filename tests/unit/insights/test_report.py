"""Sections follow the rules: what is critical, what is left out, in which order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from include.insights.metrics import (
    AreaMetrics,
    Dealbreaker,
    Dealbreakers,
    Execution,
    GroupCounts,
    Segment,
    Volume,
)
from include.insights.narrative import Narration, apply_narrator
from include.insights.report import SECTION_IDS, Section, build_sections
from include.insights.themes import Quote, Theme
from include.insights.wording import money

NOTHING = AreaMetrics(Execution(0, 0, 0), Volume(0, 0, 0, 0, 0), Dealbreakers())
LISTED = (
    Dealbreaker("csv-export", "Export as CSV", 2, 400_000.0, 3, 12),
    Dealbreaker("pdf", "Print as PDF", 1, 110_000.0, 1, 4),
)
FULL = AreaMetrics(
    Execution(8, 2, 1),
    Volume(12, 3, 4, 5, 600_000),
    Dealbreakers(2, 2, 510_000.0, 0, LISTED),
    (Segment(True, "EMEA", 3, 2, 510_000.0), Segment(None, None, 1, 0, 0.0)),
)
THEME = Theme(
    "csv-export",
    "Export as CSV",
    2,
    GroupCounts(5, 2, 400_000.0, 1),
    (("csv-export", "Export as CSV"), ("xls", "Export as XLS")),
    (Quote(7, 0, 8, "We retype"),),
)


def ids(sections: list[Section]) -> list[tuple[str, str]]:
    return [(section.id, section.importance) for section in sections]


def test_an_area_without_requests_has_no_sections() -> None:
    assert build_sections(NOTHING, []) == []


def test_everything_in_order_of_importance() -> None:
    sections = build_sections(FULL, [THEME])
    assert ids(sections) == [
        ("dealbreakers", "critical"),
        ("execution", "warning"),
        ("segments", "info"),
        ("themes", "info"),
    ]
    assert {section.id for section in sections} == set(SECTION_IDS)
    assert all(1 <= section.summary.count(". ") + 1 <= 2 for section in sections)
    assert sections[0].summary == (
        "2 open requests are dealbreakers for 2 enterprise accounts with $510k ARR. "
        "The greatest is “Export as CSV” with $400k."
    )
    assert sections[1].summary == (
        "2 of 10 requests shipped (20%), 8 still open. 1 other was deprioritized."
    )
    assert sections[2].summary == (
        "4 pieces of high-severity feedback on open requests. "
        "Most comes from: Enterprise, EMEA (3, $510k ARR)."
    )
    assert sections[3].summary == (
        "1 theme groups several open requests. The one with most ARR is “Export as CSV”: "
        "2 requests, 5 pieces of feedback, $400k ARR."
    )


@pytest.mark.parametrize(
    ("arr", "importance"), [(500_000.0, "warning"), (500_000.01, "critical"), (0.0, "warning")]
)
def test_only_more_than_half_a_million_is_critical(arr: float, importance: str) -> None:
    metrics = replace(FULL, dealbreakers=replace(FULL.dealbreakers, arr=arr))
    assert ("dealbreakers", importance) in ids(build_sections(metrics, []))


@pytest.mark.parametrize(
    ("execution", "importance", "words"),
    [
        (Execution(7, 3, 0), "info", "3 of 10 requests shipped (30%), 7 still open."),
        (Execution(71, 29, 0), "warning", "29 of 100 requests shipped (29%), 71 still open."),
        (Execution(0, 4, 0), "info", "4 of 4 requests shipped (100%), 0 still open."),
        (
            Execution(0, 0, 2),
            "info",
            "0 of 0 requests shipped, 0 still open. 2 others were deprioritized.",
        ),
        (Execution(1, 0, 0), "warning", "0 of 1 request shipped (0%), 1 still open."),
    ],
)
def test_the_ship_rate(execution: Execution, importance: str, words: str) -> None:
    [section] = build_sections(replace(NOTHING, execution=execution), [])
    assert (section.importance, section.summary) == (importance, words)


def test_unknown_arr_is_said() -> None:
    metrics = replace(
        NOTHING, dealbreakers=Dealbreakers(1, 1, 0.0, 1, (replace(LISTED[0], arr=0.0),))
    )
    [section] = build_sections(metrics, [])
    assert section.summary == (
        "1 open request is a dealbreaker for 1 enterprise account with $0 ARR. "
        "The ARR of 1 account is not known."
    )


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0, "$0"),
        (949.6, "$950"),
        (1_000, "$1k"),
        (999_499, "$999k"),
        (999_500, "$1M"),
        (1_250_000, "$1.2M"),
        (2_000_000_000, "$2B"),
    ],
)
def test_amounts_are_short(amount: float, words: str) -> None:
    assert money(amount) == words


class Said:
    """A narrator that says what the test tells it to."""

    def __init__(self, **narrations: Narration) -> None:
        self.narrations = narrations

    def narrate(self, area: str, sections: object) -> dict[str, Narration]:
        return self.narrations


def test_a_narrator_rewords_and_numbers_stay() -> None:
    sections = build_sections(FULL, [])
    words = "Deals worth $510k hang on 2 requests."
    narrated = apply_narrator("Reporting", sections, Said(dealbreakers=Narration(words, ("pdf",))))
    assert narrated.sections[0].summary == words
    assert narrated.sections[0].slugs == ("pdf", "csv-export")
    assert narrated.sections[1:] == sections[1:]
    assert (narrated.by_model, narrated.refused_summaries, narrated.dropped_slugs) == (1, 0, 0)


def test_a_slug_nobody_knows_is_dropped_and_counted() -> None:
    said = Said(dealbreakers=Narration("It hurts.", ("no-such", "pdf", "nor-this")))
    narrated = apply_narrator("Reporting", build_sections(FULL, []), said)
    assert narrated.sections[0].slugs == ("pdf", "csv-export")
    assert narrated.dropped_slugs == 2


@pytest.mark.parametrize(
    "words", ["", "  ", "Deals worth $511k hang on it.", "About 3 requests.", "x" * 401]
)
def test_a_sentence_with_a_number_of_its_own_is_refused(words: str) -> None:
    sections = build_sections(FULL, [])
    narrated = apply_narrator("Reporting", sections, Said(dealbreakers=Narration(words)))
    assert narrated.sections == sections
    assert (narrated.by_model, narrated.refused_summaries) == (0, 1)


def test_no_narrator_no_change() -> None:
    sections = build_sections(FULL, [THEME])
    assert apply_narrator("Reporting", sections, None).sections == sections


def test_a_report_says_how_many_dealbreakers_and_themes_it_leaves_out() -> None:
    def titles(metrics: AreaMetrics, in_all: int) -> list[str]:
        sections = build_sections(metrics, [THEME], themes_in_all=in_all)
        return [visual["title"] for section in sections for visual in section.visuals]

    assert not [title for title in titles(FULL, 1) if " of " in title]
    more = replace(FULL, dealbreakers=replace(FULL.dealbreakers, count=3))
    shown = titles(more, 2)
    assert "Dealbreakers, the 2 with most ARR of 3" in shown
    assert "ARR at stake by request, the 2 with most ARR of 3" in shown
    assert "Themes, the 1 with most ARR of 2" in shown
    assert "Feedback by theme, the 1 with most ARR of 2" in shown
    [themes] = [one for one in build_sections(FULL, [THEME], themes_in_all=7) if one.id == "themes"]
    assert themes.summary.startswith("7 themes group")
