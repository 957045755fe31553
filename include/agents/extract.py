"""Takes the pain out of a conversation: the fallback that needs no language model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.agents.draft import draft_request
from include.agents.noise import noise_reason

if TYPE_CHECKING:
    from collections.abc import Sequence

PAIN_MAX = 10_000
SUMMARY_MAX = 400
CUT = "…"
"""Stands at the end of a pain that is longer than an entry may be."""

_WORD = re.compile(r"[^\W\d_]+")
_MENTION = re.compile(r"@[^\s,.:;!?]+(?: [A-Z][\w.'-]*)?")
_EMOJI_NAME = re.compile(r":[a-z0-9_+'-]+:(?::skin-tone-\d:)?")
_POINTING_WORDS = """
a above absolutely again agree agreed all also and another any as below case definitely ditto
either ever exactly fwiw for from fully fyi got had has have heard hearing here him hit i idem in
is issue it just look me my myself need needed needs of off one our plus pls please point problem
read right same saw say see seen so still that the them there these they thing this those too true
totally up us very want wanted wants we with yes yep you
auch dito dies das dieses genau gleich hier ich mich siehe oben wir
ce ceci cela ci dessus idem ici moi aussi pareil
aquí esto este igual lo mismo también yo
anche concordo io qui questo stesso mesmo também eu isso isto aqui
同上 同感 同じ これ これです 同じく 这个 一样 我也是 顶
тоже это плюс поддерживаю
"""
_POINTING = frozenset(_POINTING_WORDS.split())
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
    """The pain in a thread, ``None`` when nobody said anything that could be one.

    The marked message is the pain, however short and in any script. If it only points at something
    (`+1`, `this!`), the nearest message before it that says something is, else the nearest after
    it. A message is taken as a whole and never joined with another one: a quote must be somebody's
    own words. One that is longer than an entry may be is cut, and ends so that one sees it.

    Args:
        messages: The thread, oldest first; as a person reads it.
    """
    said = [message.text.strip() for message in messages]
    marked = next((i for i, message in enumerate(messages) if message.is_marked), len(messages) - 1)
    order = [marked, *range(marked - 1, -1, -1), *range(marked + 1, len(messages))]
    chosen = next((i for i in order if not only_points(said[i])), None) if messages else None
    if chosen is None:
        return None
    pain = said[chosen]
    if len(pain) > PAIN_MAX:
        pain = pain[: PAIN_MAX - len(CUT)].rstrip() + CUT
    return Extraction(
        summary=draft_request(pain, ()).description[:SUMMARY_MAX],
        pain_description=pain,
        is_customer_specific=any(_CUSTOMER.search(text) for text in said),
    )


def only_points(text: str) -> bool:
    """Whether a message holds no words, or only such as point at what somebody else said."""
    if noise_reason(text) is not None:
        return True
    rest = _EMOJI_NAME.sub(" ", _MENTION.sub(" ", text))
    return _POINTING.issuperset(word.casefold() for word in _WORD.findall(rest))
