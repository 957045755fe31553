"""Takes the pain out of a conversation: the fallback that needs no language model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.agents.draft import draft_request, readable

if TYPE_CHECKING:
    from collections.abc import Sequence

PAIN_MAX = 10_000
SUMMARY_MAX = 400
TELLING_WORDS = 4
"""A marked message with fewer words (`+1`, `this!`) points at something said before it."""

_WORD = re.compile(r"[^\W\d_]{2,}")
_CUSTOMER = re.compile(
    r"\b(?:customers?|clients?|accounts?|prospects?|deals?|renewals?|opportunit(?:y|ies)|tenants?"
    r"|pilot|arr|acv|churn\w*|procurement|contract)\b|[$€£]\s?\d",
    re.I,
)


@dataclass(frozen=True, slots=True)
class ThreadMessage:
    """One message as read, oldest first; ``is_marked`` is the one that somebody pointed at."""

    text: str
    author: str | None = None
    is_marked: bool = False


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a conversation says: in a sentence or two, in the customer's words, and about whom."""

    summary: str
    pain_description: str
    is_customer_specific: bool


def extract_feedback(messages: Sequence[ThreadMessage]) -> Extraction | None:
    """The pain in a thread, ``None`` when nobody said anything in words.

    The marked message is the pain. If it has hardly any words, the nearest message before it that
    has, else the nearest after it. A message is taken as a whole and never joined with another
    one: a quote must be somebody's own words.

    Args:
        messages: The thread, oldest first; Slack mrkdwn.
    """
    said = [readable(message.text) for message in messages]
    marked = next((i for i, message in enumerate(messages) if message.is_marked), len(messages) - 1)
    order = [marked, *range(marked - 1, -1, -1), *range(marked + 1, len(messages))]
    with_words = [i for i in order if _WORD.search(said[i])] if messages else []
    if not with_words:
        return None
    chosen = next((i for i in with_words if _words(said[i]) >= TELLING_WORDS), with_words[0])
    pain = said[chosen][:PAIN_MAX].strip()
    return Extraction(
        summary=draft_request(pain, ()).description[:SUMMARY_MAX],
        pain_description=pain,
        is_customer_specific=any(_CUSTOMER.search(text) for text in said),
    )


def _words(text: str) -> int:
    return len(_WORD.findall(text))
