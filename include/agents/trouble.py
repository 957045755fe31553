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
    r"(?:have|has|had|having)\ to\ (?:re-?)?(?:type|enter|copy|paste|retype|redo|click|guess|"
    r"scroll|check|rebuild|call|print|wait|switch|log|open|go|ask|write|keep|use)|nobody\ can|"
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

_DENIES = re.compile(
    r"\b(?:not|no|\w+n['\u2019]t|never|without|none|neither|nobody|stop\w*|problems?|issues?|hard|"
    r"difficult)\b",
    re.I,
)


def hints_at_trouble(text: str) -> bool:
    """Whether a word of it speaks of trouble, or denies something."""
    return HURTS.search(text) is not None or _DENIES.search(text) is not None
