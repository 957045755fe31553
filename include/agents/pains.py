"""The pains in a text: at most five, each an exact quote of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from include.agents.draft import DESCRIPTION_MAX, TITLE_MAX, TITLE_MIN
from include.agents.sentences import leads_away

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel

    from include.agents.client import Agent, AgentTask

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
        if leads_away(f"{title} {description}"):
            return None
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
    refused = 0
    for quote, title, description in found:
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


@cache
def pains_task() -> AgentTask[BaseModel]:
    """The task; made on first use, because its types need Pydantic."""
    from pydantic import BaseModel, Field

    from include.agents.client import AgentTask

    class FoundPain(BaseModel):
        quote: str = Field(description="exact words of the text")
        title: str = Field(description="5 to 120 characters that name the problem")
        description: str = Field(description="at most two sentences")

    class PainsAnswer(BaseModel):
        pains: list[FoundPain]

    return AgentTask("split_pains", PainsAnswer, max_tokens=2_000)


def read_pains(
    agent: Agent, text: str, *, key: str, entry_id: int | None = None
) -> list[Pain] | None:
    """The pains in a text; empty when it holds none, None when it is taken as one pain.

    That is so when it is too short to hold several, there is no model for it now, or every quote
    of the model had to be refused.
    """
    if not may_hold_several(text):
        return None
    answer = agent.ask(pains_task(), {"pain": text}, key=key, entry_id=entry_id)
    if answer is None:
        return None
    stated = answer.model_dump()["pains"]
    found = [(one["quote"], one["title"], one["description"]) for one in stated]
    kept, refused = verbatim(text, found)
    if refused:
        agent.note(pains_task(), "refused", f"{refused} quotes were not in the text")
    return None if stated and not kept else kept
