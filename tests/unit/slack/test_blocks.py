"""Cards keep Slack's limits and let no customer text act as markup."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.slack.cards import blocks
from include.slack.cards.blocks import Rendered, confidence_words, quoted, shorten
from include.slack.cards.entry_card import entry_card
from sandbox.slack.blockkit import check_message_blocks
from tests.entry_states import every_stage, tokens

COMMON: dict[str, Any] = {
    "quote": "We copy tables by hand.",
    "title": "Export tables as CSV",
    "url": "https://feedback.example.com/requests/csv?a=1&b=2",
}
STATES = every_stage()


def card_of(name: str, *, quote: str, title: str, url: str | None) -> Rendered:
    """The card of a stage with other words in it."""
    if name == "reminder":
        return blocks.reminder_card(request_title=title, question_link=url, expires_in="6 days")
    state = replace(STATES[name], quote=quote)
    if state.request is not None:
        state = replace(state, request=replace(state.request, title=title, url=url))
    return entry_card(state, tokens(state))


CARDS = [*STATES, "reminder"]


def texts(card: Rendered) -> str:
    return json.dumps(card.blocks, ensure_ascii=False)


def actions(card: Rendered) -> list[dict[str, Any]]:
    return [e for b in card.blocks if b["type"] == "actions" for e in b["elements"]]


@settings(suppress_health_check=[HealthCheck.too_slow])  # of the machine, not of the cards
@pytest.mark.parametrize("name", CARDS)
@given(
    quote=st.text(max_size=2000),
    title=st.text(min_size=1, max_size=400),
    url=st.none() | st.just("https://feedback.example.com/requests/csv"),
)
def test_every_card_keeps_slacks_limits_whatever_is_in_it(
    name: str, quote: str, title: str, url: str | None
) -> None:
    card = card_of(name, quote=quote, title=title, url=url)

    check_message_blocks(card.blocks)
    assert 0 < len(card.text) <= 4000


@pytest.mark.parametrize("name", CARDS)
def test_the_worst_text_still_fits(name: str) -> None:
    card = card_of(name, quote="&" * 10_000, title="&" * 1000, url="https://e.com/&")

    check_message_blocks(card.blocks)


@pytest.mark.parametrize("name", CARDS)
def test_nobody_is_pinged_by_a_customers_words(name: str) -> None:
    card = card_of(
        name,
        quote="<!channel> <@U0EVE> see <https://evil.example|here> & @here",
        title="<!everyone> | exports",
        url="https://feedback.example.com/r/1",
    )

    for ping in ("<!channel>", "<!everyone>", "<@U0EVE>", "<https://evil.example"):
        assert ping not in texts(card)
        assert ping not in card.text
    sections = [b["text"] for b in card.blocks if b["type"] == "section"]
    assert all(section["verbatim"] for section in sections)


def test_the_question_has_its_buttons_with_the_token() -> None:
    first, second, third, fourth, _ = actions(card_of("asked", **COMMON))

    assert (first["action_id"], first["style"], first["value"]) == (
        "answer_attach",
        "primary",
        "q",
    )
    assert first["text"]["text"] == "Add to this request"
    assert (second["action_id"], second["value"]) == ("answer_create", "q")
    assert second["text"]["text"] == "Create new request"
    assert (third["action_id"], third["value"]) == ("pick_for_question", "q")
    assert third["text"]["text"] == "Pick another request"
    assert (fourth["action_id"], fourth["value"]) == ("answer_set_aside", "q")
    assert fourth["confirm"]["confirm"]["text"] == "Not feedback"


def test_the_question_shows_quote_request_confidence_and_reason() -> None:
    shown = texts(card_of("asked", **COMMON))

    for part in ("> We copy tables by hand.", "|Export tables as CSV>", "Strong match, 86% sure"):
        assert part in shown
    assert "Both ask for tables." in shown
    assert "a=1&amp;b=2" in shown


def test_a_shipped_request_is_said_to_have_shipped() -> None:
    assert "already shipped" in texts(card_of("asked of a shipped one", **COMMON))
    assert "shipped" not in texts(card_of("asked", **COMMON))


def test_undo_asks_before_it_acts() -> None:
    undo, pick, *_ = actions(card_of("attached", **COMMON))

    assert (undo["action_id"], undo["value"]) == ("undo_attachment", "place")
    assert undo["confirm"]["confirm"]["text"] == "Undo"
    assert (pick["action_id"], pick["value"]) == ("pick_for_feedback", "place")


def test_areas_are_named_and_escaped() -> None:
    state = STATES["created"]
    assert state.request is not None
    of_two = replace(state.request, areas=("Data & export", "Reporting"))
    assert "Area: Data &amp; export, Reporting" in texts(
        entry_card(replace(state, request=of_two), None)
    )
    assert "Area: none yet" in texts(entry_card(state, None))


def test_without_a_page_the_title_is_plain() -> None:
    card = card_of("asked", **COMMON | {"url": None})

    assert "*Export tables as CSV*" in texts(card)


@pytest.mark.parametrize(
    ("confidence", "words"),
    [
        (1.0, "Same issue, 100% sure"),
        (0.9, "Same issue, 90% sure"),
        (0.8999, "Strong match, 89% sure"),
        (0.8, "Strong match, 80% sure"),
        (0.29 + 0.5, "Related, 79% sure"),
        (0.5, "Weak, 50% sure"),
        (0.1, "Unlikely, 10% sure"),
        (None, "Confidence not measured"),
    ],
)
def test_confidence_is_said_in_words_and_percent(confidence: float | None, words: str) -> None:
    assert confidence_words(confidence) == words


def test_a_long_text_is_cut_between_words() -> None:
    assert shorten("one two three", 9) == "one two…"
    assert shorten("abcdefghijk", 5) == "abcd…"
    assert shorten("short", 5) == "short"


def test_a_quote_of_many_lines_keeps_every_line_quoted() -> None:
    lines = quoted("\n\n".join(f"line {n}" for n in range(40))).split("\n")

    assert len(lines) == 12
    assert all(line.startswith("> ") for line in lines)
    assert lines[-1] == "> …"
    assert quoted("  ") == "> …"
