"""How the few words of a search are found in a title: as such, by initials, cut short, misspelt."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import IntEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from include.base.text import comparable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

ALIKE, SURELY_ALIKE = 0.8, 0.9
"""Share of letters, in order, that a misspelt word has of the right one, and where the first one
differs."""

_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
_OF_TWO = re.compile(r"2[a-z]{1,5}")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff]+")
_STEM = 4
_SMALL_WORDS = "a an and as at by for from in into of on or the to with"
_EMPTY_WORDS = """
about any are be can could customer customers do does has have how i is it its many me much my need
needs not our request requests so that their there they this us want wants was we were what when
which who why will would you your
"""
_SMALL = frozenset(_SMALL_WORDS.split())
_EMPTY = _SMALL.union(_EMPTY_WORDS.split())


class How(IntEnum):
    """The kinds of likeness, the surest first."""

    SAME = 0
    INITIALS = 1
    BEGINNING = 2
    MISSPELT = 3


@dataclass(frozen=True, slots=True)
class Likeness:
    """A word of the query and the words of the request that it stands for."""

    asked: str
    found: str
    how: How


def words_of(text: str) -> list[str]:
    """The words of a text, comparable; ``customer_id`` and ``customerId`` are two."""
    return _WORD.findall(comparable(_HUMP.sub(" ", text)))


def telling_words(query: str) -> list[str]:
    """The words of a query that say what is looked for; all of them when none does."""
    found = list(dict.fromkeys(words_of(query)))
    return [word for word in found if word not in _EMPTY] or found


def likenesses(
    asked: Sequence[str], title: str, description: str = "", *, unknown: Collection[str] = ()
) -> list[Likeness]:
    """The likeness of each word that has one, the surest of each.

    Args:
        asked: Words of the query, from :func:`telling_words`.
        title: Of a request.
        description: Of the same; only whole words are looked for in it.
        unknown: Words that no request has: only these may be misspelt.
    """
    in_title, in_description = words_of(title), words_of(description)
    found = []
    for place, word in enumerate(asked):
        likeness = _likeness(word, in_title, in_description, may_be_misspelt=word in unknown)
        if likeness is None and (joined := _in_one_word(asked, place, in_title)):
            likeness = Likeness(word, joined, How.SAME)
        if likeness is not None:
            found.append(likeness)
    return found


def spellings(asked: Sequence[str]) -> list[str]:
    """The words to look up for what is asked: "2fa" is the initials of "two-factor …", too."""
    return [*asked, *(f"t{word[1:]}" for word in asked if _OF_TWO.fullmatch(word))]


def _likeness(
    word: str, title: Sequence[str], description: Sequence[str], *, may_be_misspelt: bool
) -> Likeness | None:
    bare = _without_accents(word)
    for other in (*title, *description, *_joined(title)):
        if word == other or _same_stem(word, other) or bare == _without_accents(other):
            return Likeness(word, other, How.SAME)
    for short in spellings([word]):
        if initialled := _initialled(short, title):
            return Likeness(word, initialled, How.INITIALS)
    if len(word) >= 3 and (other := next((o for o in title if o.startswith(word)), "")):
        return Likeness(word, other, How.BEGINNING)
    if other := next((other for other in title if len(word) > 1 and _holds(other, word)), ""):
        return Likeness(word, other, How.SAME)
    if not may_be_misspelt or len(word) < 4:
        return None
    near = [(_ratio(word, other), other) for other in title if abs(len(other) - len(word)) <= 2]
    share, other = max(near, default=(0.0, ""))
    # The first letter is seldom the wrong one.
    enough = share >= (ALIKE if other[:1] == word[:1] else SURELY_ALIKE)
    return Likeness(word, other, How.MISSPELT) if enough else None


def _joined(words: Sequence[str]) -> list[str]:
    """Two words in a row as one: "dark mode" is "darkmode", "e-mail" is "email"."""
    return [one + other for one, other in pairwise(words)]


def _in_one_word(asked: Sequence[str], place: int, title: Sequence[str]) -> str:
    """The word of the title that a word asked for makes with the one before or after it."""
    beside = _joined(asked[max(0, place - 1) : place + 2])
    return next((word for word in title if word in beside), "")


def _without_accents(word: str) -> str:
    """A word of Latin letters without its accents, which people leave out; another as it is."""
    if word.isascii():
        return word
    parts = unicodedata.normalize("NFD", word)
    bare = "".join(part for part in parts if not unicodedata.combining(part))
    return bare if bare.isascii() else word


def _holds(text: str, word: str) -> bool:
    """Whether a word stands inside a text whose script has no blanks between words."""
    return bool(_UNSPACED.fullmatch(word)) and word in text


def _same_stem(one: str, other: str) -> bool:
    """Whether the two, of four letters at least, differ in nothing but a common ending."""
    short, long = sorted((one, other), key=len)
    if len(short) < _STEM or len(long) - len(short) > 3:
        return False
    return long.startswith(short.removesuffix("e")) and long[len(short) :].strip("s") in (
        *("", "e", "d", "r", "ed", "er", "ing", "ng", "ion", "ly"),
    )


def _initialled(word: str, title: Sequence[str]) -> str:
    """The words in a row of which ``word`` is the initials, with small words or without."""
    if 2 <= len(word) <= 6:
        for words in (list(title), [one for one in title if one not in _SMALL]):
            place = "".join(one[0] for one in words).find(word)
            if place >= 0:
                return " ".join(words[place : place + len(word)])
    short = re.fullmatch(r"([^\W\d_])(\d{1,2})([^\W\d_])", word)
    if short:
        length = int(short[2]) + 2
        for one in title:
            if len(one) == length and one[0] == short[1] and one[-1] == short[3]:
                return one
    return ""


def _ratio(one: str, other: str) -> float:
    if sorted(one) == sorted(other):
        # Letters that changed places are one slip, however far apart a comparison in order sees
        # them.
        return 1.0 - 1.0 / (2 + len(one))
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() >= ALIKE else 0.0
