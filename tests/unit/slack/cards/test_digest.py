"""The digest as a message: what it says, escaped, within Slack's limits."""

from __future__ import annotations

from typing import Any

import pytest

from include.slack.cards.blocks import SECTION_LIMIT
from include.slack.cards.digest import area_card, digest_card, week_words

NOTHING = {"count": 0, "items": []}
PART: dict[str, Any] = {
    "feedback": 38,
    "feedback_before": 31,
    "accounts": 14,
    "arr": 3_200_000.0,
    "new": {
        "count": 7,
        "items": [
            {"slug": "a", "title": "Tabs & <b>", "feedback": 1, "arr": 0.0, "areas": "Mobile"}
        ],
    },
    "rising": {
        "count": 1,
        "items": [{"slug": "b", "title": "CSV", "week": 7, "week_before": 2, "areas": "Reporting"}],
    },
    "shipped": {
        "count": 1,
        "items": [{"slug": "c", "title": "SSO", "feedback": 9, "accounts": 6, "arr": 1_100_000.0}],
    },
    "unanswered": {
        "count": 1,
        "items": [{"slug": "d", "title": "Undo", "days": 45, "week": 2, "arr": 720_000.0}],
    },
}
CONTENT: dict[str, Any] = {
    "since": "2026-03-02T14:00:00+00:00",
    "as_of": "2026-03-09T13:00:00+00:00",
    "whole": PART,
    "questions": {
        "count": 3,
        "items": [
            {"hours": 150, "person": "Ann <Ames>", "slug": "b", "title": "CSV"},
            {"hours": 5, "person": "", "slug": None, "title": None},
        ],
    },
    "work": {
        "matched": 38,
        "asked": 7,
        "by_people": 4,
        "by_model": 0,
        "clicks": 9,
        "people": 3,
    },
}


def url(slug: str) -> str:
    return f"https://feedback.example.com/requests/{slug}"


def said(blocks: list[dict[str, Any]]) -> str:
    texts = [block["text"]["text"] for block in blocks if "text" in block]
    return "\n".join(texts + [e["text"] for b in blocks for e in b.get("elements", [])])


def test_everything_is_said_with_its_numbers() -> None:
    card = digest_card(CONTENT, request_url=url, chart_file_id="F0CHART", chart_words="Bars.")
    assert card.text == (
        "Customer feedback, 2 to 8 Mar 2026: 38 pieces of feedback, 7 new requests, 1 shipped"
    )
    words = said(card.blocks)
    for wanted in (
        "*38 pieces* of feedback (31 the week before) from *14 accounts* with *$3.2M* ARR",
        "*7 requests* were opened, *1* shipped.",
        "• <https://feedback.example.com/requests/b|CSV>: 7 this week, 2 the week before",
        "|Tabs &amp; &lt;b&gt;>: 1 piece of feedback _(Mobile)_\nand 6 more",
        "asked for by 6 accounts, $1.1M ARR",
        "open for 45 days, 2 more this week, $720k ARR in all",
        "*Open questions*: 3 wait for an answer, the oldest for 6 days",
        "asked Ann &lt;Ames&gt; 6 days ago",
        "*a request*: asked the review channel 5 hours ago",
        "38 entries matched, 7 of them by asking somebody. People decided 4 times",
    ):
        assert wanted in words
    [image] = [block for block in card.blocks if block["type"] == "image"]
    assert (image["slack_file"], image["alt_text"]) == ({"id": "F0CHART"}, "Bars.")


@pytest.mark.parametrize(
    ("cost", "words"),
    [(1.75, "; models cost $1.75."), (0.0009, "; models cost less than $0.01."), (0, "none.")],
)
def test_what_models_cost_is_said(cost: float, words: str) -> None:
    content = CONTENT | {"work": CONTENT["work"] | {"model_cost": cost}}
    card = digest_card(content, request_url=url, chart_file_id=None, chart_words="Bars.")
    assert words in said(card.blocks)


def test_a_quiet_week_is_short_and_has_no_empty_lists() -> None:
    quiet = {**PART, "feedback": 0, "accounts": 0, "arr": 0.0, "rising": NOTHING}
    quiet |= {"new": NOTHING, "shipped": NOTHING, "unanswered": NOTHING}
    card = digest_card({**CONTENT, "whole": quiet, "questions": NOTHING}, request_url=url)
    assert [block["type"] for block in card.blocks] == ["header", "section", "divider", "context"]
    assert "*0 pieces* of feedback (31 the week before). *0 requests* were opened" in said(
        card.blocks
    )


def test_slacks_limits_are_kept_for_long_titles_and_links() -> None:
    item = {"slug": "s" * 60, "title": "W" * 120, "areas": "A" * 200}
    long = [
        {**item, "week": 1, "week_before": 0, "feedback": 1, "accounts": 1, "arr": 1.0, "days": 40}
        for _ in range(5)
    ]
    lists = {key: {"count": 5, "items": long} for key in ("new", "rising", "shipped", "unanswered")}
    card = digest_card(
        {**CONTENT, "whole": PART | lists},
        request_url=lambda slug: f"https://{'x' * 600}/{slug}",
        chart_file_id="F",
    )
    assert len(card.blocks) <= 15
    for block in card.blocks:
        if block["type"] == "section":
            assert len(block["text"]["text"]) <= SECTION_LIMIT
    assert len(card.text) <= 4000


def test_an_areas_part_names_the_area() -> None:
    card = area_card("Access <&>", CONTENT, PART, request_url=lambda _: None)
    assert card.text.startswith("Access &lt;&amp;&gt;: customer feedback, 2 to 8 Mar 2026")
    assert "• *CSV*: 7 this week" in said(card.blocks)


def test_the_days_of_a_week_across_months_and_years() -> None:
    spans = [
        ("2026-03-30T13:00:00+00:00", "2026-04-06T13:00:00+00:00", "30 Mar to 5 Apr 2026"),
        ("2026-12-28T14:00:00+00:00", "2027-01-04T14:00:00+00:00", "28 Dec 2026 to 3 Jan 2027"),
    ]
    for since, as_of, wanted in spans:
        assert week_words({"since": since, "as_of": as_of}) == wanted
