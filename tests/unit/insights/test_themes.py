"""Themes keep their founder, and quotes are exact."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.insights import themes
from include.insights.themes import (
    QUOTE_LIMIT,
    Member,
    Quote,
    cluster,
    exact,
    pick_quote,
)


def member(number: int, degrees: float, *, is_open: bool = True) -> Member:
    """A request whose vector points in a direction of the plane."""
    angle = math.radians(degrees)
    return Member(number, is_open, np.array([math.cos(angle), math.sin(angle)], dtype=np.float32))


def test_what_points_the_same_way_is_one_theme() -> None:
    found = cluster([member(1, 0), member(2, 90), member(3, 10), member(4, 85), member(5, 20)], 0.9)
    assert [(one.founder, one.open_ids) for one in found] == [(1, [1, 3, 5]), (2, [2, 4])]


def test_a_theme_keeps_its_founder_when_the_founder_has_shipped() -> None:
    found = cluster([member(1, 0, is_open=False), member(2, 5), member(3, 6)], 0.9)
    assert [(one.founder, one.open_ids) for one in found] == [(1, [2, 3])]


def test_more_themes_than_are_compared_at_once_are_found_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(themes, "THEMES_AT_ONCE", 2)
    found = cluster([member(n, degrees) for n, degrees in enumerate((0, 90, 180, 181, 270))], 0.9)
    assert [one.open_ids for one in found] == [[0], [1], [2, 3], [4]]


@given(st.lists(st.floats(0, 360), min_size=1, max_size=40), st.data())
def test_themes_of_a_day_are_those_of_the_day_before_and_what_came_since(
    angles: list[float], data: st.DataObject
) -> None:
    members = [member(number, angle) for number, angle in enumerate(angles)]
    before = data.draw(st.integers(0, len(members)))
    earlier = {one.founder: one.open_ids for one in cluster(members[:before], 0.8)}
    later = {one.founder: one.open_ids for one in cluster(members, 0.8)}
    for founder, ids in earlier.items():
        assert later[founder][: len(ids)] == ids


def test_many_requests_of_no_theme_are_each_their_own() -> None:
    size = 200
    members = [
        Member(number, True, row) for number, row in enumerate(np.eye(size, dtype=np.float32))
    ]
    assert len(cluster(members, 0.5)) == size
    assert cluster([], 0.5) == []


@given(st.text(max_size=600))
def test_a_quote_is_an_exact_span_that_fits(source: str) -> None:
    quote = pick_quote(7, source)
    if quote is None:
        assert not source.strip(" \t\n\r.!?\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0") or not any(
            part.strip() for part in source.replace("!", ".").replace("?", ".").split(".")
        )
        return
    assert quote.text
    assert len(quote.text) <= QUOTE_LIMIT
    assert exact([quote], {7: source}) == [quote]


def test_the_longest_sentence_is_quoted() -> None:
    source = "Hello there. We retype every table by hand each month! Bye."
    quote = pick_quote(1, source)
    assert quote == Quote(1, 13, 54, "We retype every table by hand each month!")
    long = pick_quote(1, "word " * 100)
    assert long is not None
    assert long.text.endswith("word")
    assert 190 < len(long.text) <= QUOTE_LIMIT


@pytest.mark.parametrize(
    "quote",
    [
        Quote(1, 0, 4, "Well"),
        Quote(1, 1, 3, "We"),
        Quote(2, 0, 2, "We"),
        Quote(1, 5, 5, ""),
        Quote(1, -2, 0, "."),
        Quote(1, 40, 44, "gone"),
    ],
    ids=["paraphrased", "shifted", "of no source", "empty", "negative", "beyond"],
)
def test_words_that_are_not_in_the_source_are_dropped(quote: Quote) -> None:
    right = Quote(1, 0, 2, "We")
    assert exact([quote, right], {1: "We retype it."}) == [right]
