"""Finds the writer's own words in a mail: no header, signature, notice or quoted reply."""

from __future__ import annotations

import re

from include.agents.empty_words import empty_words
from include.agents.trouble import HURTS, PROBLEM
from include.base.text import words as words_of

_HEADER = (
    r"(?:from|sent|to|cc|bcc|date|reply-to|von|gesendet|an|betreff|datum|de|envoy\u00e9|\u00e0|"
    r"objet|subject)"
    r"[ \t]?:[^\n]{0,300}"
)
_FIRST_HEADER = re.compile(rf"(?:\*?{_HEADER}\n[ \t]{{0,20}}){{2,10}}", re.I)
# What follows was written by somebody else, or before.
_QUOTED = re.compile(
    r"^[ \t]*(?:on|am|le|el|il)\b[^\n]{5,160}(?:\n[^\n]{0,80})?(?:wrote|schrieb[^\n:]{0,80}|"
    r"a \u00e9crit|escribi\u00f3|"
    r"ha scritto)[ \t]?:[ \t]*$"
    r"|^[ \t]*-{2,}[ \t]*(?:original|forwarded|urspr\u00fcngliche)[^\n]{0,40}-{2,}"
    r"|^[ \t]*begin forwarded message:|^_{10,}[ \t]*$"
    rf"|^[ \t]*\*?(?:from|von|de)[ \t]?:[^\n]{{0,200}}\n[ \t]*\*?{_HEADER}"
    r"|^[ \t]*>[^\n]*(?:\n[ \t]*(?:>[^\n]*)?)*\Z",
    re.M | re.I,
)
_SIGNED = re.compile(
    r"^[ \t]*(?:--[ \t]*$|sent from my \w|(?:get|download) outlook for"
    r"|(?:(?:with |many |our )?(?:best|kind|kindest|warm|warmest|friendly)[ \t])?(?:regards|"
    r"wishes)[ \t]*[,.!]*[ \t]*$"
    r"|(?:best|cheers|thanks|many thanks|thank you|thanks (?:a lot|again|in advance|so much)|"
    r"sincerely|"
    r"yours(?: (?:sincerely|truly|faithfully))?|all the best|take care|mfg|vg|lg|"
    r"viele gr\u00fc\u00dfe|cordialement|"
    r"saludos|mit (?:freundlichen|besten) gr\u00fc\u00dfen|(?:best |kind |warm )(?:regards|"
    r"wishes)\b[^\n.]{0,40}|br)[ \t]*[,.!]*[ \t]*$)",
    re.M | re.I,
)
_NOTICE = re.compile(
    r"^[^\n]{0,200}\b(?:intended recipients?|confidential(?:ity)? (?:and|notice|information)|"
    r"is confidential|may contain (?:confidential|privileged)|consider the environment|"
    r"unsubscribe from)\b",
    re.M | re.I,
)
_MOST_SIGNED = 10
"""Lines of a signature."""

_LEAST_WORDS = 4
_MOST_HANDED_ON = 15
_HANDS_ON = re.compile(
    r"\b(?:see|below|fwd?|forward\w*|pass\w*|from (?:our|my|the|a|one)|for (?:you|us|the)|"
    r"this (?:one|came)|another one|sharing|shares?|wrote|writes)\b",
    re.I,
)
_SUBJECT = re.compile(r"\*?(?:subject|betreff|objet)\*?[ \t]?:[^\n]{0,300}\n[ \t]*\n\s*", re.I)


def own_words(text: str) -> tuple[int, int]:
    """The span of what the writer says; all of it where that is next to nothing.

    Somebody who forwards a mail says little: what it quotes is then what matters.
    """
    start = _after_header(text, 0)
    end = len(text)
    if quoted := _QUOTED.search(text, start):
        before = (start, _unsigned(text, start, quoted.start()))
        said, rest = text[before[0] : before[1]], text[quoted.start() :]
        if not _says_little(said) and not _only_hands_on(said, rest):
            return before
        # What the one who forwards it says and signs is none of the forwarded words.
        start = _after_header(text, _beginning(quoted))
    end = _unsigned(text, start, end)
    return (start, end) if words_of(text[start:end]) else (0, len(text))


def _beginning(quoted: re.Match[str]) -> int:
    """Where the quoted words begin: behind a line that only says that they follow."""
    is_line = not quoted[0].lstrip().startswith(">") and "\n" not in quoted[0].strip()
    return quoted.end() if is_line else quoted.start()


def _after_header(text: str, start: int) -> int:
    """Where a mail's header ends; a subject alone is one if more than a closing follows."""
    first = start + len(text[start:]) - len(text[start:].lstrip())
    if head := _FIRST_HEADER.match(text, first):
        return head.end()
    subject = _SUBJECT.match(text, first)
    if subject is not None and not _says_little(text[subject.end() :]):
        return subject.end()
    return start


def _only_hands_on(said: str, quoted: str) -> bool:
    """Whether a few words without trouble stand before a quote that hurts."""
    return (
        len(words_of(said)) <= _MOST_HANDED_ON
        and PROBLEM.search(said) is None
        and HURTS.search(said) is None
        and _HANDS_ON.search(said) is not None
        and (HURTS.search(quoted) or PROBLEM.search(quoted)) is not None
    )


def _says_little(text: str) -> bool:
    return len(words_of(text)) < _LEAST_WORDS or empty_words(text) is not None


def _unsigned(text: str, start: int, end: int) -> int:
    """Where the signature or the notice begins."""
    if notice := _NOTICE.search(text, start, end):
        end = notice.start()
    for signed in _SIGNED.finditer(text, start, end):
        if _is_signature(text[signed.end() : end]):
            return signed.start()
    return end


def is_only_signed(text: str) -> bool:
    """Whether a text is a closing with names and roles below it, or what a phone adds."""
    start = len(text) - len(text.lstrip())
    signed = _SIGNED.match(text, start)
    if signed is None:
        return False
    lines = [line.split() for line in text[signed.start() :].splitlines()[1:] if line.strip()]
    return _is_signature(text[signed.end() :]) and all(
        2 * sum(not word[0].islower() for word in line) > len(line) for line in lines
    )


def _is_signature(text: str) -> bool:
    """Whether what follows a closing is names and numbers, not something else that hurts."""
    lines = [line for line in text.splitlines() if line.strip()]
    return len(lines) <= _MOST_SIGNED and not any(
        len(line) > 100 or HURTS.search(line) or len(line.split()) > 12 for line in lines
    )
