"""The items of a list in a text: one under the other, or one after the other on a line. English.

A list is several things only if what leads to it does not say that its items belong to one: steps,
examples, what a problem affects.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from include.agents.draft import weight
from include.agents.noise import noise_reason
from include.agents.readable import readable
from include.agents.trouble import HURTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    Span = tuple[int, int]

_NUMBERED = (
    r"(?:problem|issue|point|ask|request|topic|item|pain|wish|number|no\.?|nr\.?)[ \t]?#?"
    r"(?:\d{1,2}|one|two|three|four|five|six)(?:[.):]|[ \t]?[-\u2013\u2014](?=[ \t]))"
)
_LABEL = r"\*{1,2}[^*:\n]{2,40}(?:\*{1,2}[ \t]?:|:\*{1,2})"
_ITEM = re.compile(
    r"^[ \t]*(?:(?:\(?\d{1,2}[.):]|\d{1,2}[ \t][-\u2013\u2014]|#\d{1,2}[.):]?|\d\ufe0f?\u20e3"
    r"|:(?:one|two|three|four|five|six|seven|eight|nine):"
    r"|[-*+\u2022\u2013\u2014\u2192\u279c\u25ba\u25aa\u25cf\u25cb\u25e6\u2023\u00b7\u2713\u2714\u2705\u274c\u2610\u2611]"
    rf"|\[[ xX]?\]|\(?[a-h][.)]|\(?(?:i{{1,3}}|iv|vi{{0,3}}|ix|x)[.)]|{_NUMBERED}"
    r"|(?:first|second|third|fourth|fifth|last|final)(?:ly)?(?: of all)?[,:])"
    rf"[ \t]+(?:\[[ xX]?\][ \t]+)?(?=\S)|(?={_LABEL}[ \t]))",
    re.M | re.I,
)
# Lines that count from one, without a sign behind the number: "1 Tickets ...", "Customer 1: ...".
_COUNTED = re.compile(
    r"^[ \t]*(?:(?P<label>[A-Z][a-z]{2,12})[ \t]#?(?P<labelled>\d{1,2}):|(?P<bare>\d{1,2}))[ \t]+"
    r"(?=[^\W\d_])",
    re.M,
)
_NO_ITEMS = frozenset({"Step", "Day", "Week", "Phase", "Option", "Version", "Attempt", "Speaker"})
_FROM_SECOND = re.compile(r"^\W*(?:second|third|fourth|fifth|last|final)", re.I)
_TRIES = re.compile(r"^\W*(?:i|we|they)(?:['\u2019]ve|\s+have)?\s+(?:\w+\s+)?tried\b", re.I)
_LOGGED = re.compile(r"^\W*(?:\d{1,2}:\d{2}\b|\d{4}-\d{2}-\d{2}\b)")
_PRAISE_HEADING = re.compile(
    r"^\W*(?:the\s+)?(?:pros?|positives?|good|likes?|strengths|went\s+well|what\s+(?:works|worked|"
    r"went\s+well|is\s+good|(?:we|i|they|you)\s+(?:\w+\s+)?(?:like|love)))\b[^\n]{0,40}$",
    re.I,
)
_NUMBERS = {
    word: number
    for words in (
        ("one", "two", "three", "four", "five", "six"),
        ("first", "second", "third", "fourth", "fifth", "sixth"),
        "abcdef",
    )
    for number, word in enumerate(words, start=1)
}
# "three things: (1) ... (2) ..." on one line; "First, ... Second, ..." in sentences.
_INLINE = re.compile(
    r"(?<!\w)\(?(?P<digit>\d)[.)][ \t]+(?=[^\W\d_])"
    r"|(?<!\w)\((?P<letter>[a-f])\)[ \t]+(?=\w)"
    r"|(?:^|(?<=[.!?:;]\s))(?:and[ \t]+)?(?:the[ \t]+)?(?P<ordinal>first|second|third|fourth|"
    r"fifth|sixth)"
    r"(?:ly)?(?: of all)?[ \t]?[,:][ \t]+"
    r"|(?:^|(?<=[.!?:;]\s))(?:problem|issue|point|ask|number|thing|request|topic)[ \t]#?"
    r"(?P<number>\d|one|two|three|four|five|six)[ \t]?[,:][ \t]+"
    r"|(?:^|(?<=[.!?;]\s))(?P<spelt>one|two|three|four|five|six|[a-f]):[ \t]+"
    r"|(?:^|(?<=[.!?:;]\s))(?P<adverb>first|second|third|fourth)ly[ \t]+",
    re.I,
)
_COLON = re.compile(r"[^\n.;:!?]{3,120}:[ \t]+(?=\S)")
_SEMICOLON = re.compile(r";\s+(?:(?:and|or|also|plus|finally)\b[\s,]*)?")
_GAP = re.compile(r"\n[ \t]*\n\s*")
_LEAST_WORDS = 2
_WORD = re.compile(r"[^\W\d_]{4,}")

_STEPS = re.compile(r"\b(?:steps?|reproduce|repro|how to|procedure|workflow today)\b", re.I)
_STEP = re.compile(
    r"^\W*(?:open|click|press|tap|go|select|choose|enter|type|wait|save|log\s?in|sign\s?in|scroll|"
    r"drag|"
    r"navigate|hit|pick|fill|submit|reload|refresh|close|start|expected|actual)\b",
    re.I,
)
_TRIED = re.compile(r"\b(?:workarounds?|tried|options|alternatives|examples?|versions?)\b", re.I)
_ANNOUNCES = re.compile(
    r"\b(?:asks?|issues?|problems|points?|things|feedback|requests|notes?|items|topics|wishes|"
    r"complaints|"
    r"pains?|concerns?|findings|questions|gripes|blockers|gaps|remarks|comments|raised|told|said|"
    r"mentioned|"
    r"reported|list(?:ed)?|review|call|qbr|meeting|interview|survey|visit|following|follows|these|"
    r"this|summary|"
    r"needs?|wants?|would like|asked for|must[- ]?haves?|"
    r"nice[- ]to[- ]haves?|is missing|are missing|lacks?|wishlist|improvements|"
    r"reasons)\b",
    re.I,
)
# What stands below it is wished for, be it a single word.
_WISHED = re.compile(
    r"\b(?:asks?|wish(?:es|list)?|(?:feature )?requests|needs?|wants?|would like|asked for|"
    r"(?:is|are) missing|lacks?|improvements|blockers|gaps|"
    r"must[- ]?haves?|nice[- ]to[- ]haves?)\b\W*$",
    re.I,
)
_DETAILS = re.compile(
    r"\b(?:to|affects?|when|if|by|with|for|where|which|whose|examples?|e\.g\.?|such as|including|"
    r"namely|"
    r"(?:happens|occurs|seen|fails|works|means|involves|requires|includes)(?: \w+){0,2})\W*$",
    re.I,
)
# "invoices that need a tax code" says which ones, not that it hurts.
_WHICH = re.compile(r"\s(?:that|which|who|whose|with|without|where)\s.*", re.S | re.I)


def listed(text: str) -> list[Span] | None:
    """The spans of the items that tell of a problem each; ``None`` when there is no list.

    Empty when the items are parts of one thing.
    """
    for marks in (_marks_of_lines(text), _marks_of_words(text)):
        if marks is None:
            continue
        spans = [
            _item(text, mark.end(), after.start() if after is not None else len(text))
            for mark, after in zip(marks, [*marks[1:], None], strict=True)
        ]
        return _telling(text, marks[0].start(), spans)
    return _of_one_sentence(text)


def _of_one_sentence(text: str) -> list[Span] | None:
    """What semicolons part after a colon: "Two blockers: ...; and ..."."""
    lead = _COLON.match(text, len(text) - len(text.lstrip()))
    if lead is None or not _ANNOUNCES.search(lead[0]) or ";" not in text[lead.end() :]:
        return None
    ends = [*_SEMICOLON.finditer(text, lead.end()), None]
    spans, start = [], lead.end()
    for mark in ends:
        spans.append(stripped(text, start, mark.start() if mark is not None else len(text)))
        start = mark.end() if mark is not None else len(text)
    kept = [
        (start, end)
        for start, end in spans
        if says_something(text[start:end]) or _is_terse(text[start:end])
    ]
    return kept if len(kept) == len(spans) and any(tells(text[a:b]) for a, b in kept) else None


def _marks_of_lines(text: str) -> list[re.Match[str]] | None:
    marks = list(_ITEM.finditer(text))
    labels = [mark for mark in marks if mark.end() == mark.start() or not mark[0].strip()]
    # A label that comes twice is somebody who speaks.
    said = [text[mark.end() :].split(":", 1)[0].strip("* ") for mark in labels]
    if len(set(said)) < len(said):
        return None
    if len(marks) > 1 and _FROM_SECOND.match(marks[0][0]) is None:
        return marks
    return _counted_lines(text)


def _counted_lines(text: str) -> list[re.Match[str]] | None:
    marks = list(_COUNTED.finditer(text))
    numbers = [int(mark["labelled"] or mark["bare"]) for mark in marks]
    labels = {mark["label"] for mark in marks}
    if len(marks) < _LEAST_WORDS or numbers != list(range(1, len(marks) + 1)):
        return None
    return marks if len(labels) == 1 and not labels & _NO_ITEMS else None


def _marks_of_words(text: str) -> list[re.Match[str]] | None:
    marks = list(_INLINE.finditer(text))
    numbers = [_number(mark) for mark in marks]
    return marks if len(marks) > 1 and numbers == list(range(1, len(marks) + 1)) else None


def _number(mark: re.Match[str]) -> int:
    said = next(group for group in mark.groups() if group is not None).lower()
    return int(said) if said.isdigit() else _NUMBERS[said]


def _item(text: str, start: int, end: int) -> Span:
    """An item up to a blank line; lines that follow without one belong to it."""
    gap = _GAP.search(text, start, end)
    return stripped(text, start, gap.start() if gap is not None else end)


def _telling(text: str, first: int, spans: Sequence[Span]) -> list[Span]:
    before = [line for line in text[:first].splitlines() if line.strip()]
    lead = before[-1].strip() if before else ""
    items = [text[start:end] for start, end in spans]
    if (
        _STEPS.search(lead)
        or _TRIED.search(lead)
        or _are_steps(items)
        or any(
            2 * sum(form.match(item) is not None for item in items) > len(items)
            for form in (_TRIES, _LOGGED)
        )
    ):
        return []
    announced = _ANNOUNCES.search(lead) is not None and not _DETAILS.search(lead)
    if not announced and lead and (_DETAILS.search(lead) or HURTS.search(lead)):
        hurting = sum(HURTS.search(_WHICH.sub("", item)) is not None for item in items)
        if _DETAILS.search(lead) or hurting < _LEAST_WORDS:
            return []
    wished = _WISHED.search(lead) is not None
    plain = [tells(item) or _is_terse(item) for item in items]
    if not announced and not any(plain):
        return []
    return [
        span
        for span, item, telling in zip(spans, items, plain, strict=True)
        if (telling or says_something(item) or (wished and noise_reason(item) is None))
        and not _is_praised(text, span[0])
    ]


def _are_steps(items: Sequence[str]) -> bool:
    """Whether most items say what to do, or the first half of them and the rest what one sees."""
    steps = [_STEP.match(item) is not None and not HURTS.search(item) for item in items]
    return 2 * sum(steps) > len(items) or (steps[0] and 2 * sum(steps) >= len(items) > 2)


def _is_praised(text: str, start: int) -> bool:
    """Whether an item stands under a heading such as "What we like"."""
    lines = text[:start].splitlines()[:-1]
    above = next((line for line in reversed(lines) if line.strip() and not _ITEM.match(line)), "")
    return _PRAISE_HEADING.match(above) is not None


def tells(part: str) -> bool:
    """Whether a part speaks of a problem by itself."""
    words = _WORD.findall(readable(part))
    return len(words) >= _LEAST_WORDS and noise_reason(part) is None and weight(part) >= 2


def says_something(part: str) -> bool:
    """Whether a part is more than praise, small talk or a word: enough where problems are told."""
    words = readable(part).split()
    return len(words) > 2 and noise_reason(part) is None and weight(part) >= 1


def _is_terse(item: str) -> bool:
    """A note of three words may hurt too: "search ignores umlauts", "no dark mode"."""
    return noise_reason(item) is None and (
        HURTS.search(item) is not None or item.lower().startswith("no ")
    )


def stripped(text: str, start: int, end: int) -> Span:
    """The span without the space at its ends."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
