"""Whether a model's sentences may be shown: short, true to given numbers, no links, no ids."""

from __future__ import annotations

import re

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?[kMB%]?")
_WORDS_FOR_NUMBERS = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|twenty|thirty|forty|"
    r"fifty|hundreds?|thousands?|millions?|billions?|half|third|quarter|twice|double[ds]?|"
    r"triple[ds]?|percent)\b",
    re.I,
)
_UNWANTED = re.compile(
    r"https?:|www\.|<[@#!a-z/]|[<>`\[\]{}|]|@(?:here|channel|everyone)\b|\b[UCDWBT]0[A-Z0-9]{2,}\b"
    r"|\b[0-9a-f]{8}-[0-9a-f]{4}-|\bid\s*[:=#]?\s*\d",
    re.I,
)
_LEADS_AWAY = re.compile(r"\bhttps?:|\bwww\.|<[@#!]|\]\(|@(?:here|channel|everyone)\b", re.I)
_SENTENCE = re.compile(r"[.!?\u2026]+(?:\s+|$)")
_SPACE = re.compile(r"\s+")


def is_plain(text: str, *, most: int, sentences: int = 2) -> bool:
    """Whether it is so many sentences at most, without links, mentions, markup or ids."""
    said = _SPACE.sub(" ", text).strip()
    if not said or len(said) > most or _UNWANTED.search(said):
        return False
    return len([part for part in _SENTENCE.split(said) if part.strip()]) <= sentences


def leads_away(text: str) -> bool:
    """Whether a model put a link or a mention where a title or a description should be."""
    return _LEADS_AWAY.search(text) is not None


def only_numbers_of(text: str, source: str) -> bool:
    """Whether every number in a text, in digits or in words, stands in its source too."""
    if not set(NUMBER.findall(text)) <= set(NUMBER.findall(source)):
        return False
    said = {word.lower() for word in _WORDS_FOR_NUMBERS.findall(text)}
    return said <= {word.lower() for word in _WORDS_FOR_NUMBERS.findall(source)}


def one_line(text: str) -> str:
    """The text with single spaces."""
    return _SPACE.sub(" ", text).strip()
