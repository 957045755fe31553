"""Drafts a request out of a customer's own words: the fallback that needs no language model."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.agents.mail_frame import own_words
from include.agents.readable import readable
from include.agents.trouble import DECLINES, HURTS, PROBLEM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.matching.types import Candidate

TITLE_MIN, TITLE_MAX = 5, 120
DRAFT_TITLE_MAX = 80
"""A title made of the customer's words is cut here; people and models may use `TITLE_MAX`."""
DESCRIPTION_MAX = 600
_PAIN_READ = 4_000
_NEAR = 0.5
"""Cosine from which a neighbour's area says something about a pain's."""

_UNTITLED = "Customer feedback"

_ENDS_IN_EMOJI = re.compile(r":[a-z0-9_+-]{2,40}:$")
_SENTENCE = re.compile(
    r"(?:(?<!\s)\s+)?[•●▪]\s*|(?<=[.!?…])[\"'”\u2019)]*\s+|\n+|(?<=\s[:;][)(])\s+|(?<=[。\uff01\uff1f])"
)
_ABBREVIATION = re.compile(
    r"\b(?:e\.g|i\.e|etc|vs|approx|no|dr|mr|mrs|ms"
    r"|(?:for|and|the|of|to|by|from|on|until) \d{1,2})\.$",
    re.I,
)
_GREETING = re.compile(
    r"""^(?:
        (?:hi|hello|hey|dear|greetings|howdy|good\ (?:morning|afternoon|evening|day))
            (?:\ (?:there|all|team|everyone|everybody|folks|guys|support))*
            (?:\ \w+(?=\s*(?:[,.!:\n]|$)))?
      | (?:many\ )?thanks?(?:\ (?:you|a\ lot|so\ much|in\ advance|again))*(?:\ for\b[^.,;!?]*)?
      | (?:i\ )?hope\ (?:you|this|all|everyone|the|your)\b[^.,!?]*
      | (?:please|pls|kindly|sorry|ok|okay|so|well|also|fyi|btw|anyway|yes|yeah|yep|sure|plus
            |finally|lastly|additionally|separately
            |(?:besides|apart\ from|on\ top\ of)\ that|in\ addition
            |(?:first|second|third)(?:ly)?(?=,)|(?:another|one\ more)\ thing(?=[:,])|\+1|fwd?|re)
      | (?:best|kind|warm)\ regards | regards | cheers | sincerely | best
      | (?:just\ a\ )?(?:quick\ )?(?:question|feedback|suggestion|request|note)(?=\ ?:)
    )(?=[\s,.:;!?\u2013\u2014-]|$)[\s,.:;!?\u2013\u2014-]*""",
    re.X | re.I,
)
_LEAD = re.compile(
    r"""^(?:
        (?:i|we)(?:\ just)?(?:\ want(?:ed)?|\ would\ like|['\u2019]d\ like)\ to
            \ (?:say|mention|report|let\ you\ know|point\ out|ask)(?:\ (?:that|if|whether))?
      | (?:it\ would|it['\u2019]d)\ be\ (?:really\ |so\ |very\ )?
            (?:great|nice|good|helpful|useful|awesome)\ (?:if|to)
      | (?:is\ it|would\ it\ be)\ possible\ to
      | (?:could|can|would)\ you(?:\ please)?
      | (?:from|in|on|during|after)\ (?:the|a|our|my|today['\u2019]s|yesterday['\u2019]s)
            \ (?:\w+\ ){0,3}(?:call|meeting|demo|interview|survey|visit|webinar|chat|email|e-mail)
            \b[^:,."\u201c]{0,60}[:,]
      | (?:(?:a|some|quick|new|more|customer)\ ){0,2}
            (?:feedback|note|request|update|input|news|remark)
            \ (?:from|by|for|about|of)\ [^:.!?\n]{1,60}:
      | (?:(?:our|the|my|a|one\ of\ our)\ )?(?:customers?|clients?|users?|he|she|they|we|i)
            (?:\ \w+)?\ (?:says?|said|reports?|reported|complains?|complained|mentioned|noticed
            |noted|found|explained|wrote|writes)\ that
      | [^.!?:;]{2,90}?\ (?:told|informed)\ (?:me|us)\ that
      | (?:the|my|our|their)\ (?:only|one|main|biggest|first|second|last|other)\ (?:thing|issue
            |problem|point|wish|request|ask|complaint|pain)(?:\ point)?(?:\ is(?:\ that)?|:|,)
    )\s+""",
    re.X | re.I,
)
_GOOD = r"(?:great|nice|good|love(?:ly)?|like|awesome|excellent|amazing|fine|perfect|best|well)"
_PRAISE = re.compile(
    r"^(?:(?:it['\u2019]?s|this\ is|i|we|the\ \w+\ is|your\ \w+\ is)\ )?(?:\w+\ ){0,2}"
    rf"{_GOOD}\b(?:\W+\w+){{0,4}}\W*$",
    re.I,
)
_PRAISE_FIRST = re.compile(
    rf"^[^.!?]{{0,60}}\b{_GOOD}\b[^.!?]{{0,40}}?[\s,]\s*(?:but|however|though)\b[\s,]*(?=.{{12}})",
    re.I,
)
# In what tells how to see a fault: what happened, and what one does to see it.
_ACTUAL = re.compile(r"actual(?:\s\w+)?\s?:\s*", re.I)
_STEP = re.compile(
    r"(?:open|click|press|tap|go|select|choose|enter|type|wait|save|scroll|drag|navigate|hit|pick|"
    r"fill|submit)"
    r"\s(?:the|on|an?|to|for|until|your|any|in|into)\b",
    re.I,
)
_SMALL_TALK = re.compile(
    r"\b(?:we['\u2019]ve\ been\ (?:a\ )?customers?|how\ (?:are|is)\ (?:you|everything|it)|"
    r"nice\ to\ meet|talk\ (?:soon|later)|can\ you\ hear|share\ my\ screen|sounds?\ good|"
    r"quick\ (?:one|question)(?=\W*$)|"
    r"(?:suggest|share|raise|ask|report)\ (?:something|(?:a\ few|some)\ things)(?=\W*$)|"
    r"let\ me\ know|as\ (?:you\ know|discussed)|thank(?:s|\ you)|"
    r"don['\u2019]t\ worry|"
    r"no\ (?:worries|problem|rush))\b",
    re.I,
)
_CLAUSE = re.compile(r"(?:,|;|:|\s(?:[-\u2013\u2014|]|//))\s+|\s(?=(?:but|however)\s)")
# The writer says which sentence is the point.
_POINT = re.compile(
    r"^(?:tl;?\s?dr|in\ short|bottom\ line|the\ point|(?:the\ )?(?:core\ )?(?:problem|pain)"
    r"(?:\ (?:statement|point))?|(?:the\ )?(?:issue|ask)|reason(?:\ \w+)?)"
    r"\s?(?:[:\u2013\u2014-]|\ is\ that\b)\s*",
    re.I | re.X,
)
# Somebody asks what hurts; the answer says it.
_ASKS = re.compile(
    r"\b(?:what|anything|something)\b[^.!?]{0,60}\b(?:missing|wrong|broken|slow\w*|stuck|annoy\w*|"
    r"frustrat\w*|bother\w*|block\w*)\b[^.!?]{0,30}\?\s*$|^(?:\w+\ ){0,3}?ask\ (?:them|him|her)\b",
    re.I,
)
_POINTED_AT = 4
"""What a sentence weighs that its writer calls the point."""
_SUBORDINATE = re.compile(r"^(?:but|and|so|because|however|although|though|yet)\b[\s,]*", re.I)
_RELATIVE = re.compile(r"(?:who|which|whose|where|that)\b", re.I)
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W_]+")
_IDEOGRAPHS = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2}")
_PLAIN_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*[,.;:!?]*")
_SHORT_CLAUSE = 3
"""Words of a clause that is no title."""
_RECORD = 2
"""Short clauses one after the other at the beginning."""

_LOOSE_END = re.compile(
    r"(?<!\s)\s+(?:and|or|but|so|because|that|which|who|when|if|while|as|to|of|for|with|in|on|at|"
    r"by|the|a|an)$",
    re.I,
)
_TRAILING = " \t\n.,;:!?…-\u2013—'\"([{<&/|。\uff01\uff1f、"


_COMMON_WORDS = """
about also been customer does every everything feature from have into just like make more need only
other product that their them then there they thing this want what when where which will with would
your
"""
_COMMON = {word[:6].rstrip("s") for word in _COMMON_WORDS.split()}


@dataclass(frozen=True, slots=True)
class AreaOption:
    """A product area a request may be filed under."""

    id: int
    slug: str
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A new request. `quote` is the customer's sentence the title was made of."""

    title: str
    description: str
    area_ids: tuple[int, ...]
    quote: str


def draft_request(
    pain: str, areas: Sequence[AreaOption], neighbours: Sequence[Candidate] = ()
) -> Draft:
    """A title of 5 to 80 characters, at most two sentences, and the area or none.

    Args:
        pain: The customer's words: plain text, Slack mrkdwn or HTML, in any language, of any
            length; only the first 4,000 characters are read.
        areas: What to choose from. A draft whose area is not plain has none.
        neighbours: The nearest existing requests, nearest first; they vote with their areas.
    """
    start, end = own_words(pain[:_PAIN_READ])
    sentences = _sentences(readable(pain[start:end]))
    telling = [sentence for sentence in map(_bare, sentences) if _tells(sentence)]
    first = _most_telling(telling)
    quote = next((one for one in sentences if first and first in one), first)
    place = sentences.index(quote) if quote in sentences else 0
    description = " ".join(_ended(one) for one in sentences[place : place + 2])
    return Draft(
        title=_title(first),
        description=_cut(description or pain.strip(), DESCRIPTION_MAX),
        area_ids=_areas(pain, areas, neighbours),
        quote=quote,
    )


def _sentences(text: str) -> list[str]:
    found: list[str] = []
    for piece in _SENTENCE.split(text):
        piece = piece.strip()
        if found and _ABBREVIATION.search(found[-1]):
            found[-1] = f"{found[-1]} {piece}"
        elif _LETTER.search(piece):
            found.append(piece)
    return found


def _bare(sentence: str) -> str:
    """The sentence without greetings, pleasantries and the run-up before what is said."""
    before = None
    while before != sentence:
        before = sentence
        for pattern in (_GREETING, _PRAISE_FIRST, _SUBORDINATE, _LEAD):
            sentence = pattern.sub("", sentence, count=1).strip()
    return sentence


def _most_telling(sentences: Sequence[str]) -> str:
    """The sentence that speaks most plainly of a problem, the earlier of two.

    Praise is last, and so is what only says that something else is not wanted.
    """
    ranked = sorted(
        enumerate(sentences),
        key=lambda one: (
            0 if DECLINES.search(one[1]) else -_weight(one[1]),
            len(one[1].split()) <= 3,
            one[0],
        ),
    )
    return ranked[0][1] if ranked else ""


def weight(text: str) -> int:
    """How plainly the plainest sentence of a text speaks of a problem; see :func:`_weight`."""
    return max(map(_weight, _sentences(readable(text))), default=0)


def _weight(sentence: str) -> int:
    """How plainly a sentence speaks of a problem: 3 it hurts, 2 it may, 1 it says something, 0.

    4 where its writer says that it is the point.
    """
    if _PRAISE.match(sentence) or _SMALL_TALK.search(sentence):
        return 0
    if _POINT.match(sentence) and len(sentence.split()) > 3:
        return _POINTED_AT
    if _ASKS.search(sentence):
        return 1
    if _ACTUAL.match(sentence):
        return 3
    if _STEP.match(sentence):
        return 1
    # Sentences of scripts without spaces are not counted in words.
    if len(sentence.split()) <= 3 and sentence.isascii():
        return 1
    if HURTS.search(sentence):
        return 3
    return 2 if PROBLEM.search(sentence) else 1


def _tells(sentence: str) -> bool:
    """Whether anything is left to say: two words, or one long one, or script without spaces."""
    words = [word for word in _WORD.findall(sentence) if _LETTER.search(word)]
    letters = sum(len(word) for word in words)
    return len(words) >= 2 or letters >= TITLE_MIN or bool(_IDEOGRAPHS.search(sentence))


def _title(sentence: str) -> str:
    said = _POINT.sub("", _ACTUAL.sub("", sentence))
    title = _cut(_telling_part(said), DRAFT_TITLE_MAX).strip()
    closing = ":" if _ENDS_IN_EMOJI.search(title) else ""
    title = title.strip(_TRAILING).strip() + closing
    if len(sentence) > DRAFT_TITLE_MAX:
        title = _LOOSE_END.sub("", title)
    if len(title) < TITLE_MIN:
        return f"{_UNTITLED}: {title}" if title else _UNTITLED
    first = title.split(maxsplit=1)[0]
    if first.islower() and _PLAIN_WORD.fullmatch(first):
        title = title[0].upper() + title[1:]
    elif title.isupper() and len(title) > 12:
        title = title.capitalize()
    return title[:DRAFT_TITLE_MAX]


def _telling_part(sentence: str) -> str:
    """The sentence, or, where that is too long, what follows from its telling clause on."""
    if len(sentence) <= DRAFT_TITLE_MAX:
        return sentence
    starts = [0, *(mark.end() for mark in _CLAUSE.finditer(sentence))]
    ends = [*(mark.start() for mark in _CLAUSE.finditer(sentence)), len(sentence)]
    clauses = [
        (start, _SUBORDINATE.sub("", sentence[start:end]))
        for start, end in zip(starts, ends, strict=True)
    ]
    long = [(start, clause) for start, clause in clauses if len(clause.split()) > _SHORT_CLAUSE]
    for start, clause in long:
        is_led_to = sentence[:start].rstrip().endswith(":")
        hurts = HURTS.search(clause) or (is_led_to and PROBLEM.search(clause))
        if hurts and not _RELATIVE.match(clause):
            return _SUBORDINATE.sub("", sentence[start:])
    # What stands before is a record: "Ticket 17 - Priority: P2 - ...".
    if long and sum(start < long[0][0] for start, _ in clauses) >= _RECORD:
        return _SUBORDINATE.sub("", sentence[long[0][0] :])
    return sentence


def _cut(text: str, limit: int) -> str:
    """At most `limit` characters, cut at a clause or a word where there is one."""
    if len(text) <= limit:
        return text
    cut = text[: limit + 1]
    for mark in (", ", "; ", " - ", " "):
        place = cut.rfind(mark)
        if place >= limit // 2:
            return cut[:place]
    return text[:limit]


def _ended(sentence: str) -> str:
    if not _ENDS_IN_EMOJI.search(sentence):
        sentence = sentence.rstrip(" :;,")
    return sentence if sentence.endswith(tuple(".!?\u2026\u3002\uff01\uff1f")) else f"{sentence}."


def _areas(
    pain: str, areas: Sequence[AreaOption], neighbours: Sequence[Candidate]
) -> tuple[int, ...]:
    """One area or none: that of near neighbours, else the one whose words the pain shares most."""
    offered = {area.id for area in areas}
    votes: Counter[int] = Counter()
    for place, neighbour in enumerate(neighbours[:5]):
        # A stranger that only happens to be the nearest says nothing about the area.
        if (neighbour.cosine or 0.0) < _NEAR:
            continue
        for area_id in offered.intersection(neighbour.area_ids):
            # A nearer neighbour counts more.
            votes[area_id] += round(1000 * (neighbour.cosine or 0.0) / (place + 1))
    if votes:
        return (min(votes, key=lambda area_id: (-votes[area_id], area_id)),)
    said = _roots(readable(pain[:_PAIN_READ]))
    overlap = {
        area.id: 2 * len(said & _roots(area.name)) + len(said & _roots(area.description))
        for area in areas
    }
    best = max(overlap.values(), default=0)
    leading = [area_id for area_id, words in overlap.items() if words == best]
    return (leading[0],) if best and len(leading) == 1 else ()


def _roots(text: str) -> set[str]:
    """Words of four letters or more, cut to six: enough to make 'exports' meet 'exporting'."""
    words = {word.casefold() for word in _WORD.findall(text) if len(word) >= 4}
    return {word[:6].rstrip("s") for word in words} - _COMMON
