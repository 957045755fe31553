"""The daily card about questions over the day's limit, as Block Kit. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.slack.cards.blocks import (
    Rendered,
    actions,
    button,
    confirmation,
    link,
    section,
)
from include.slack.cards.entry_card import question_blocks
from include.slack.cards.markup import escape, markup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.base.entry_state import EntryState
    from include.slack.cards.blocks import Block

ANSWER_SHOWN = "answer_shown"


@dataclass(frozen=True)
class Waiting:
    """A question on the card: its (first) entry, and what its buttons carry."""

    state: EntryState
    token: str


def waiting_card(
    shown: Sequence[Waiting], *, count: int, inbox_url: str | None, token: str
) -> Rendered:
    """How many questions wait, the first of them with their buttons, and one button for all shown.

    Args:
        shown: The questions that are listed.
        count: How many questions wait in all.
        inbox_url: Where all of them are.
        token: What the button for all shown carries.
    """
    inbox = link("the inbox", inbox_url)
    if not count:
        said = markup("Nothing waits in {} any more.", inbox)
        return Rendered(text=escape("Nothing waits in the inbox any more"), blocks=[section(said)])
    noun, verb = ("question", "waits") if count == 1 else ("questions", "wait")
    head = markup("*{} more {} {} in {}.*", count, noun, verb, inbox)
    blocks: list[Block] = [
        section(markup("{} No more are sent one by one today; answer them together.", head))
    ]
    for number, one in enumerate(shown):
        blocks += question_blocks(one.state, one.token, number)
    if count > len(shown):
        blocks.append(section(markup("… and {} more in {}.", count - len(shown), inbox)))
    if len(shown) > 1:
        blocks.append(actions("waiting", _add_all(len(shown), token)))
    return Rendered(text=markup("{} more {} {} in the inbox", count, noun, verb), blocks=blocks)


def waiting_replaced() -> Rendered:
    """A daily card of which there is a newer one."""
    said = escape("There is a newer list of the questions that wait.")
    return Rendered(text=said, blocks=[section(said)])


def _add_all(count: int, token: str) -> Block:
    asked = confirmation(
        f"Add these {count}?",
        "Each piece of feedback shown here is added to the request beside it.",
        yes="Add them",
        no="Not yet",
    )
    return button(f"Add these {count} to their requests", ANSWER_SHOWN, token, confirm=asked)
