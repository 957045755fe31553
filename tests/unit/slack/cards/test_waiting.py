"""The daily card: within Slack's limits, one button for all shown, and an end."""

from __future__ import annotations

import pytest

from include.slack.cards.waiting import ANSWER_SHOWN, Waiting, waiting_card
from sandbox.slack.blockkit import check_message_blocks
from tests.entry_states import every_stage

ASKED = every_stage()["asked"]
URL = "https://pages.example.com/inbox"


@pytest.mark.parametrize("shown", [1, 2, 5])
def test_the_card_lists_the_first_and_counts_the_rest(shown: int) -> None:
    listed = [Waiting(ASKED, f"q{number}") for number in range(shown)]
    card = waiting_card(listed, count=9, inbox_url=URL, token="t")
    check_message_blocks(card.blocks)
    ids = [block["block_id"] for block in card.blocks if "block_id" in block]
    assert len(ids) == len(set(ids))
    said = str(card.blocks)
    assert f"… and {9 - shown} more in <{URL}|the inbox>" in said
    assert (ANSWER_SHOWN in said) == (shown > 1)
    assert card.text == "9 more questions wait in the inbox"


def test_nothing_waits_any_more() -> None:
    card = waiting_card([], count=0, inbox_url=None, token="t")
    check_message_blocks(card.blocks)
    assert card.text == "Nothing waits in the inbox any more"
    assert "button" not in str(card.blocks)
