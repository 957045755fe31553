"""Texts as people hand them in: how many problems they hold, and what a request is called."""

from __future__ import annotations

import pytest

from include.agents.draft import draft_request
from include.agents.forms import pains_by_form
from tests.one_problem import ONE
from tests.several_problems import SEVERAL


@pytest.mark.parametrize(("text", "titles"), SEVERAL, ids=[text[:24] for text, _ in SEVERAL])
def test_each_problem_is_a_part_with_a_title_of_its_own(text: str, titles: list[str]) -> None:
    parts = pains_by_form(text)
    assert parts is not None
    assert all(text[part.start : part.end] == part.quote for part in parts)
    assert [draft_request(part.quote, []).title for part in parts] == titles


@pytest.mark.parametrize(("text", "title"), ONE, ids=[text[:24] for text, _ in ONE])
def test_one_problem_stays_one_and_names_it(text: str, title: str) -> None:
    parts = pains_by_form(text) or []
    assert len(parts) < 2
    assert draft_request(parts[0].quote if parts else text, []).title == title
