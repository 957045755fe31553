"""A text is taken apart by its form: each part an exact span, and nothing that is one thing."""

from __future__ import annotations

import pytest

from include.agents.forms import MOST_PARTS, pains_by_form

NUMBERED = """Three things from the review with Halden:
1. Scheduled reports arrive at 3 am in the wrong timezone and nobody can change it.
2. The audit log can't be exported, so they screenshot it for auditors.
3. Bulk invites fail when a CSV has more than 500 rows."""
TRANSCRIPT = """Ana (Halden): So, how was the move?
Tom: Fine, thanks. We have been customers for four years now.
Ana (Halden): And the new office?
Tom: Lovely. Bigger kitchen.
Ana (Halden): Anything we can help with?
Tom: The onboarding went well.
Ana (Halden): Great to hear.
Tom: People like the app.
Ana (Halden): Anything else?
Tom: Whenever a driver loses signal in the tunnel the delivery form is wiped and typed again.
Ana (Halden): I see. Let me note that.
Tom: Thanks!"""
PARAGRAPHS = """The search box ignores accents, so our French team can't find half the catalogue.

Also, invoices are still sent to the old billing contact although we changed it in May."""


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        (NUMBERED, ["Scheduled reports", "The audit log", "Bulk invites"]),
        (
            NUMBERED.replace("1.", "-").replace("2.", "-").replace("3.", "-"),
            ["Sched", "The", "Bulk"],
        ),
        (TRANSCRIPT, ["Whenever a driver"]),
        (PARAGRAPHS, ["The search box", "Also, invoices"]),
        (
            "We love it. Two asks: 1) let us pin comments, because they get lost in long threads "
            "2) the mobile app logs people out every day, which is annoying.",
            ["let us pin", "the mobile app"],
        ),
    ],
    ids=["numbered", "bullets", "transcript", "paragraphs", "inline"],
)
def test_each_part_is_an_exact_span_of_the_text(text: str, begins: list[str]) -> None:
    parts = pains_by_form(text)
    assert parts is not None
    assert all(text[part.start : part.end] == part.quote for part in parts)
    assert len(parts) == len(begins)
    assert all(part.quote.startswith(b) for part, b in zip(parts, begins, strict=True))
    assert all(part.suggestion is None for part in parts)


@pytest.mark.parametrize(
    "text",
    [
        "Exports of big boards time out.\n\nThis means our analysts copy the board by hand.",
        "Exports of big boards time out.\n\nOur analysts export boards by hand, which is slow.",
        "It fails in three steps:\n1. open\n2. press save\n3. wait",
        "Hello team,\n\nthe roster cannot be printed.\n\nBest regards,\nAnn",
        "Note: exports fail. Workaround: none.",
        "Version 1. 2 is slow and crashes.",
        "One sentence that can't be taken apart.",
        "",
    ],
)
def test_what_is_one_thing_stays_one(text: str) -> None:
    assert pains_by_form(text) is None


def test_small_talk_between_items_is_no_part() -> None:
    text = NUMBERED + "\n4. Thanks for the cake!\n5. Sounds good."
    parts = pains_by_form(text)
    assert parts is not None
    assert len(parts) == 3


@pytest.mark.parametrize("count", [2, MOST_PARTS, MOST_PARTS + 1])
def test_more_parts_than_are_taken_apart_stay_one_text(count: int) -> None:
    things = [f"export number {place}" for place in range(1, 12)]
    text = "\n".join(
        f"{number}. The {thing} fails with an error every day."
        for number, thing in enumerate(things[:count], start=1)
    )
    found = pains_by_form(text)
    assert len(found or [text]) == (count if count <= MOST_PARTS else 1)
