"""The answer to a question about the numbers, as Block Kit. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.slack.cards.blocks import (
    Rendered,
    context,
    link,
    section,
    sections,
    shorten,
)
from include.slack.cards.markup import escape, markup

if TYPE_CHECKING:
    from include.base.settings import Settings
    from include.insights.answer_words import Words

_NAME_LIMIT = 90


def answer_card(words: Words, settings: Settings) -> Rendered:
    """The rows, the totals, and the query and filters that they came from."""
    lines = []
    for number, line in enumerate(words.lines, 1):
        name = shorten(line.name, _NAME_LIMIT)
        url = settings.request_url(line.slug) if line.slug else None
        lines.append(markup("{}. {}: {}", number, link(name, url), line.facts))
    return Rendered(
        text=escape(f"{words.heading} {words.totals}"),
        blocks=[
            *sections([escape(words.heading), *lines]),
            section(escape(words.totals)),
            context(escape(shorten(words.source, 1_000))),
        ],
    )
