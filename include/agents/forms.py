"""Takes a text apart by its form, without a model: lists, speaker turns, paragraphs.

Every part is an exact span of the text. A part that says nothing of a problem is no part; where
only one is left, it is a part of its own only if most of the text is something else.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from include.agents.draft import weight
from include.agents.lists import listed, says_something, stripped, tells
from include.agents.mail_frame import own_words
from include.agents.pains import Pain
from include.agents.transcript import turns

if TYPE_CHECKING:
    from collections.abc import Sequence

    Span = tuple[int, int]

MOST_PARTS = 10
_LONG = 400
"""From so many characters on, one part may stand for the whole, where it is a small share."""

_SHARE = 0.5
_MAY_HURT = 2
"""What a part weighs that may speak of a problem."""

_GAP = re.compile(r"\n[ \t]*\n\s*")
# A line that turns to something else needs no blank line before it.
_NEW_LINE = re.compile(
    r"\n(?=[ \t]*(?:also|another thing|separately|besides|additionally|in addition|"
    r"on another note|on top of that|unrelated|secondly|thirdly|finally|lastly|one more)\b)",
    re.I,
)
# Within a line only what says so plainly.
_NEW_SENTENCE = re.compile(
    r"(?<=[.!?])[ \t]+(?=(?:also|another thing|separately|additionally|in addition|unrelated|"
    r"on another note|on top of that|besides that|secondly|thirdly|one more thing)[ \t]?[,:])",
    re.I,
)
_COUNTS = re.compile(
    r"\b(?P<number>two|three|four|five|six|[2-6])\s+(?:\w+\s+)?(?:things|issues|points|topics|problems|"
    r"asks|requests|pains|wishes|remarks|complaints|items|blockers|questions)\b",
    re.I,
)
_NUMBER_WORDS = ("two", "three", "four", "five", "six")
# Goes on with what was said before.
_CONTINUES = re.compile(
    r"^\W*(?:this|that|these|those|it|its|they|them|so|because|therefore|as a result|which|for "
    r"example|for instance|e\.g|in other words|the result|right now|today|currently|meanwhile|"
    r"specifically|basically|yes|no|exactly|and\b|but\b|our workaround|the workaround|we tried|"
    r"ideally)\b"
    r"|^\W*(?:longer|(?:in )?(?:more )?details?|background|context|impact|effect|consequences?|"
    r"reasons?|why|workaround|environment)\s?:",
    re.I,
)
# Begins with something else.
_TURNS = re.compile(
    r"^\W*(?:and\s+)?(?:the\s+)?(?:also|another|separately|besides|additionally|in addition|"
    r"on another note|on top of|"
    r"unrelated|second(?:ly)?|third(?:ly)?|finally|lastly|plus|next|one more|other|"
    r"a different|different topic)\b"
    # "And billing. Nobody can ...": a word or two that name the next subject.
    r"|^\W*(?:and|then|so)\s+(?:the\s+|our\s+)?[^\W\d_]{3,}(?:\s[^\W\d_]{3,})?[.:?]\s+(?=\S)",
    re.I,
)
_WORD = re.compile(r"[^\W\d_]{4,}")
_COMMON_WORDS = """
about after also always because been before being cannot could customer customers every from
have having here into just like made make many more most much need needs only other over really
said same says should some such take takes than that their them then there these they thing
things this those through time told very want wants well were what when where which while will
with without work working would your month week
"""
_COMMON = frozenset(_COMMON_WORDS.split())


def pains_by_form(text: str) -> list[Pain] | None:
    """The parts of a text, each with its own problem; ``None`` when it is one, or none can be told.

    A list of items, people who take turns, or paragraphs about different subjects. What frames a
    mail, and what it quotes, is no part.
    """
    start, end = own_words(text)
    own = text[start:end]
    spans = _listed_and_beside(own)
    if spans is None:
        spans = turns(own, _goes_on)
    if spans is None:
        spans = _paragraphs(own)
    return _kept(text, [(start + first, start + last) for first, last in spans])


def _kept(text: str, pains: Sequence[Span]) -> list[Pain] | None:
    if len(pains) == 1:
        [(start, end)] = pains
        alone = len(text) >= _LONG and (end - start) <= _SHARE * len(text)
        return [Pain(text[start:end], start, end)] if alone else None
    if not 2 <= len(pains) <= MOST_PARTS:
        return None
    return [Pain(text[start:end], start, end) for start, end in pains]


def _listed_and_beside(text: str) -> list[Span] | None:
    """The items of a list, and the paragraphs before and after it that hurt by themselves."""
    spans = listed(text)
    if not spans or len(spans) < 2:
        return spans
    gaps = [0, *(gap.end() for gap in _GAP.finditer(text)), len(text)]
    beside = [
        stripped(text, start, end)
        for start, end in pairwise(gaps)
        if end <= spans[0][0] or start >= spans[-1][1]
    ]
    hurting = [
        (start, end)
        for start, end in beside
        if not text[start:end].endswith(":") and weight(text[start:end]) > 2
    ]
    return sorted([*spans, *hurting])


def _paragraphs(text: str) -> list[Span]:
    """Paragraphs about different subjects; one that goes on with the one before belongs to it."""
    if counted := _as_announced(text):
        return counted
    spans: list[Span] = []
    start = 0
    sentences = list(_NEW_SENTENCE.finditer(text))
    # More than that are no parts, and not looked at.
    sentences = [gap for gap in sentences[:MOST_PARTS] if _turns_at(text, gap)]
    gaps = sorted(
        [*sentences, *_GAP.finditer(text), *_NEW_LINE.finditer(text)], key=lambda gap: gap.start()
    )
    for gap in [*gaps, None]:
        end = gap.start() if gap is not None else len(text)
        span = stripped(text, start, end)
        start = gap.end() if gap is not None else len(text)
        said = text[span[0] : span[1]]
        turned = bool(spans) and _TURNS.match(said) is not None and says_something(said)
        if not said or not (turned or tells(said)):
            continue
        if spans and _goes_on(text[spans[-1][0] : spans[-1][1]], said):
            spans[-1] = (spans[-1][0], span[1])
            continue
        spans.append(span)
    return spans


def _turns_at(text: str, gap: re.Match[str]) -> bool:
    """Whether trouble stands on both sides, and the second does not speak of the first as "it"."""
    before, after = text[: gap.start()].rsplit("\n\n", 1)[-1], text[gap.end() :]
    after = re.split(r"[,:]", re.split(r"\n|(?<=[.!?])\s", after, maxsplit=1)[0], maxsplit=1)[-1]
    return (
        weight(before) >= _MAY_HURT and weight(after) >= _MAY_HURT and not _CONTINUES.match(after)
    )


def _as_announced(text: str) -> list[Span]:
    """As many paragraphs as the first one announces: "Two things from today's call:"."""
    edges = [0, *(gap.end() for gap in _GAP.finditer(text)), len(text)]
    spans = [stripped(text, start, end) for start, end in pairwise(edges)]
    said = [(start, end) for start, end in spans if says_something(text[start:end])]
    lead = next(
        (place for place, one in enumerate(said[:2]) if _announced(text[slice(*one)])), None
    )
    if lead is None:
        return []
    parts = said[lead + 1 :]
    return parts if len(parts) == _announced(text[slice(*said[lead])]) else []


def _announced(paragraph: str) -> int:
    found = _COUNTS.search(paragraph)
    if found is None or "\n" in paragraph or not paragraph.endswith((":", ".")):
        return 0
    number = found["number"].lower()
    return int(number) if number.isdigit() else _NUMBER_WORDS.index(number) + 2


def _goes_on(before: str, said: str) -> bool:
    if _TURNS.match(said):
        return False
    continues = _CONTINUES.match(said)
    if continues and not (continues[0].strip().lower() == "and" and weight(said) > _MAY_HURT):
        return True
    return len(_roots(before) & _roots(said)) >= 2


def _roots(text: str) -> set[str]:
    words = {word.casefold() for word in _WORD.findall(text)}
    return {word[:6].rstrip("s") for word in words - _COMMON}
