"""Whether a text speaks of what a title asks for as being there already. English.

A request asks for something that is not there. Who praises it, has it, tells what it does, or did
by mistake what the request wants to make possible, wants something else: mostly that it be
different. That is said less plainly than "we do not need it", so all of what the title asks for
must be named in one place.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from include.matching.stems import CLAUSE, WORD, stem, stems

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEAST = 2
"""Telling words of what a title asks for; one alone is a subject, no request."""

_NEAR = 8
"""Words before praise that it is about."""


# What a title asks for, without what it is for: "guest checkout | without an account".
_AIM = re.compile(
    r"\s(?:for|with|without|by|on|in|at|to|from|of|as|that|which|after|before|when|while|during|"
    r"until|per|over|across|instead)\s.*"
)
# A title that names a fault is answered by whoever meets it.
_FAULT = re.compile(
    r"\b(?:no|not|never|cannot|missing|lack\w*|slow\w*|wrong\w*|broken|fail\w*|error\w*|"
    r"crash\w*|bugs?|issues?|problems?|late|lost|loses?|too|stuck|about\s+to|delay\w*|declined|"
    r"pending)\b|ed[.?!]?$"
    r"|n['\u2019]t\b"
)
_PRAISED = re.compile(
    r"\b(?:is|are|was|were|looks?|works?)\s+(?:\w+\s+){0,2}?(?:great|good|nice|lovely|fine|useful|"
    r"helpful|handy|excellent|perfect|awesome|cool|brilliant|fantastic|well|okay|ok)\W*$"
)
_LOVED = re.compile(
    r"^\W*(?:\w+\s+){0,2}?(?:love|loves|like|likes|enjoy|enjoys)\s+(?:your|our|this)\b"
)
_HAD = re.compile(
    r"^\W*(?:(?:yes|ok|well|sure|so|now|today|and|ever|since)\s+){0,2}(?:we|i|they|you)\s+"
    r"(?:(?:do|now|finally|all|both|even)\s+){0,2}(?:have|got|bought|introduced|rolled\s+out|"
    r"activated|enabled|added|launched|shipped|released|turned\s+on|switched\s+on)\s+(?!(?:to|no|not|been|never|had|only)\b)"
)
# "The plagiarism check flags quotations."
_DOES = re.compile(
    r"^\W*(?:\w+\s+){0,3}?(?:the|our|your|this|these)\s+(?P<thing>(?:[\w-]+\s+){1,5}?)"
    r"(?!(?:is|was|has|does|needs|takes|lacks|us|across|process|access|status|always|less|unless|"
    r"as|this|its|his)\b)(?P<verb>[a-z]{2,}s)\s+(?!(?:is|are|was|were|not|never|no)\b)\w"
)
_BY_MISTAKE = re.compile(
    r"\b(?:by\s+(?:mistake|accident)|accidentally|mistakenly|inadvertently|unintentionally|"
    r"wrongly)\b"
)
_REVERSES = re.compile(
    r"\b(?:undo|revers\w*|restor\w*|recover\w*|warn\w*|confirm\w*|prevent\w*|ask)\b"
)
# "Restricting access by address locked out half of the staff."
_DOES_HARM = re.compile(
    r"^\W*(?P<verb>\w+ing)(?P<order>)\s.*\b(?:lock(?:s|ed)\s+(?:out|us|them|every\w*)|br(?:eaks|oke)|loses|lost|"
    r"dropp?(?:s|ed)|throws|threw|delete[sd]|overwrites|overwrote|leads\s+to|led\s+to|cause[sd]|"
    r"ruin(?:s|ed)|confuse[sd]|annoy(?:s|ed)|mixe[sd]|changes?)\b"
)
_MISSED = re.compile(r"\b(?:(?:is|are)\s+missing|lacks?|we\s+(?:need|want)|please\s+add)\b")
_STOPS = re.compile(
    r"(?:^|\b(?:please|to|and))\s*(?:stop|quit)\s+(?P<verb>\w+ing)\b"
    r"|^\W*(?:please\s+)?(?:do\s+not|don['\u2019]?t|never)\s+(?P<order>\w+)\b"
)
_MUST_NOT = re.compile(r"\b(?:must|should|shall|may)(?:\s+not|n['\u2019]t|\s+never)\b(?!\s+only\b)")
# "Memberships renew by themselves and people are furious": said of what is, and nothing wished.
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_STATES = re.compile(
    r"\b(?:is|are|was|were|can|gets?|got|has|have|goes|comes?|[a-z]{2,}ed|[a-z]{2,}[^s\W]s(?=\s+(?:the|"
    r"our|their|your|an?|to|up|off|out|in|on|at|from|with|by|it|them|us|me|all|too|over|into|last|"
    r"every|as)\b))\b"
)
_WISHES = re.compile(
    r"\b(?:need\w*|want\w*|wish\w*|should|must|could|would|please|if|when\w*|because|since|how|why|"
    r"what|where|which|like|love|hope\w*|miss\w*|ask\w*|let|lets|allow\w*|help\w*|looking|request\w*|"
    r"so\s+that|option|way|possib\w*|feature|add|support|than|as|prefer|expect\w*|whether|to\s+have|"
    r"idea|pity|shame|enough|i|every\s+other|other\s+(?:tools?|products?|apps?|systems?)|elsewhere|"
    r"competitors?)\b|\?|['\u2019]d\b"
)
_ABSENCE = re.compile(
    r"\b(?:not|no|never|nobody|none|nothing|neither|cannot|without|missing|lack\w*|unable|impossible|"
    r"difficult|hard|slow\w*|by\s+hand|manual\w*|takes?|took|fail\w*|error\w*|crash\w*|broken|instead|"
    r"stopped|forg[eo]t\w*|ha(?:s|ve|d)\s+to|to\s+be)\b|n['\u2019]t\b"
)


def is_there(said: str, title: str) -> bool:
    """Whether a text takes what a title asks for as there, or as done; both in lower case."""
    if _FAULT.search(title):
        return False
    if _reverses_it(said, title) or _is_stated(said, title):
        return True
    wanted = set(stems(_AIM.sub("", title)))
    if len(wanted) < _LEAST:
        wanted = set(stems(title))
    if len(wanted) < _LEAST:
        return False
    shared = set(stems(title)) & set(stems(said))
    return any(
        wanted <= named
        and 2 * len(named & shared) > len(shared)
        and not is_missed(said, shared - named)
        for named in map(set, _there(said, wanted))
    )


def is_missed(said: str, named: set[str]) -> bool:
    """Whether a text misses one of these stems: "Google works, but Outlook is missing"."""
    return any(
        named & set(stems(clause)) and _MISSED.search(clause) for clause in CLAUSE.split(said)
    )


def _there(said: str, wanted: set[str]) -> Iterator[list[str]]:
    """The telling words of each thing that a text says is there."""
    for clause in CLAUSE.split(said):
        if found := _PRAISED.search(clause):
            yield stems(" ".join(WORD.findall(clause[: found.start()])[-_NEAR:]))
        for form in (_LOVED, _HAD):
            if found := form.match(clause):
                had = stems(clause[found.end() :])
                if wanted <= set(had[: len(wanted)]):
                    yield had[:_NEAR]
        if found := _DOES.match(clause):
            yield stems(found["thing"])


def _forbids(clause: str) -> bool:
    """Whether something must not be; "must not be manual" is no such thing."""
    found = _MUST_NOT.search(clause)
    return found is not None and _ABSENCE.search(clause, found.end()) is None


def _is_stated(said: str, title: str) -> bool:
    """Whether a sentence names all that a title does as what is: nothing is absent or wished."""
    named = set(stems(title))
    return len(named) >= _LEAST and any(
        named <= set(stems(piece))
        and _STATES.search(piece)
        and not _ABSENCE.search(_besides(piece, named))
        for sentence in _SENTENCE.split(said)
        if not _WISHES.search(_besides(sentence, named))
        for piece in (sentence, *CLAUSE.split(sentence))
        if not piece.strip().startswith(title)
        or _STATES.match(piece.strip()[len(title) :].lstrip())
    )


def _besides(text: str, named: set[str]) -> str:
    return WORD.sub(lambda word: "" if stem(word[0]) in named else word[0], text)


def _reverses_it(said: str, title: str) -> bool:
    """Whether the title's own verb was done by mistake, does harm, or shall stop."""
    words = WORD.findall(title)
    if not words or _REVERSES.search(title):
        return False
    named = set(stems(title))
    verb, others = stem(words[0]), named - {stem(words[0])}
    for clause in CLAUSE.split(said):
        said_of = set(stems(clause))
        if not said_of & others:
            continue
        if verb in said_of and _BY_MISTAKE.search(clause):
            return True
        most = len(named & said_of) >= max(_LEAST, len(named) - 1)
        if most and verb in said_of and _forbids(clause):
            return True
        stopped = [*_STOPS.finditer(clause), *_DOES_HARM.finditer(clause)]
        if any(stem(found["verb"] or found["order"]) == verb for found in stopped):
            return True
    return False
