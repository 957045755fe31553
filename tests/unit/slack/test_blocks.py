"""Cards keep Slack's limits and let no customer text act as markup."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.slack.cards import blocks
from include.slack.cards.blocks import Rendered, confidence_words, quoted, shorten
from sandbox.slack.blockkit import check_message_blocks

if TYPE_CHECKING:
    from collections.abc import Callable

COMMON: dict[str, Any] = {
    "quote": "We copy tables by hand.",
    "request_title": "Export tables as CSV",
    "request_url": "https://feedback.example.com/requests/csv?a=1&b=2",
}
WHY: dict[str, Any] = {"confidence": 0.86, "reason": "Both ask for tables outside the product."}
CARDS: dict[str, Callable[..., Rendered]] = {
    "question": lambda **v: blocks.question_card(**v, **WHY, shipped=False, token="t.1.mac"),
    "shipped": lambda **v: blocks.question_card(**v, **WHY, shipped=True, token="t.1.mac"),
    "locked": lambda **v: blocks.question_locked(**v, verdict="Added by <@U0ANN>."),
    "attached": lambda **v: blocks.attached_card(**v, **WHY, undo_token="t.1.mac"),
    "undone": lambda **v: blocks.attached_locked(**v, verdict="Undone by <@U0ANN>."),
    "created": lambda **v: blocks.created_card(**v, areas=["Reporting", "Data & export"]),
    "moved": lambda **v: blocks.moved_card(**v, verdict="Moved by <@U0ANN>.", token="t.1.mac"),
    "done": lambda **v: blocks.question_locked(
        **v, verdict="Added by <@U0ANN>.", undo_token="t.1.mac", pick_token="t.1.mac"
    ),
    "reminder": lambda **v: blocks.reminder_card(
        request_title=v["request_title"], question_link=v["request_url"], expires_in="6 days"
    ),
}


def texts(card: Rendered) -> str:
    return json.dumps(card.blocks, ensure_ascii=False)


def actions(card: Rendered) -> list[dict[str, Any]]:
    return [e for b in card.blocks if b["type"] == "actions" for e in b["elements"]]


@pytest.mark.parametrize("name", CARDS)
@given(
    quote=st.text(max_size=2000),
    title=st.text(min_size=1, max_size=400),
    url=st.none() | st.just("https://feedback.example.com/requests/csv"),
)
def test_every_card_keeps_slacks_limits_whatever_is_in_it(
    name: str, quote: str, title: str, url: str | None
) -> None:
    card = CARDS[name](quote=quote, request_title=title, request_url=url)

    check_message_blocks(card.blocks)
    assert 0 < len(card.text) <= 4000


@pytest.mark.parametrize("name", CARDS)
def test_the_worst_text_still_fits(name: str) -> None:
    worst = {"quote": "&" * 10_000, "request_title": "&" * 1000, "request_url": "https://e.com/&"}

    check_message_blocks(CARDS[name](**worst).blocks)


@pytest.mark.parametrize("name", CARDS)
def test_nobody_is_pinged_by_a_customers_words(name: str) -> None:
    card = CARDS[name](
        quote="<!channel> <@U0BEN> see <https://evil.example|here> & @here",
        request_title="<!everyone> | exports",
        request_url="https://feedback.example.com/r/1",
    )

    for ping in ("<!channel>", "<!everyone>", "<@U0BEN>", "<https://evil.example"):
        assert ping not in texts(card)
        assert ping not in card.text
    sections = [b["text"] for b in card.blocks if b["type"] == "section"]
    assert all(section["verbatim"] for section in sections)


def test_the_question_has_its_three_buttons_with_the_token() -> None:
    first, second, third = actions(CARDS["question"](**COMMON))

    assert (first["action_id"], first["style"], first["value"]) == (
        "answer_attach",
        "primary",
        "t.1.mac",
    )
    assert first["text"]["text"] == "Add to this request"
    assert (second["action_id"], second["value"]) == ("answer_create", "t.1.mac")
    assert second["text"]["text"] == "Create new request"
    assert (third["action_id"], third["value"]) == ("pick_for_question", "t.1.mac")
    assert third["text"]["text"] == "Pick another request"


def test_the_question_shows_quote_request_confidence_and_reason() -> None:
    shown = texts(CARDS["question"](**COMMON))

    for part in ("> We copy tables by hand.", "|Export tables as CSV>", "Strong match, 86% sure"):
        assert part in shown
    assert "Both ask for tables outside the product." in shown
    assert "a=1&amp;b=2" in shown


def test_a_shipped_request_is_said_to_have_shipped() -> None:
    assert "already shipped" in texts(CARDS["shipped"](**COMMON))
    assert "shipped" not in texts(CARDS["question"](**COMMON))


@pytest.mark.parametrize("name", ["locked", "undone"])
def test_a_locked_card_has_no_buttons_and_names_who_decided(name: str) -> None:
    card = CARDS[name](**COMMON)

    assert actions(card) == []
    assert "<@U0ANN>" in texts(card)


def test_undo_asks_before_it_acts() -> None:
    undo, pick = actions(CARDS["attached"](**COMMON))

    assert (undo["action_id"], undo["value"]) == ("undo_attachment", "t.1.mac")
    assert undo["confirm"]["confirm"]["text"] == "Undo"
    assert (pick["action_id"], pick["value"]) == ("pick_for_feedback", "t.1.mac")


def test_areas_are_named_and_escaped() -> None:
    assert "in Reporting, Data &amp; export" in texts(CARDS["created"](**COMMON))
    none = blocks.created_card(**COMMON, areas=[])
    assert " in " not in none.blocks[0]["text"]["text"].split("\n")[0].split("|")[0]


def test_without_a_page_the_title_is_plain() -> None:
    card = CARDS["question"](**COMMON | {"request_url": None})

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
