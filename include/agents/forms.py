"""Takes a text apart by its form, without a model: lists, speaker turns, paragraphs.

Every part is an exact span of the text. A part that says nothing of a problem is no part; where
only one is left, it is a part of its own only if most of the text is something else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from include.agents.draft import readable, weight
from include.agents.noise import noise_reason
from include.agents.pains import Pain

if TYPE_CHECKING:
    from collections.abc import Sequence

    Span = tuple[int, int]

MOST_PARTS = 10
_LONG = 400
"""From so many characters on, one part may stand for the whole, where it is a small share."""

_SHARE = 0.5
_ITEM = re.compile(
    r"^[ \t]*(?:\(?\d{1,2}[.):]|[-*•\u2013]|\(?[a-h][.)]"
    r"|(?:first|second|third|fourth|fifth)(?:ly)?[,:])[ \t]+(?=\S)",
    re.M | re.I,
)
# "three things: (1) ... (2) ..." on one line.
_INLINE = re.compile(r"(?<!\w)\(?(\d)[.)][ \t]+(?=[^\W\d_])")
_TURN = re.compile(
    r"^[ \t]*(?:\[?\d{1,2}:\d{2}(?::\d{2})?\]?[ \t]*)?"
    r"([A-Z][\w.'\u2019-]{0,20}(?:[ \t][A-Z][\w.'\u2019-]{0,20}){0,2})"
    r"(?:[ \t]*\([^)\n]{1,30}\))?[ \t]*(?::|\s[-\u2013\u2014])[ \t]+(?=\S)",
    re.M,
)
_GAP = re.compile(r"\n[ \t]*\n\s*")
# Goes on with what was said before.
_CONTINUES = re.compile(
    r"^\W*(?:this|that|these|those|it|its|they|them|so|because|therefore|as a result|which|for "
    r"example|for instance|e\.g|in other words|the result|right now|today|currently|meanwhile|"
    r"specifically|basically|yes|no|exactly|and\b|but\b|our workaround|the workaround|we tried|"
    r"ideally)\b",
    re.I,
)
# Begins with something else.
_TURNS = re.compile(
    r"^\W*(?:also|another|separately|besides|additionally|in addition|on another note|on top of|"
    r"unrelated|second(?:ly)?|third(?:ly)?|finally|lastly|plus|next|one more|the other|"
    r"a different|different topic)\b",
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

    A list of items, people who take turns, or paragraphs about different subjects.
    """
    for spans in (_items(text), _inline_items(text), _turns(text)):
        if spans is not None:
            return _kept(text, spans)
    spans = _paragraphs(text)
    return _kept(text, spans) if len(spans) > 1 else None


def _kept(text: str, spans: Sequence[Span]) -> list[Pain] | None:
    pains = [span for span in spans if _tells(text[span[0] : span[1]])]
    if len(pains) == 1:
        [(start, end)] = pains
        alone = len(text) >= _LONG and (end - start) <= _SHARE * len(text)
        return [Pain(text[start:end], start, end)] if alone else None
    if not 2 <= len(pains) <= MOST_PARTS:
        return None
    return [Pain(text[start:end], start, end) for start, end in pains]


def _tells(part: str) -> bool:
    """Whether a part speaks of a problem by itself."""
    words = _WORD.findall(readable(part))
    return len(words) >= 2 and noise_reason(part) is None and weight(part) >= 2


def _items(text: str) -> list[Span] | None:
    """The items of a list; lines that follow without a blank line belong to them."""
    marks = list(_ITEM.finditer(text))
    if len(marks) < 2:
        return None
    spans = []
    for mark, after in zip(marks, [*marks[1:], None], strict=True):
        end = after.start() if after is not None else len(text)
        gap = _GAP.search(text, mark.end(), end)
        spans.append(_stripped(text, mark.end(), gap.start() if gap is not None else end))
    return spans


def _inline_items(text: str) -> list[Span] | None:
    marks = list(_INLINE.finditer(text))
    if len(marks) < 2 or [int(mark[1]) for mark in marks] != list(range(1, len(marks) + 1)):
        return None
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    return [_stripped(text, mark.end(), end) for mark, end in zip(marks, ends, strict=True)]


def _turns(text: str) -> list[Span] | None:
    """What the people of a transcript say, turn by turn, cut down to what tells of a problem."""
    marks = list(_TURN.finditer(text))
    if len(marks) < 3 or len({mark[1] for mark in marks}) < 2:
        return None
    spans: list[Span] = []
    for mark, after in zip(marks, [*marks[1:], None], strict=True):
        end = after.start() if after is not None else len(text)
        span = _stripped(text, mark.end(), end)
        said = text[span[0] : span[1]]
        if weight(said) < 3:
            continue
        # The same person goes on about the same thing after a "yes" or a question.
        if spans and _goes_on(text[spans[-1][0] : spans[-1][1]], said):
            if len(said) > spans[-1][1] - spans[-1][0]:
                spans[-1] = span
            continue
        spans.append(span)
    return spans


def _paragraphs(text: str) -> list[Span]:
    """Paragraphs about different subjects; one that goes on with the one before belongs to it."""
    spans: list[Span] = []
    start = 0
    for gap in [*_GAP.finditer(text), None]:
        end = gap.start() if gap is not None else len(text)
        span = _stripped(text, start, end)
        start = gap.end() if gap is not None else len(text)
        said = text[span[0] : span[1]]
        if not said or not _tells(said):
            continue
        if spans and _goes_on(text[spans[-1][0] : spans[-1][1]], said):
            spans[-1] = (spans[-1][0], span[1])
            continue
        spans.append(span)
    return spans


def _goes_on(before: str, said: str) -> bool:
    if _TURNS.match(said):
        return False
    if _CONTINUES.match(said):
        return True
    return len(_roots(before) & _roots(said)) >= 2


def _roots(text: str) -> set[str]:
    words = {word.casefold() for word in _WORD.findall(text)}
    return {word[:6].rstrip("s") for word in words - _COMMON}


def _stripped(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
