"""The cards that apps show for their links hold words and nothing else of an attachment."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.slack.reading.test_message import Json, part, read, rich, text

URL = "https://tickets.example/7"


def field(label: str, *elements: Json) -> Json:
    return {"type": "field", "label": label, "rich_text": rich(part("section", *elements))}


def card(**layouts: Any) -> Json:
    return {"id": 1, "from_url": URL, "work_object_entity": {"external_url": URL} | layouts}


COMPACT = {
    "layout_type": "compact",
    "title": {"text": "Refunds get lost"},
    "subtitle": {"text": "Ticket 7 in Desk"},
    "header_title": {"text": "Desk"},
    "hover_subtitle": {"text": "View the latest details"},
}
FULL = COMPACT | {
    "fields": {
        "elements": [
            field("Status", text("Open")),
            field("Assignee", {"type": "user", "user_id": "U9"}),
            field("Note"),
        ]
    }
}
SHORT = f"Refunds get lost ({URL})\nTicket 7 in Desk"


@pytest.mark.parametrize(
    ("attachment", "words"),
    [
        (card(layouts={"compact": COMPACT}), SHORT),
        (
            card(layouts={"compact": COMPACT, "expanded": FULL}),
            f"{SHORT}\nStatus: Open\nAssignee: @Ann Ames",
        ),
        (card(layouts={"later": COMPACT}), SHORT),
        (
            card(
                entity_payload={
                    "attributes": {"title": {"text": "Refunds get lost"}, "display_id": "D-7"},
                    "fields": {"due_date": {"value": "May"}, "description": {"value": "a b"}},
                    "custom_fields": [{"key": "x", "label": "Plan", "value": 7}],
                }
            ),
            f"Refunds get lost ({URL})\nD-7\ndue date: May\ndescription: a b\nPlan: 7",
        ),
        (card(layouts="junk"), ""),
        (
            card(layouts={"compact": {"title": 7, "fields": {"elements": ["x", None]}}}),
            f"7 ({URL})",
        ),
        ({"work_object_entity": [], "fallback": "Only this"}, "Only this"),
    ],
)
def test_a_card_is_read_by_its_fullest_layout(attachment: Json, words: str) -> None:
    assert read([], text="", attachments=[attachment]) == words
