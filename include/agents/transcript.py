"""What people say in a transcript, an interview or a copied chat, turn by turn. English."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from include.agents.draft import weight
from include.agents.lists import says_something, stripped
from include.agents.readable import ROLE, readable

if TYPE_CHECKING:
    from collections.abc import Callable

    Span = tuple[int, int]

_NAME = r"[A-Z][\w.'\u2019-]{0,20}(?:[ \t](?:[A-Z][\w.'\u2019-]{0,20}|#?\d{1,2})){0,2}"
_TIME = r"[\[(]?\d{1,2}:\d{2}(?::\d{2})?(?:\.\d{1,3})?(?:[ \t]?[AaPp]\.?[Mm]\.?)?[\])]?"
_TURN = re.compile(
    rf"^[ \t]*(?:{_TIME}[ \t]*[-\u2013]?[ \t]*)?\*{{0,2}}(?P<speaker>{_NAME})\*{{0,2}}"
    rf"(?:[ \t]*\([^)\n]{{1,30}}\)|[ \t]*\[[^\]\n]{{1,30}}\])?[ \t]*(?::\*{{0,2}}|"
    rf"\s[-\u2013\u2014])[ \t]+(?=\S)"
    rf"|^[ \t]*\*{{0,2}}(?P<named>{_NAME})\*{{0,2}}[ \t]+{_TIME}[ \t]*\n\s*(?=\S)"
    rf"|^<v[ \t]+(?P<voice>{_NAME})>"
    rf"|^[ \t]*{_TIME}[ \t]+\*{{0,2}}(?P<timed>{_NAME})\*{{0,2}}[ \t]*:?[ \t]*\n\s*(?=\S)"
    rf"|{ROLE}",
    re.M,
)
_LEAST_TURNS = 3
_HURTS = 3
"""What a turn weighs that speaks of a problem without being asked for one."""

_QUESTION = re.compile(
    r"(?:^|[.!,]\s+)(?:(?:and|so|ok|okay|great|right|cool|got it|i see|noted)\b[\s,.]*){0,2}"
    r"(?:anything|any|what|how|is there|are there|do you|did you|could you|can you|would you|"
    r"where|tell me|what['\u2019]s|besides)\b[^.!?]{0,200}\?\s*$",
    re.I,
)
# Whatever answers it tells of a problem ...
_ASKS_FOR_TROUBLE = re.compile(
    r"\b(?:change|hard(?:est)?|improv\w*|slow\w*|annoy\w*|frustrat\w*|missing|miss|wish|problems?|"
    r"issues?|"
    r"pains?|difficult|trouble|challeng\w*|better|worst|least|bother\w*|struggl\w*|stop\w*|"
    r"else|besides|next|need|block\w*|in the way|not work\w*)\b",
    re.I,
)
# ... and of another one.
_ASKS_FOR_MORE = re.compile(r"\b(?:else|besides|another|other|more|next|also|second)\b", re.I)

# ... and of the same one.
_FOLLOWS_UP = re.compile(
    r"\b(?:how\s+(?:often|long|many|much|come)|why|since\s+when|for\s+example|elaborate|explain|"
    r"tell\s+me\s+more|what\s+do\s+you\s+(?:mean|do)|what\s+happens)\b",
    re.I,
)

_NOTHING_MORE = re.compile(
    r"^\W*(?:(?:no|nope|nah|not|um|uh|er|oh|well|i think|think|i guess)\b\W*)*"
    r"(?:that(?:['\u2019]s|\s+is|\s+was|\s+would\s+be|['\u2019]ll\s+be)\s+(?:it|all|everything)|"
    r"nothing(?!\s+\w+s\b)|(?:not|none)\s+(?:really|for\s+now|today)|all\s+good|"
    r"we(?:['\u2019]re|\s+are)\s+(?:good|fine))\b",
    re.I,
)


def turns(text: str, goes_on: Callable[[str, str], bool]) -> list[Span] | None:
    """The turns that tell of a problem; ``None`` when nobody takes turns.

    Args:
        text: What was written down.
        goes_on: Whether the second text goes on with what the first one says.
    """
    marks = list(_TURN.finditer(text))
    roles = Counter(mark["role"] for mark in marks)
    # A label that stands there once may be a heading.
    marks = [mark for mark in marks if mark["role"] is None or roles[mark["role"]] > 1]
    names = {_speaker(mark) for mark in marks}
    if len(marks) < _LEAST_TURNS or len(names) < 2:
        return None
    spans: list[Span] = []
    asked = ""
    for mark, after in zip(marks, [*marks[1:], None], strict=True):
        span = stripped(text, mark.end(), after.start() if after is not None else len(text))
        said = text[span[0] : span[1]]
        question = _QUESTION.search(said)
        if question is not None and weight(said[: question.start()]) < _HURTS:
            asked = said
            continue
        wanted = _ASKS_FOR_TROUBLE.search(asked) is not None
        if weight(said) < _HURTS and not (wanted and _answers(said)):
            continue
        # The same person goes on about the same thing after a "yes" or a question.
        if spans and not _ASKS_FOR_MORE.search(asked):
            before = spans[-1]
            if _FOLLOWS_UP.search(asked) or goes_on(text[before[0] : before[1]], said):
                spans[-1] = max(before, span, key=lambda one: one[1] - one[0])
                continue
        asked = ""
        spans.append(span)
    return spans


def _speaker(mark: re.Match[str]) -> str:
    return mark["speaker"] or mark["named"] or mark["timed"] or mark["voice"] or mark["role"]


def _answers(said: str) -> bool:
    return (
        len(readable(said).split()) > 4
        and _NOTHING_MORE.match(said) is None
        and says_something(said)
    )
