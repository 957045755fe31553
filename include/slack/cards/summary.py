"""One message about many pieces of feedback of one person: where each went, with its button."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.slack.cards.blocks import (
    PICK_FOR_FEEDBACK,
    UNDO_ATTACHMENT,
    Rendered,
    button,
    confidence_words,
    escape,
    link,
    section,
    shorten,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.slack.cards.blocks import Block

MOST_LINES = 20
"""Sections of a message: half of Slack's 50 blocks, and short enough to be read."""

_QUOTE = 120
_REASON = 160


@dataclass(frozen=True)
class Line:
    """One entry: its words, the request it is on now and why; ``opened`` when it opened that."""

    quote: str
    request_title: str
    request_url: str | None
    opened: bool
    confidence: float | None
    reason: str
    token: str


def summary_card(lines: Sequence[Line]) -> Rendered:
    """Where each piece went: attached ones can be undone, new requests exchanged for another."""
    added = sum(not line.opened for line in lines)
    opened = len(lines) - added
    head = f"{len(lines)} pieces of feedback are placed: {added} added to requests, {opened} new."
    return Rendered(
        text=head,
        blocks=[
            section(f"*{head}* You will hear when these requests ship."),
            *(_line(line) for line in lines),
        ],
    )


def _line(line: Line) -> Block:
    quote = escape(shorten(" ".join(line.quote.split()), _QUOTE))
    title = link(line.request_title, line.request_url)
    if line.opened:
        said, label, action = f"opened {title}", "Pick another", PICK_FOR_FEEDBACK
    else:
        why = (
            confidence_words(line.confidence)
            if line.confidence is not None
            else escape(shorten(line.reason, _REASON))
        )
        said, label, action = f"added to {title}. {why}", "Undo", UNDO_ATTACHMENT
    accessory = button(label, action, line.token)
    return section(f"> {quote}\n{said}") | {"accessory": accessory}
