"""Sentences that tell no problem: praise, wishes without one, colleagues' remarks. English.

A text is set aside only if every sentence of it is one of these. A wish or a remark is known by
holding nothing but words of its kind, so that any word of a product, or of trouble, saves it.
Praise may name what it praises, so each clause of it must praise, and none may hint at trouble.
"""

from __future__ import annotations

import re
from enum import StrEnum

from include.agents.trouble import HURTS, hints_at_trouble
from include.agents.vocabulary import POLITE, POLITE_CORE, REMARK, RESOLVED, WISH
from include.base.text import words as words_of

MOST_CHARACTERS = 400
_MOST_CLAUSE = 16
"""Words of a clause of praise: a longer one tells a story."""

_SENTENCE = re.compile(r"(?<=[.!?\u2026])[\"'\u201d\u2019)]*\s+|\n+|\s[\u2013\u2014]\s")
_CLAUSE = re.compile(r"[,;:.!]\s*|\s[-\u2013\u2014]\s|\b(?:and|because|as|since|so\s+that)\s")
_SCORE = re.compile(r"\b(?:[89]|10)\s?/\s?10\b|\b(?:four|five|[45])[\s-]stars?\b", re.I)


_SHORT = 3
"""Words of a clause beside praise that may say anything: "the planner and the map are great"."""

_PRAISED = "\x01"
"""Stands for what is praise whatever its words are."""


class EmptyWords(StrEnum):
    """What a sentence without a problem is."""

    POLITE = "polite"
    PRAISE = "praise"
    WISH = "wish"
    REMARK = "remark"
    RESOLVED = "resolved"


_MOST_POLITE = 12
_COLLEAGUES_SAY = REMARK | POLITE
_OVER = RESOLVED | POLITE

# "Thanks for jumping on so quickly", but not for what one would like to have.
_THANKS_FOR_DOING = re.compile(
    r"\bthank(?:s|\s+you)\b(?:\s+\w+){0,3}?\s+for\s+(?!(?:\w*th|add|build|consider|implement|support|"
    r"look|provid|allow|mak|giv|think|check)\w*ing\b)\w+ing\b[^,.;:!?]{0,60}",
    re.I,
)
# "no complaints", "can't complain": what denies trouble is praise, and its words are taken out.
_NO_TROUBLE = re.compile(
    r"\b(?:no|not\s+(?:a\s+single|one|any)|zero|without\s+(?:any|a)|never\s+(?:had\s+)?(?:a|an|"
    r"any))\s+"
    r"(?:single\s+|real\s+|major\s+|more\s+|further\s+)?"
    r"(?:complaints?|issues?|problems?|bugs?|trouble|hiccups?|glitch(?:es)?|regrets?)\b"
    r"|\b(?:nothing|not\s+(?:much|a\s+thing))\s+(?:at\s+all\s+)?to\s+(?:complain|criticis|"
    r"criticiz|improve|add|"
    r"change|fault)\w*(?:\s+about)?\b"
    r"|\b(?:can(?:no|['\u2019])?t|cannot|can\s+not)\s+(?:really\s+)?(?:complain|fault|praise|"
    r"thank|recommend|"
    r"stop\s+(?:using|praising|recommending))\b"
    r"|\bcould(?:\s+not|n['\u2019]?t)\s+(?:be|have\s+been|have\s+asked|ask|wish)\s+"
    r"(?:more|any|for|happier|better|easier|smoother|prouder)(?:\s+\w+)?\b"
    r"|\b(?:can(?:no|['\u2019])?t|cannot|could(?:\s+not|n['\u2019]?t))\s+(?:live|work|imagine|do)\b"
    r"(?:\s+\w+){0,3}?\s+without\b"
    r"|\b(?:never|not|n['\u2019]?t)\s+(?:\w+\s+)?(?:go|going|switch|change|move)\s+(?:back|away)\b"
    r"|\b(?:do(?:es)?n['\u2019]?t|do(?:es)?\s+not|would\s+not|"
    r"wouldn['\u2019]?t)\s+want\s+(?:to\s+use\s+)?"
    r"(?:anything|something)\s+else\b"
    r"|\b(?:would|will|can|could)\s+(?:definitely\s+|highly\s+|only\s+|totally\s+|"
    r"absolutely\s+)?recommend\b"
    r"|\bthank(?:s|\s+you)\b(?:\s+\w+){0,3}?\s+for\s+(?:the|your|all|this|that|"
    r"being)\b[^,.;:!?]{0,60}"
    r"|\bnothing\s+but\s+(?:praise|good|love|compliments|positive)\b"
    r"|\b(?:best|easiest|fastest|nicest|most\s+\w+)\s+[\w\s]{1,40}?\s(?:he|she|they|we|i|"
    r"you)\s+(?:has\s+|have\s+)?ever\s+\w+"
    r"|\bno\s+(?:words|brainer|doubt)\b|\bkeep\s+(?:(?:it|this|that)\s+(?:up|going)|up\s+(?:the|"
    r"with\s+the)\s+\w+\s+\w+)\b"
    r"|\bbest\s+[\w\s]{1,40}?\s(?:we['\u2019]ve|i['\u2019]ve|we|i|they)\s+(?:have\s+|"
    r"has\s+)?(?:ever\s+)?"
    r"(?:used|had|seen|tried|worked)\b",
    re.I,
)
_LIKED = (
    r"(?:great|good|top(?=\s+[a-z])|awesome|amazing|fantastic|excellent|perfect|brilliant|wonderful|superb|"
    r"incredible|"
    r"outstanding|terrific|fabulous|phenomenal|stellar|impressive|lovely|nice|cool|neat|"
    r"solid|flawless|seamless|smooth|intuitive|delightful|first[\s-]class|top[\s-]notch)"
)
_THINGS = (
    r"(?:jobs?|work|tools?|products?|call|demo|meeting|session|workshop|chat|app|application|"
    r"release|stuff|"
    r"service|support|team|experience|software|platform|solution|move|onboarding|training|people|"
    r"addition|improvements?|progress|feedback|news|update|version|redesign|design|feature|"
    r"features|"
    r"start|year|quarter|partner|partnership|effort|results?)"
)
_PRAISE = re.compile(
    # They love it; not "love how", which is as often meant the other way round.
    r"\b(?:love|loves|loved|loving|adore[sd]?|enjoy(?:s|ed|ing)?|appreciate[sd]?)\b"
    r"(?!\s+(?:how(?!\s+(?:easy|simple|fast|quick|quickly|smooth|well|intuitive|clean)\b)|when|if|"
    r"that|to\b))"
    # It is great; they are happy.
    rf"|(?<!that\s)(?<!which\s)\b(?:is|are|was|were|looks?|looked|feels?|felt|works?|worked|been|"
    rf"['\u2019]s|['\u2019]re|becomes?|"
    rf"became|seems?)\s+(?:\w+\s+){{0,2}}?(?:{_LIKED}|happy|happier|satisfied|delighted|thrilled|"
    rf"impressed|pleased|"
    r"excited|wonders|well|beautiful(?:ly)?|friendly|helpful|responsive|quick|fast|easy|super|"
    r"a\s+blast|"
    r"a\s+(?:big\s+|huge\s+|great\s+|real\s+|total\s+|massive\s+|nice\s+)?(?:hit|joy|pleasure|"
    r"dream|success|"
    r"improvement|game[\s-]?changers?|life[\s-]?savers?|step\s+forward|time[\s-]?saver|relief|win|"
    r"upgrade))\b"
    r"|\b(?:so|very|super|really|extremely|truly|most|quite|deeply|absolutely)\s+"
    r"(?:happy|satisfied|delighted|thrilled|impressed|pleased|excited|helpful|friendly|quick)\b"
    r"|\bso\s+much\s+(?:better|faster|easier|nicer|smoother|quicker|simpler|time\s+saved)\b"
    r"|\bmuch\s+(?:better|faster|easier|nicer|smoother)\s+(?:now|than\s+before)\b"
    # Great work; great new release. What is great and is none of these may be a wish for it.
    rf"|\b{_LIKED}\s+(?:\w+\s+){{0,2}}?{_THINGS}\b"
    rf"|^\W*(?:(?:so|very|really|just|simply|absolutely|pretty|all|looks?|"
    rf"super)\s+){{0,2}}{_LIKED}\W*$"
    r"|\b(?:kudos|congratulations|congrats|bravo|hats\s+off|chapeau|well\s+done|good\s+job|"
    r"thumbs\s+up|"
    r"shout[\s-]?out|(?:huge|big|great|massive)\s+(?:fans?|improvement|compliments?|thanks)|"
    r"game[\s-]?changer|"
    r"life[\s-]?saver|a\s+(?:big\s+|huge\s+)?fan\s+of|just\s+works?|(?:saves?|saved|"
    r"saving)\s+(?:us|me|them|our\s+\w+)\s+(?:\w+\s+){0,3}?(?:time|hours|days|work|"
    r"money|minutes)|how\s+(?:happy|pleased|delighted|impressed|satisfied|glad|grateful)|(?:like|"
    r"as)\s+a\s+charm|went\s+(?:very\s+|really\s+)?(?:well|smoothly|great)|"
    r"(?:guys|team|you)\s+rock|(?:you|they|guys|folks|people|team)\s+(?:are|is)\s+(?:\w+\s+)?the\s+best\W*$|"
    r"that(?:['\u2019]s|\s+is)\s+(?:exactly\s+|just\s+)?what\s+(?:we|i|they)\s+(?:needed|wanted)|"
    r"happy\s+(?:with|w(?=/)|customers?|users?|campers?)|best\s+(?:tool|"
    r"product|app|software|support)|"
    r"(?:runs?|running|goes|going|works?|working)\s+(?:very\s+|really\s+|so\s+)?(?:smoothly|"
    r"flawlessly|perfectly|"
    r"beautifully|great|well|nicely))\b",
    re.I,
)
# Whatever may be a wish, a condition, a comparison, irony or a number is not praise alone.
_MORE_THAN_PRAISE = re.compile(
    r"[?@#{}\[\]\d]|\b(?:but|however|although|though|except|if|would|wish|could|should|please|"
    r"need|needs|want|"
    r"wants|hope|only|once|until|unless|still|when|whenever|instead|missing|pity|shame|sadly|"
    r"unfortunately|lacks?|add|fix|improve|able|idea|option|too|another|again|nobody|how\s+long|"
    r"takes?|"
    r"asks?|asked|asking|request\w*|almost|nearly|apart|worse|worst|terribl[ey]|horribl[ey]|awful|"
    r"bad|badly|expensive|hates?|pain|ugly|sad|less|used\s+to|no\s+longer|"
    r"gone|lost|vanish\w*|disappear\w*|drops?|closes|resets?|after\s+saving|per\s+\w+)\b",
    re.I,
)

_WISH_CORE = re.compile(
    r"\b(?:(?:improve|upgrade|enhance|modernise|modernize|perfect)(?=\s+(?:the|your|this|it)\b)|ai|llms?|ml|chatgpt|gpt|copilot|machine\s+learning|artificial\s+intelligence|"
    r"blockchain|metaverse|"
    r"features?|functions?|functionality|functionalities|improvements?|innovat(?:ions?|ive|e)|"
    r"things?|stuff|something|options?|ux|ui|better|modern|modernized?|modernised|"
    r"user[\s-]friendl(?:y|ier)|"
    r"friendlier|intuitive|nicer|prettier|cooler|beautiful|fancy|fancier|sleek(?:er)?|simpler|"
    r"easier|"
    r"integrations?|automations?|flexibility|flexible|customi[sz]ations?|capabilities|"
    r"enhancements?|"
    r"powerful|smart(?:er)?|state\s+of\s+the\s+art|world\s+class|next\s+level)\b",
    re.I,
)

_NAMED = re.compile(r"(?<=[\w,;)\u2013\u2014-]\s)[A-Z][a-z\u00c0-\u024f'\u2019-]+\b")
# It is over.
_RESOLVED_CORE = re.compile(
    r"(?:^|\b(?:is|are|was|were|has|have|been|got|it|now|already|all|that['\u2019]s|it['\u2019]s)\b)"
    r"\W*(?:resolved|solved|fixed|sorted)\b"
    r"|(?<!longer\s)\bworks?\W+(?:again|now)\b|\b(?:issue|problem|ticket|case)\W+(?:re)?solved\b|^\W*never\W?mind\b|\b(?:found|figured)\W+it\b"
    r"|^\W*(?:please\W+|pls\W+)?disregard\b|\bno\W+longer\W+(?:needed|an?\W+(?:issue|problem))\b"
    r"|\b(?:you\W+can\W+close|can\W+be\W+closed)\b",
    re.I,
)
# A colleague is sent somewhere ...
_POINTS = re.compile(
    r"^\W*(?:(?:hi|hey|hello|all|team|fyi|please|pls|kindly|can|could|you|someone|somebody|i|we|"
    r"am|are|i['\u2019]m|"
    r"just|will|i['\u2019]ll|let|me|also)\W+){0,5}(?:"
    r"see|look\W+(?:at|into)|check(?:ing)?(?:\W+out)?|read|(?:have|take)\W+a\W+look|forwarding|"
    r"forwarded|"
    r"fwd?|passing\W+(?:on|along|this)|sharing|adding|logging|posting|dropping|parking|leaving|"
    r"noting|putting|"
    r"copying|moving|tagging|looping\W+in|following\W+up|chasing|cc)\b",
    re.I,
)
# ... and something says where: here, below, what somebody wrote.
_WHERE = re.compile(
    r"\b(?:this|that|these|those|here|below|above|attached|attachment|screenshots?|thread|my|visibility|"
    r"reference|record|"
    r"yesterday|today|earlier|last|them|you|(?:what|mail|email|note|notes|message|ticket|feedback|"
    r"comment|"
    r"comments|quote|reply|link)\W+(?:(?:that|which)\W+)?(?:he|she|they|this|from|by|our|"
    r"the\W+(?:customer|client)))\b",
    re.I,
)
# Colleagues settle who does what, agree, or try out whether anybody listens.
_REMARK_CORE = re.compile(
    r"^\W*(?:(?:hi|hey|hello|all|team|fyi|please|pls|can|could|you|i|we|just|also|will|to)\W+){0,4}"
    r"(?:follow\W+up|ping|reach\W+out|get\W+back|circle\W+back|keep\W+(?:you|us|"
    r"everyone)\W+posted|loop\W+in)\W+"
    r"(?:on|with|to|you|me|them|us|this|here)\b"
    r"|\b(?:let['\u2019]?s|we\W+should|we\W+can)\W+(?:discuss|talk|sync|chat|catch\W+up|meet|"
    r"bring|take)\b"
    r"|\b(?:will|i['\u2019]ll|we['\u2019]ll)\W+(?:do|ask|follow|check|get\W+back|look|come\W+back|"
    r"reach|ping|send|forward|share|update|let|talk|call|write|chase|tell|take|pick|handle)\b"
    r"|^\W*(?:can|could|would)\W+you\W+(?:please\W+)?(?:take|handle|own|answer|pick\W+up|"
    r"look\W+(?:at|into|after)|reply\W+to|follow\W+up)\W+(?:on\W+)?(?:this|that|it|these|them)\b"
    r"|\b(?:notes?|details?|more|recording|minutes|summary|update)\W+(?:to\W+(?:follow|come)|"
    r"will\W+follow|follows?|"
    r"coming|below|attached)\b"
    r"|\b(?:call|meeting|demo|renewal|qbr|review|sync|kick-?off|interview)\b.{0,40}\b(?:moved|"
    r"postponed|scheduled|"
    r"rescheduled|booked|cancelled|confirmed|tomorrow|is\W+on|is\W+done)\b"
    r"|^\W*(?:who|anyone|anybody|does\W+anyone|do\W+we\W+know\W+who)\W+(?:owns?|handles?|"
    r"is\W+(?:the\W+)?(?:owner|csm|"
    r"ae|responsible|(?:account\W+)?manager|contact|in\W+charge|looking)|knows?|has\W+(?:the\W+)?(?:context|contact)|"
    r"looks?\W+after|"
    r"takes?)\b.*\?\W*$"
    r"|\b(?:can|could|would)\W+(?:someone|somebody|anyone|anybody|one\W+of\W+(?:us|"
    r"you))\b.{0,60}\b(?:join|help|take|own|"
    r"handle|answer|reply|respond|chime|look|check|call)\b"
    r"|\bhad\W+a\W+(?:\w+\W+){0,3}?(?:call|meeting|chat|demo|session)\b|^\W*(?:i\W+|"
    r"we\W+)?(?:just\W+)?(?:spoke|talked|"
    r"met|chatted)\W+(?:with|to)\b"
    r"|^\W*\+\W?1\b|^\W*(?:same(?:\W+here)?|me\W+too|agreed?|second\W+(?:this|that)|this|ditto|"
    r"seconded|"
    r"plus\W+one|likewise|exactly|indeed|makes?\W+sense|interesting|great\W+point|"
    r"good\W+(?:point|to\W+know|question))\W*(?:(?:to|from|with)\W+(?:this|that))?\W*$"
    r"|^\W*(?:i|we)\W+(?:fully\W+|totally\W+)?agree\b|^\W*(?:great|good)\W+(?:point|question|"
    r"catch)\b"
    r"|^\W*(?:please\W+|pls\W+)?(?:check|look|read|review|help|advise|ignore)\W*$"
    r"|^\W*(?:looping\W+in|tagging|cc)\b|^\W*ping\W*$|^\W*who\W+(?:can|could)\W+help\b"
    r"|^\W*(?:(?:do\W+we\W+have|is\W+there)\W+)?any?\W+(?:updates?|news|progress|thoughts|ideas?)\b|^\W*another\W+one\b|^\W*as\W+(?:per|above|below|"
    r"discussed|agreed)\b"
    r"|^\W*(?:friendly\W+|quick\W+)?(?:reminder\W*:|moving\W+this|see\W+attach)|"
    r"^\W*they(?:['\u2019]ve|\W+have)?\W+signed\b"
    r"|\b(?:want|wants|wanted|going|ready|about)\W+to\W+renew\b|\bthanks\W+for\W+(?:flagging|"
    r"sharing)\b"
    r"|\b(?:wrong|right|correct)\W+(?:channel|thread|place|form)\b|\bposted\W+twice\b|^\W*(?:fyi|bump(?:ing)?)\b"
    r"|^\W*(?:(?:tests?|testing|ignore)\W*){1,4}(?:\d{1,3}\W*){0,3}$|\b(?:test|testing)\b.{0,40}\bignore\b"
    r"|^\W*(?:please\W+|pls\W+)?ignore\W+(?:this|that|my|me)\b|\bignore\b.{0,30}\btest\b"
    r"|^\W*(?:this\W+is\W+)?(?:just\W+|only\W+)?a\W+test\b|^\W*(?:just\W+|"
    r"only\W+)?testing\W+(?:if|whether|the\W+bot|this)\b"
    r"|\b(?:if|whether)\W+(?:the|this)\W+(?:bot|form|integration|channel|thing)\W+works?\b"
    r"|\bwhere\W+(?:do|should|can)\W+(?:i|we)\W+(?:post|put|log|report)\b"
    r"|^\W*(?:the\W+)?(?:customer|client|account|they)\W+(?:is|are|keeps?)\W+(?:asking|waiting|"
    r"chasing)(?:\W+again)?\W*$"
    r"|^\W*(?:the\W+)?(?:customer|client|they|he|she)\W+will\W+(?:send|share|join|call|get\W+back|"
    r"come\W+back|write)\b",
    re.I,
)
_NOT_REMARK = re.compile(r"\b(?:who|what)\s+(?:changed|deleted|approved)\b", re.I)


def is_polite(words: list[str]) -> bool:
    """Whether a few words are but a greeting or a thank-you; they come as `words_of` gives them."""
    return (
        len(words) <= _MOST_POLITE
        and bool(POLITE_CORE.intersection(words))
        and POLITE.issuperset(words)
    )


def empty_words(said: str) -> EmptyWords | None:
    """What a text without a problem is; ``None`` when a sentence of it may name one.

    Args:
        said: Words without links, mentions and markup; longer ones are never judged.
    """
    if len(said) > MOST_CHARACTERS:
        return None
    kinds = {_kind(sentence) for sentence in _SENTENCE.split(said) if words_of(sentence)}
    if not kinds or None in kinds:
        return None
    for kind in (EmptyWords.WISH, EmptyWords.RESOLVED, EmptyWords.REMARK, EmptyWords.PRAISE):
        if kind in kinds:
            return kind
    return EmptyWords.POLITE


def _kind(sentence: str) -> EmptyWords | None:
    words = words_of(sentence)
    if is_polite(words_of(_NAMED.sub(" ", sentence))):
        return EmptyWords.POLITE
    if _WISH_CORE.search(sentence) and _only(words, sentence, WISH, _WISH_CORE):
        return EmptyWords.WISH
    if "?" not in sentence and _RESOLVED_CORE.search(sentence) and _OVER.issuperset(words):
        return EmptyWords.RESOLVED
    points = (
        _REMARK_CORE.search(sentence)
        or any(map(_REMARK_CORE.search, _CLAUSE.split(sentence)))
        or (_POINTS.match(_NAMED.sub(" ", sentence)) and _WHERE.search(sentence))
    )
    if points and _is_remark(sentence):
        return EmptyWords.REMARK
    return EmptyWords.PRAISE if _praises(sentence) else None


def _only(words: list[str], sentence: str, known: frozenset[str], core: re.Pattern[str]) -> bool:
    named = {word for found in core.finditer(sentence) for word in words_of(found[0])}
    return all(word in known or word in named for word in words)


def _is_remark(sentence: str) -> bool:
    """Whether nothing but a remark's words and people's names stand in it."""
    return not _NOT_REMARK.search(sentence) and all(
        word.removesuffix("'s") in _COLLEAGUES_SAY for word in words_of(_NAMED.sub(" ", sentence))
    )


def _praises(sentence: str) -> bool:
    left = _THANKS_FOR_DOING.sub(
        lambda thanks: thanks[0] if HURTS.search(thanks[0]) else _PRAISED, sentence
    )
    left = _SCORE.sub(_PRAISED, _NO_TROUBLE.sub(_PRAISED, left))
    if _MORE_THAN_PRAISE.search(left) or hints_at_trouble(left):
        return False
    praises = False
    for clause in _CLAUSE.split(left):
        words = words_of(clause)
        if len(words) > _MOST_CLAUSE:
            return False
        if _PRAISED in clause or _PRAISE.search(clause):
            praises = True
        elif len(words) > _SHORT and not is_polite(words):
            return False
    return praises
