"""The limits on blocks: the largest allowed passes, one more is refused."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.slack.blockkit import check_message_blocks, check_view
from sandbox.slack.errors import SlackError

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def section(length: int) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": "x" * length}}


def button(label: int = 5, n: int = 0, **more: Any) -> Json:
    return {"type": "button", "action_id": f"a{n}", "text": plain("x" * label), **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def select(options: int) -> Json:
    listed = [{"text": plain(str(i)), "value": str(i)} for i in range(options)]
    return {"type": "static_select", "action_id": "s", "options": listed}


@pytest.mark.parametrize(
    ("allowed", "refused", "pointer"),
    [
        ([section(3000)], [section(3001)], "/blocks/0/text/text"),
        ([{"type": "divider"}] * 50, [{"type": "divider"}] * 51, "/blocks"),
        ([actions(button(75))], [actions(button(76))], "/blocks/0/elements/0/text/text"),
        (
            [actions(*[button(n=n) for n in range(25)])],
            [actions(*[button(n=n) for n in range(26)])],
            "/blocks/0/elements",
        ),
        (
            [actions(button(value="v" * 2000))],
            [actions(button(value="v" * 2001))],
            "/blocks/0/elements/0/value",
        ),
        ([actions(select(100))], [actions(select(101))], "/blocks/0/elements/0/options"),
        (
            [{"type": "header", "text": plain("x" * 150)}],
            [{"type": "header", "text": plain("x" * 151)}],
            "/blocks/0/text/text",
        ),
        (
            [actions(button(style="danger"))],
            [actions(button(style="warning"))],
            "/blocks/0/elements/0/style",
        ),
        ([section(1)], [section(0)], "/blocks/0/text/text"),
        ([section(1)], [{"type": "section"}], "/blocks/0"),
        ([section(1)], [{"type": "sektion"}], "/blocks/0/type"),
        (
            [{**section(1), "block_id": "a"}, {**section(1), "block_id": "b"}],
            [{**section(1), "block_id": "a"}, {**section(1), "block_id": "a"}],
            "/blocks/1/block_id",
        ),
    ],
)
def test_limits_of_a_message(allowed: list[Json], refused: list[Json], pointer: str) -> None:
    check_message_blocks(allowed)
    with pytest.raises(SlackError) as caught:
        check_message_blocks(refused)
    assert caught.value.code == "invalid_blocks"
    assert any(m.endswith(f"[json-pointer:{pointer}]") for m in caught.value.messages)


def test_a_modal_with_inputs_needs_a_submit_button_and_a_short_title() -> None:
    field = {
        "type": "input",
        "label": plain("Pain"),
        "element": {"type": "plain_text_input", "action_id": "t"},
    }
    good = {"type": "modal", "title": plain("x" * 24), "submit": plain("Go"), "blocks": [field]}
    check_view(good)
    for bad in ({**good, "submit": None}, {**good, "title": plain("x" * 25)}, {"type": "menu"}):
        with pytest.raises(SlackError, match="invalid_arguments"):
            check_view(bad)
