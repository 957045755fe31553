"""Shared words that mean the reverse: a negation beside them, or the opposite of what was asked.

Vectors hardly see a negation ("we do not need CSV export") nor an opposite ("purge" and "undo
deleting"): such a pain is as near to the request as one that asks for it. So the matcher without a
language model reads the words around the shared ones, in English, and what it finds is asked about
instead of attached. It finds what is said plainly, no more; `benchmarks/contradictions.py` measures
both what it finds and what it wrongly takes for a contradiction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.matching.already_there import is_missed, is_there
from include.matching.opposites import is_opposite
from include.matching.stems import CLAUSE, WORD, stems

if TYPE_CHECKING:
    from collections.abc import Iterator

ASKED_AT_MOST = 0.80
"""The confidence of a candidate that a pain seems to contradict: a question, no more."""

READ_AT_MOST = 3_000
"""Characters of a pain that are read."""

_NOT = r"(?:n['\u2019]?t|\s+not|\s+never)"
_HEDGE = r"(?:\s+(?:really|actually|even|currently|particularly|at all))?"
# What follows is declined: "we do not need ...", "not asking for ...", "no need for ...".
_DECLINED = re.compile(
    rf"\b(?:do|does|did|would|will|ca|wo|should|must){_NOT}{_HEDGE}\s+"
    r"(?:need|want(?!\s+to\b)|require|ask|request|mean|miss|care|wish)\b"
    r"|\bnever\s+(?:asked|wanted|needed|requested|use|used)\b"
    rf"|\b(?:is|are|am|was|were|'s|'re|'m)?(?:{_NOT}|\bnot)\s+(?:about|asking|looking|requesting|"
    r"talking|interested|after|a\s+request|because\s+of|related)\b"
    r"|\bno\s+(?:longer\s+(?:need|want|require|use)|need|interest|use|demand|wish|point\s+in)\b"
    rf"|\b(?:do|does|did){_NOT}\s+(?:think|believe|see\s+why|feel)\s+(?:that\s+)?\w+\s+"
    r"(?:needs?|wants?|should|would)\b"
    r"|\brather\s+not\b|\bdo\s+without\b|\bspare\s+(?:us|me)\b|"
    r"\bwant\s+to\s+be\s+forced\b|\bwhy\s+(?:on\s+earth|would\s+(?:you|anyone|anybody))\b|\b(?:cannot|can['\u2019]?t)\s+stand\b|\b(?:moving|switching|going|migrating)\s+(?:away|off)\b"
    r"|\b(?:nothing\s+to\s+do\s+with|unrelated\s+to|different\s+from|other\s+than|apart\s+from|"
    r"aside\s+from|as\s+opposed\s+to)\b"
    r"|\b(?:nobody|no\s+one)\s+(?:\w+\s+)?(?:needs|wants|uses|asked|asks|misses)\b(?!\s+to\b)"
    r"|\bit(?:['\u2019]s|\s+is)\s+not\s+(?:the|our|about)\b(?!\s+(?:same|case|right|correct|best|"
    r"first|only))"
    r"|\b(?:should|must|shall|may)(?:\s+not|n['\u2019]t|\s+never|\s+no\s+longer)\s+be\s+(?:able|"
    r"allowed|visible|"
    r"editable|possible|public|shared)\b"
    r"|\bplease\s+(?:do\s+not|don['\u2019]?t|never|stop)\b|^\W*never\s+(?=\w+\s)"
)
# "It is not that we don't want it", "nobody says we don't need it": two negations are none.
_NEGATION = re.compile(r"(?:n['\u2019]t|\b(?:not|never|nobody|no\s+one|hardly|cannot|without))\b")
_JOINS = re.compile(r"\b(?:and|or|because|since|so|as)\b")
# "It's not that we can't merge them": they can.
_NOT_THAT_NOT = re.compile(
    r"\bnot\s+(?:that|because|as\s+if)\s+(?:\w+\s+){1,3}?(?:can(?:not|['\u2019]t|\s+not)|"
    r"could(?:n['\u2019]t|\s+not)|lacks?)\b"
)
# What follows is there already: "we already have ...", and "instead of ..." beside a wish.
_THERE = re.compile(
    r"\b(?:we|i|they|you|it|that)\s+already\s+(?:have|has|got|can|use|do|does|support|supports|"
    r"own)\b"
    r"|\b(?:have|has|had|got)\s+already\b|\b(?:happy|satisfied)\s+with\b"
)
_HAVE_ALREADY = re.compile(
    r"\b(?:we|i|they|you)\s+(?:have|got|use|can)\s+([\w ]{1,60}?)\s+already\b"
)
_NEITHER = re.compile(
    r"\bneither\b(.{1,80}?)\b(?:(?:is|are)\s+(?:what|needed|wanted|required)|we\s+(?:need|want)|"
    r"will\s+do)\b"
)
_INSTEAD = re.compile(
    r"\b(?:instead\s+of|rather\s+than|in\s+place\s+of)\b|\bprefer\s+(?!to\b|\w+ing\b).{1,80}?\s(?:over|to)\b"
)
_NO_MORE = re.compile(
    r"^\W*(?:please\W+)?no\s+more\s+(.*?)(?:\s(?:for|in|with|by|on|when|to|and|or)\b|$)"
)
_WISH = re.compile(r"\b(?:should|want|need|like|prefer|love|looking|would|wish|please)\b")
# What stands before is there already: "the export works fine", "export is solved".
_FINE = re.compile(
    r"\b(?:works?|worked|working)\s+(?:fine|well|great|perfectly|nicely|already|now|"
    r"as\s+expected)\b"
    r"|\b(?:is|are|was)\s+(?:already\s+)?(?:fine|perfect|solved|fixed|there|enough|ok|okay|live|"
    r"in\s+place|no\s+(?:problem|issue)|(?:great|good)\s+(?:until|so\s+far|as\s+(?:it|"
    r"they)\s+\w+))\b"
    r"|\balready\s+(?:available|active|enabled|in\s+use|works?|exists?|there|supported)\b"
    r"|\b(?:is|was)(?:n['\u2019]t|\s+not|\s+never)\s+(?:the|our|a|my)\s+"
    r"(?:problem|issue|question|point|ask|concern)\b"
    r"|\b(?:is|are)(?:\s+not|n['\u2019]t)\s+(?:what|needed|wanted|necessary|required|used)\b"
    r"|\b(?:must|should|shall)(?:\s+not|n['\u2019]t|\s+never)\s+(?:exist|happen|be\s+there)\b"
    r"|\b(?:works?|worked)\s+like\s+a\s+charm\b|\bmakes?\s+no\s+sense\b|\bcan\s+go\W*$"
    r"|\b(?:is|are|would\s+be)\s+(?:the\s+(?:wrong\s+(?:thing|way|approach|idea|tool)|"
    r"last\s+thing)|a\s+(?:bad|terrible|horrible|stupid)\s+idea|a\s+step\s+back\w*|out\s+of\s+the\s+question|"
    r"not\s+for\s+us)\b"
)
_WORKS = re.compile(
    r"^(?!.*\b(?:if|when|only|until|once|how|whether|nothing|none|no|not|it|that|which|"
    r"what)\b)([^'\u2019]{1,60})\bworks\s*$"
)
# What follows is there and shall go: "cannot stop the reminders", "have to remove the fee".
_TAKE_AWAY = re.compile(
    r"\b(?:cannot|can['\u2019]t|can(?:\s+not)?|could|how(?:\s+(?:can|do|could))?|want|wants|need|needs|"
    r"have|has|had|way|unable|"
    r"able|let|lets|like|try|tried|trying|possible|impossible|missing\s+is|option|please)\b"
    r"(?:\s+(?:to|us|me|them|a|way|we|i|they|you)){0,3}\s+"
    r"(?:stop|turn(?:ing)?\s+off|switch(?:ing)?\s+off|disable|get\s+rid\s+of|remove|cancel|"
    r"take\s+back|"
    r"refund|reverse|lift|prevent|suppress|silence|mute|forbid|prohibit|ban|opt\s+out\s+of|"
    r"unsubscribe\s+from)\b"
)
# An order at the beginning of a clause: "Stop merging contacts."
_STOP_IT = re.compile(
    r"^\W*(?:please\s+)?(?:stop\s+(?=\w+ing\b|the\b|these\b|all\b)|turn\s+off|switch\s+off|"
    r"disable|get\s+rid\s+of|(?:get|take|keep|throw)\s+(?=(?:that|this|the|these|those|your)\b.*"
    r"\s(?:off|out|away)\b))\s*"
)
# "Switch the comments off", with anything between.
_OFF = re.compile(r"\b(?:turn|switch)\s+((?:\w+\s+){1,6}?)off\b(?!\s+the\b)")
# "The alert wakes me. Let me switch it off.": what it is stands in the clause before.
_IT_AWAY = re.compile(
    r"\b(?:let|lets|want|wants|need|needs|can|could|cannot|can['\u2019]t|how|way|please|possible|"
    r"able|like)\b(?:\s+\w+){0,4}?\s+(?:(?:turn|switch)\s+(?:it|them|this|that|these|those)\s+off|"
    r"(?:stop|disable|mute|silence|cancel|remove|forbid|prevent|prohibit|avoid)\s+(?:it|them|this|that|these|those)\b(?!\s+\w))"
    r"|\b(?:make|want|get|wish)\s+(?:it|them|this|that|these|those)\s+(?:go\s+away|gone|"
    r"to\s+(?:stop|go\s+away)|stop|disappear|off)\b"
    r"|\b(?:take|switch|turn)\s+(?:it|them|this|that|these|those)\s+(?:down|away|out|off)\b"
    r"|^\W*(?:please\s+)?(?:hide|remove|stop|drop)\s+(?:it|them|this|that|these|those)\W*$"
    r"|^\W*(?:this|that|it|they)\s+(?:has\s+to|have\s+to|needs?\s+to|must|should|can)\s+(?:stop|go|end)"
    r"\W*$"
    r"|^\W*no\s+(?:thanks|thank\s+you|way)\W*$"
    r"|^\W*(?:this|that|it)\s+(?:must|should)(?:\s+not|n['\u2019]t|\s+never)\s+(?:happen|be)\b"
    r"|\bget\s+rid\s+of\s+(?:it|them|this|that|these|those)\b(?!\s+\w)"
)
# What stands before is there and a nuisance, unless it is missing or slow.
_NUISANCE = re.compile(
    r"\b(?:(?:is|are|was|gets?)\s+(?:\w+\s+)?(?:annoying|distracting|intrusive|unwanted|"
    r"unnecessary|useless|"
    r"pointless|overkill)|annoys?|bothers?|distracts?|disturbs?|irritates?|upsets?|infuriates?|"
    r"(?:only|just)\s+(?:confuses?|scares?|slows?)|"
    r"wakes?(?=\s+(?:me|us|them|my|our|people|everybody|everyone)\b)|"
    r"(?:makes?|drives?)\s+(?:\w+\s+){1,3}(?:furious|angry|mad|crazy|nuts|unhappy|away))\b"
)
_ABSENT = re.compile(
    r"\b(?:no|not|missing|lack\w*|without|absen\w*|never|slow\w*|late|broken|fail\w*|wrong|only|"
    r"it|what)\b|\bthat\W*$|\b(?:wait\w*|queues?|delay\w*)\b"
    r"|n['\u2019]t\b"
)
_MANNER = re.compile(r"\s(?:with|by|as|via|through|in|to)\s.*")
_TITLE_AIM = re.compile(r"\s(?:before|after|when|while|on|upon|until|during)\s.*")
# What stands before, or after, is there and is too much of it: "alerts come far too often".
_TOO_OFTEN = re.compile(
    r"\b(?:comes?|coming|arriv\w*|fir(?:es?|ing)|trigger\w*|appear\w*|pops?|popping|sent|sends|"
    r"goes|go|"
    r"shows?|is|are|was|were|gets?)\b(?:\s+(?:off|up|out|to\s+\w+|us|me))?\s+(?:far\s+|way\s+|"
    r"much\s+)?"
    r"too\s+(?:often|frequent(?:ly)?|aggressive(?:ly)?|eager(?:ly)?|noisy)\b"
)
_TOO_MANY = re.compile(r"\b(?:too\s+many|flooded\s+with|drowning\s+in|spammed\s+(?:with|by))\b")
_ASKS_LESS = re.compile(
    r"\b(?:remove|delet\w*|stop\w*|disabl\w*|cancel\w*|turn|switch|mute|hide|clear|clean\w*|undo|"
    r"revers\w*|unsubscribe|prevent\w*|block\w*|limit\w*|refund\w*|without|fewer|less|reduc\w*|"
    r"too|opt|filter\w*|snooz\w*|paus\w*|digest|bundl\w*|group\w*|batch\w*)\b"
)
_DENIED = re.compile(r"(?:n['\u2019]t|\bnot|\bnever|\bno longer|\bhardly)\s*$")
_PEOPLE = frozenset(
    WORD.findall(
        "customer customers user users people client clients request requests ticket tickets "
        "account accounts complaint complaints asking"
    )
)
_LEAST_INITIALS = 3
"""Letters of an abbreviation."""

_NEAR = 8
"""Words after (or before) such a phrase that it is about."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Why a pain seems to contradict a request: one sentence without the customer's words."""

    kind: str
    reason: str


def contradiction(pain: str, title: str) -> Contradiction | None:
    """What in a pain speaks against a request with this title; ``None`` when nothing is found.

    Args:
        pain: The customer's words; the first :data:`READ_AT_MOST` characters are read.
        title: The request's title.
    """
    said = pain[:READ_AT_MOST].lower()
    wanted = title.lower()
    if _is_negated(said, wanted):
        return Contradiction("negated", "It names this request but seems to say it is not wanted.")
    if is_opposite(said, wanted):
        return Contradiction("opposite", "It names this subject but seems to ask for the opposite.")
    if is_there(said, wanted):
        return Contradiction("there", "It seems to speak of this as something that is there.")
    return None


def _is_negated(said: str, title: str) -> bool:
    """Whether at least half of the title's words that the pain shares are declined by it."""
    named = set(stems(title))
    said = _spelt_out(said, title)
    shared = named & set(stems(said))
    if not shared:
        return False
    asks_less = _ASKS_LESS.search(_TITLE_AIM.sub("", title))
    scopes = [*_satisfied(said), *(() if asks_less else _too_much(said))]
    # Who declines what a title asks to be less agrees with it: "hide it, I don't want it".
    scopes += [one for one in _refused(said) if not asks_less or asks_less[0] in one]
    declined = {stem for scope in scopes for stem in stems(scope)} & shared
    if 2 * len(declined) >= len(shared) and declined:
        return not is_missed(said, shared - declined)
    # "Single sign-on with SAML": "we do not need SAML" declines all that makes it particular.
    manner = set(stems(" ".join(_MANNER.findall(title)[:1])))
    apart = [*_refused(said), *_satisfied(said)]
    return bool(manner) and any(manner <= set(stems(scope)) for scope in apart)


def _spelt_out(said: str, title: str) -> str:
    """The text with a title's own words where it has their initials: "sso", "single sign-on"."""
    words = [(found[0], found.start(), found.end()) for found in WORD.finditer(title)]
    spelt: dict[str, str] = {}
    for first in range(len(words)):
        for last in range(first + _LEAST_INITIALS, len(words) + 1):
            initials = "".join(word[0] for word, _, _ in words[first:last])
            spelt.setdefault(initials, title[words[first][1] : words[last - 1][2]])
    return WORD.sub(lambda found: spelt.get(found[0], found[0]), said)


def _refused(said: str) -> Iterator[str]:
    """The stretches of a text that it says are not wanted."""
    for clause in CLAUSE.split(said):
        found = _DECLINED.search(clause)
        if found and not _is_denied(clause[: found.start()]):
            yield _first(clause[found.end() :])


def _satisfied(said: str) -> Iterator[str]:
    """The stretches of a text that it says are there already, or are no matter."""
    for clause in CLAUSE.split(said):
        if found := _NOT_THAT_NOT.search(clause):
            yield _first(clause[found.end() :])
        if found := _THERE.search(clause):
            after = _first(clause[found.end() :])
            if not _PEOPLE & set(WORD.findall(after)):
                yield after
        if found := _NO_MORE.match(clause):
            yield found[1]
        if found := _HAVE_ALREADY.search(clause):
            yield _first(found[1])
        if found := _WORKS.match(clause):
            yield found[1]
        if found := _NEITHER.search(clause):
            yield _first(found[1])
        if (found := _INSTEAD.search(clause)) and _WISH.search(clause[: found.end()]):
            yield _first(clause[found.end() :])
        if (found := _FINE.search(clause)) and not _DENIED.search(clause[: found.start()]):
            yield " ".join(WORD.findall(clause[: found.start()])[-_NEAR:])


def _is_denied(before: str) -> bool:
    """Whether a negation that is not joined to what follows stands before it."""
    found = _NEGATION.search(before)
    return found is not None and _JOINS.search(before, found.end()) is None


def _too_much(said: str) -> Iterator[str]:
    """The stretches of a text that complain of what is there: it shall stop, or be less."""
    before = ""
    for clause in filter(str.strip, CLAUSE.split(said)):
        if _IT_AWAY.search(clause):
            yield before
        before = clause
        if found := _TAKE_AWAY.search(clause):
            yield _first(clause[found.end() :])
        if found := _STOP_IT.match(clause):
            yield _first(clause[found.end() :])
        if found := _OFF.search(clause):
            yield found[1]
        if (found := _NUISANCE.search(clause)) and not _ABSENT.search(clause[: found.start()]):
            yield " ".join(WORD.findall(clause[: found.start()])[-_NEAR:])
        if found := _TOO_MANY.search(clause):
            yield _first(clause[found.end() :])
        if found := _TOO_OFTEN.search(clause):
            yield " ".join(WORD.findall(clause[: found.start()])[-_NEAR:])


def _first(text: str) -> str:
    return " ".join(WORD.findall(text)[:_NEAR])
