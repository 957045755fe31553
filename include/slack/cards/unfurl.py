"""Previews of links as Block Kit. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from include.slack.cards.blocks import context, link, section, shorten
from include.slack.cards.markup import escape, markup

TEXT_LIMIT = 300
_KINDS = {"request": "Feature request", "area": "Product area", "account": "Account"}


@dataclass(frozen=True)
class PageFacts:
    """What a page shows in short; ``facts`` are phrases in plain words."""

    kind: str
    title: str
    text: str
    facts: tuple[str, ...]


def page_card(facts: PageFacts, url: str) -> dict[str, Any]:
    """A page's title, a sentence or two, and its numbers."""
    said = shorten(" ".join(facts.text.split()), TEXT_LIMIT)
    head = link(facts.title, url)
    numbers = escape(shorten(" · ".join([_KINDS[facts.kind], *facts.facts]), TEXT_LIMIT))
    return {
        "blocks": [
            section(markup("{}\n{}", head, said) if said else head),
            context(numbers),
        ]
    }


def private_card() -> dict[str, Any]:
    """What people of another company see: that there is a page, and nothing of it."""
    said = markup(":lock: *GTM Feedback* · a private page. Open it to sign in.")
    return {"blocks": [section(said)]}
