"""Texts of trades that no rule was written for are read as a product manager reads them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from include.agents.draft import DRAFT_TITLE_MAX, draft_request
from include.agents.forms import pains_by_form
from include.agents.mail_frame import own_words
from include.agents.noise import noise_reason
from include.matching.contradiction import contradiction

LINES = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "trades.jsonl").read_text("utf-8").splitlines()
]
"""Texts of many trades: the problems they hold, what they decline, what says nothing."""

SAYS_NOTHING = [line["says_nothing"] for line in LINES if "says_nothing" in line]
PROBLEMS = [(line["text"], line["titles"]) for line in LINES if "titles" in line]
AGAINST = [(line["against"], line["text"]) for line in LINES if "against" in line]


@pytest.mark.parametrize("text", SAYS_NOTHING)
def test_what_tells_no_problem_is_set_aside(text: str) -> None:
    assert noise_reason(text) is not None


@pytest.mark.parametrize(("text", "titles"), PROBLEMS, ids=[text[:24] for text, _ in PROBLEMS])
def test_each_problem_has_a_title_that_names_it(text: str, titles: list[str]) -> None:
    assert noise_reason(text) is None
    parts = pains_by_form(text)
    quotes = [part.quote for part in parts] if parts else [text]
    assert all(quote in text for quote in quotes)
    drafted = [draft_request(quote, []).title for quote in quotes]
    assert drafted == titles
    assert all(len(title) <= DRAFT_TITLE_MAX for title in drafted)


@pytest.mark.parametrize(("title", "text"), AGAINST)
def test_what_speaks_against_a_request_is_found(title: str, text: str) -> None:
    assert contradiction(text, title) is not None


def test_the_words_of_a_forwarded_mail_hold_no_signature_of_who_forwards_it() -> None:
    text = (
        "Guys, one for you.\n\nCheers,\nPete\nPete Haines | Sales\n\n"
        "> The tractor shows a code and I have no clue what it means."
    )
    start, end = own_words(text)
    assert text[start:end] == "> The tractor shows a code and I have no clue what it means."
