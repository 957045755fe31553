"""The card of a question about several entries that may belong to one request. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.slack.cards import blocks
from include.slack.cards.blocks import Block, Rendered

if TYPE_CHECKING:
    from collections.abc import Sequence

QUOTES = 8
"""So many quotes are shown; the rest is a number."""

_QUOTE = 280


def group_card(
    *,
    quotes: Sequence[str],
    count: int,
    request_title: str,
    request_url: str | None,
    shipped: bool,
    token: str,
) -> Rendered:
    """The question whether several customers' words are one problem, with its two buttons."""
    title = blocks.link(request_title, request_url)
    already = ", which has *already shipped*" if shipped else ""
    buttons = [
        blocks.button(
            f"Add all {count} to this request", blocks.ANSWER_ATTACH, token, primary=True
        ),
        blocks.button("Create new requests", blocks.ANSWER_CREATE, token),
    ]
    words = blocks.escape(blocks.shorten(request_title, blocks.TITLE_LIMIT))
    return Rendered(
        text=f"{count} customers: is this about “{words}”?",
        blocks=[
            *_said(quotes, count),
            blocks.section(
                f"These {count} sound like {title}{already}. Are they the same problem?"
            ),
            blocks.actions("question", *buttons),
        ],
    )


def group_locked(
    *, quotes: Sequence[str], count: int, request_title: str, request_url: str | None, verdict: str
) -> Rendered:
    """The card without buttons, with who decided what and when."""
    title = blocks.link(request_title, request_url)
    return Rendered(
        text=f"Answered: are these {count} about “{blocks.escape(request_title)}”?",
        blocks=[
            *_said(quotes, count),
            blocks.section(f"The question was whether these {count} are {title}."),
            blocks.context(verdict),
        ],
    )


def _said(quotes: Sequence[str], count: int) -> list[Block]:
    shown = [blocks.section(blocks.quoted(blocks.shorten(one, _QUOTE))) for one in quotes[:QUOTES]]
    more = count - len(shown)
    rest = [blocks.section(f"… and {more} more.")] if more > 0 else []
    return [blocks.section("Customers said:"), *shown, *rest]
