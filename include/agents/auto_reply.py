"""Whether a text is what a mailbox answers by itself while its owner is away.

English, and titles of such mails in German, French and Spanish.
"""

from __future__ import annotations

import re

from include.agents.trouble import HURTS

_TITLED = re.compile(
    r"^\W*(?:re:\s*)?(?:auto(?:matic(?:ally\s+generated)?)?[\s-]?(?:reply|response|answer)|"
    r"out[\s-]of[\s-](?:the[\s-])?office(?:\s+(?:reply|message|notice))?|"
    r"abwesenheits(?:notiz|nachricht)|automatische\s+antwort|r\u00e9ponse\s+automatique|"
    r"respuesta\s+autom\u00e1tica)\s*(?:[:.\n]|\Z|until\b|till\b|from\b)",
    re.I,
)
_AWAY = re.compile(
    r"\b(?:i\s+am|i['\u2019]m|i\s+will\s+be|i['\u2019]ll\s+be|we\s+are|we['\u2019]re)\s+"
    r"(?:currently\s+|now\s+)?(?:out\s+of\s+(?:the\s+)?office|away|"
    r"on\s+(?:\w+\s+){0,2}(?:leave|vacation|holidays?|pto|business\s+trip))\b"
    r"|\bi\s+have\s+left\s+the\s+company\b|\byour\s+(?:message|e?-?mail|request|enquiry|inquiry)\s+"
    r"(?:has\s+been|was)\s+received\b",
    re.I,
)
_ANSWERS = re.compile(
    r"\b(?:until|till|return\w*|back\s+(?:on|in|at|by)|reply|respond|answer|get\s+back|urgent|"
    r"limited\s+access|no\s+access|(?:write|contact)\b.{1,40}@?)\b",
    re.I,
)
_DOES_NOT_ANSWER = re.compile(
    r"\b(?:will\s+not|won['\u2019]t|cannot|can['\u2019]t|unable\s+to)\s+(?:be\s+)?(?:able\s+to\s+)?"
    r"(?:respond|reply|answer|check|read|access)\w*",
    re.I,
)


def is_auto_reply(said: str) -> bool:
    """Whether somebody is away and says until when, or who answers instead, and no more."""
    if _TITLED.match(said) is None and not (_AWAY.search(said) and _ANSWERS.search(said)):
        return False
    return HURTS.search(_DOES_NOT_ANSWER.sub(" ", said)) is None
