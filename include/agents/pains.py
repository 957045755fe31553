"""The pains in a text: at most five, each an exact quote of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.agents.draft import DESCRIPTION_MAX, TITLE_MAX, TITLE_MIN

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 5
LONG_ENOUGH = 160
"""A text with fewer characters is one pain; no model is asked about it."""

_LEAST_QUOTE = 6
_SENTENCE_END = re.compile(
    r"[.!?\u2026;]\s|[\u3002\uff01\uff1f]\S|\n|[,\s](?:also|and|plus|besides)\s", re.I
)
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Pain:
    """One pain: a span of the source, and a title and a description for a request, if proposed."""

    quote: str
    start: int
    end: int
    title: str = ""
    description: str = ""

    @property
    def suggestion(self) -> dict[str, str] | None:
        """Title and description for the request it may open; ``None`` when they do not do."""
        title, description = _one_line(self.title), _one_line(self.description)
        if not TITLE_MIN <= len(title) <= TITLE_MAX or not description:
            return None
        return {"title": title, "description": description[:DESCRIPTION_MAX]}


def may_hold_several(text: str) -> bool:
    """Whether it is worth asking a model: long enough, and more than one clause."""
    return len(text) >= LONG_ENOUGH and _SENTENCE_END.search(text.strip()) is not None


def verbatim(text: str, found: Sequence[tuple[str, str, str]]) -> tuple[list[Pain], int]:
    """The pains whose quote stands in the text, in its order, and how many were refused.

    A quote may differ from the text in white space only; what is kept is the text's own span. A
    quote that is not there, is too short, or lies within another one is refused.

    Args:
        text: The source.
        found: Quote, title and description of each, as a model gave them.
    """
    pains: list[Pain] = []
    refused = max(0, len(found) - MOST)
    for quote, title, description in found[:MOST]:
        span = _span(text, quote)
        if span is None or any(span[0] < one.end and one.start < span[1] for one in pains):
            refused += 1
            continue
        pains.append(Pain(text[span[0] : span[1]], *span, title, description))
    return sorted(pains, key=lambda pain: pain.start), refused


def _span(text: str, quote: str) -> tuple[int, int] | None:
    words = quote.split()
    if len("".join(words)) < _LEAST_QUOTE:
        return None
    place = text.find(quote.strip())
    if place >= 0:
        return place, place + len(quote.strip())
    match = re.search(r"\s+".join(map(re.escape, words)), text)
    return match.span() if match else None


def _one_line(text: Any) -> str:
    return _SPACES.sub(" ", text).strip() if isinstance(text, str) else ""
