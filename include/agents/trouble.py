"""Words that speak of trouble, plainly or perhaps. English."""

from __future__ import annotations

import re

HURTS = re.compile(
    r"\b(?:can(?:no|['\u2019])?t|cannot|can\s+not|could(?:\ not|n['\u2019]?t)|won['\u2019]?t|"
    r"unable|"
    r"impossible|not\s+(?:be\s+)?(?:possible|able)|no\ (?:way|option|export|import|api|support|"
    r"button)|"
    r"missing|lacks?|crash\w*|fail\w*|error\w*|bugs?|buggy|broken|breaks?|slow\w*|hangs?|"
    r"freez\w*(?!\s+(?:the|their|our|a|an|my|his|her|your|its)\b)|frozen|stuck|"
    r"los(?:e|es|s|t|ing)|forgets?|forgot|forgotten|annoying|annoys?|by\ hand|manually|wrong|"
    r"wrongly|painful|"
    r"(?:do|does|did|is|are|was|were|has|have)(?:\ not|n['\u2019]?t)|cuts?\ off|locked\ out|"
    r"locks\ (?:up|out|for|every\w*|"
    r"us|them)|twice|double[sd]?[\s-](?:book|charg|count|post|bill)\w*|"
    r"takes?\ (?:\w+\ )?(?:seconds|minutes|hours|days|weeks|ages|forever|long|too\ long)|"
    r"takes?\ \d+\ ?(?:s|sec|seconds|min|mins|minutes|h|hours|days|weeks)|"
    r"tim(?:es?|ed|ing)\ out|wip(?:es?|ed)|disappear\w*|vanish\w*|overwrit\w*|ignor(?:es|ed)|"
    r"(?:have|has|had|having)\ to(?!\ (?:be|do|have|say|admit|mention|tell|thank|confess|agree|"
    r"congratulate)\b)\ \w+|nobody\ can|"
    r"(?:is|are|was|were|been|goes|go|went)\ (?:down|offline)|"
    r"(?:no|hasn['\u2019]t\ a|haven['\u2019]t\ a|not\ a)\ (?:idea|clue)|r[au]ns?\ out\ of|"
    r"(?:makes?|made|making)\ (?:\w+\ ){1,3}(?:angry|furious|mad|nervous|unhappy|uneasy|cross)|"
    r"no\ one\ can|only\ way|"
    r"no\ longer|confus\w*|nowhere|drains?|duplicat(?:es|ed)|"
    r"dealbreaker|deal\ breaker|blocker|blocks?|frustrat\w*)\b",
    re.I,
)
"""It hurts."""

PROBLEM = re.compile(
    r"\b(?:not|no|\w+n['\u2019]t|never|without|stop\w*|problems?|issues?|need\w*|wants?|wish|"
    r"should|"
    r"must|add|support|allow|option|takes?|still|although|even\ though|instead|again|only|"
    r"every\ time|too\ \w+|workaround|late|delay\w*|hard\ to|difficult)\b",
    re.I,
)
"""It may hurt."""

DECLINES = re.compile(
    r"^\W*(?:this\s+is\s+|it['\u2019]?s\s+)?(?:not\s+(?:a|an|about|asking)\b|"
    r"(?:(?:we|i|they)\b(?:\s+\w+){0,6}?\s+)(?:do\s+not|don['\u2019]?t)\s+(?:really\s+)?"
    r"(?:need|want|mind|ask|mean)\b(?!\s+to\b))",
    re.I,
)
"""It says what is not wanted, or not meant: what is wanted stands elsewhere."""

_DENIES = re.compile(
    r"\b(?:not|no|\w+n['\u2019]t|never|without|none|neither|nobody|stop\w*|problems?|issues?|hard|"
    r"difficult)\b",
    re.I,
)


def hints_at_trouble(text: str) -> bool:
    """Whether a word of it speaks of trouble, or denies something."""
    return HURTS.search(text) is not None or _DENIES.search(text) is not None
