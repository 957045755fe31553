"""The telling words of English texts, cut so that forms of a word are one."""

from __future__ import annotations

import re

WORD = re.compile(r"[a-z0-9]+(?:['\u2019][a-z]+)?")
CLAUSE = re.compile(
    r"[.!?;:\n()]+|,|\s[\u2013\u2014-]\s|\b(?:but|however|although|though|whereas|while)\b"
)
_STOP = frozenset(
    WORD.findall(
        "a an the and or of for to in on at by with from as is are be was were it its this that "
        "these those we our us you your i my me they their them he she his her not no do does "
        "did so very more most can could would should will all any some each per into out up off "
        "via when if than then there here have has had having get gets make makes made let lets "
        "use uses using able way ways option options support allow need needs want wants add new "
        "how what which who one other also just only really"
    )
)


def stems(text: str) -> list[str]:
    """The telling words of a text, cut so that "exports" and "exporting" are one."""
    return [stem(word) for word in WORD.findall(text) if len(word) > 2 and word not in _STOP]


def stem(word: str) -> str:
    word = word.split("'")[0].split("\u2019")[0]
    for ending in ("ally", "ments", "ment", "ing", "ies", "ied", "ed", "es", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
