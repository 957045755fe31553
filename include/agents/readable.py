"""A text as sentences: no tags, ids, list marks, longer code, or names of who speaks."""

from __future__ import annotations

import html
import re
from collections import Counter

_CODE = re.compile(
    r"```(?P<ticks>.*?)(?:```|\Z)|~~~(?P<waves>.*?)(?:~~~|\Z)"
    r"|\{(?:code|noformat)[^}]*\}(?P<braces>.*?)(?:\{(?:code|noformat)\}|\Z)",
    re.S,
)
_SHORT_CODE = 60
"""Characters of one line of code that read as a part of the sentence they stand in."""
_ATTRIBUTES = r"(?:\s[^<>]{0,300}=[^<>]{0,300})?\s*/?>"
_BLOCK = re.compile(rf"</?(?:p|div|br|li|ul|ol|tr|h[1-6]|blockquote|pre){_ATTRIBUTES}", re.I)
_HIDDEN = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.S | re.I)
# Only what HTML knows: <customer_name> and `a <b and c> d` are words.
_TAG = re.compile(
    r"<!--.*?-->|<v [^<>\n]{1,60}>|</?(?:a|abbr|b|big|body|center|cite|code|dd|del|dl|dt|em|"
    r"figure|font|footer|form|head"
    r"|header|hr|html|i|iframe|img|input|ins|kbd|label|link|main|mark|meta|nav|o:p|option|q|s|samp"
    r"|section|select|small|span|strike|strong|sub|sup|svg|table|tbody|td|tfoot|th|thead|title|tt|u"
    rf"|var|video){_ATTRIBUTES}",
    re.S | re.I,
)
_SLACK_LINK = re.compile(r"<(?:https?://|mailto:)[^|>\s]+(?:\|([^>]*))?>")
_SLACK_ID = re.compile(r"<[@#!][^>]*>")
_URL = re.compile(r"(?:(?<!\s)\s+)?\(https?://[^\s)]*\)|https?://(?P<address>[^\s?#]{0,60})\S*")
# An emoji says something where a sentence needs it ("the status stays :red_circle:"), elsewhere
# it is decoration.
_EMOJI_NAME = re.compile(
    r"(?P<needed>\b(?:is|are|was|were|stays?|remains?|shows?|turns?|becomes?|as|to|with|of|from|"
    r"like|not"
    r"|instead|an?|the|and|or)[ \t]+|=[ \t]*)?(?<!\w):[a-z0-9_+-]{2,40}:(?!\w)",
    re.I,
)
_QUOTE_MARK = re.compile(
    r"^[ \t]*(?:(?:>+|[-*•#→➜►▪●○◦‣·✓✔✅❌☐☑\u2013]+|\d{1,2}[.)])[ \t]+(?:\[[ xX]?\][ \t]+)?)", re.M
)
# At the edges of words and with its partner: `5*3*2`, customer_id and ~/exports hold none.
_MARKUP = re.compile(
    r"(?<![\w/\\])(\*{1,3}|_(?!_)|~{1,2}|`{1,2})(?!\s|\.\w)([^\n]{0,300}?[^\s/])\1(?!\w)"
)
_SPEAKER = re.compile(
    r"^[ \t]*(?:\[?\d{1,2}:\d{2}(?::\d{2})?\]?[ \t]*)?"
    r"[A-Z][\w.'\u2019-]{1,20}(?:[ \t](?:[A-Z][\w.'\u2019-]{0,20}|#?\d{1,2})){0,2}"
    r"(?:[ \t]*[(\[][^)\]\n]{1,30}[)\]])?[ \t]*:[ \t]+(?=\S)",
    re.M,
)
ROLE = (
    r"^[ \t]*(?P<role>[A-Z][\w.'\u2019-]{0,20}(?:[ \t][a-z][\w'\u2019-]{1,15}){1,2}):[ \t]+(?=\S)"
)
"""Somebody who speaks, by what they are: "HR lead: ...". A heading reads the same."""
_ROLE = re.compile(ROLE, re.M)
# "10:41 <kim> ..." and "[10:41] kim: ...": behind a time any short name is one.
_TIMED = re.compile(
    r"^[ \t]*[\[(]?\d{1,2}:\d{2}(?::\d{2})?[\])]?[ \t]+(?:<[\w.-]{1,30}>|[\w.-]{1,30}:)"
    r"[ \t]+(?=\S)",
    re.M,
)
# "Maya Lindqvist  10:02 AM": the line that a copied chat puts before what she said.
_SAID_AT = re.compile(
    r"^[ \t]*[A-Z][\w.'\u2019-]{1,20}(?:[ \t][A-Z][\w.'\u2019-]{0,20}){0,2}[ \t]+"
    r"[\[(]?\d{1,2}:\d{2}(?::\d{2})?(?:[ \t]?[AaPp]\.?[Mm]\.?)?[\])]?[ \t]*(?:\n|\Z)",
    re.M,
)
_LETTER = re.compile(r"[^\W\d_]")


def readable(text: str) -> str:
    """The text as a sentence: no tags, ids, list marks, longer code, or emoji that only decorate.

    A text that holds nothing but code is its code.
    """
    text = text.replace("\x00", " ").replace("\r\n", "\n").replace("\r", "\n")
    without = _without_marks(_CODE.sub(_short_code, text))
    return without if _LETTER.search(without) else _without_marks(_CODE.sub(_any_code, text))


def _any_code(found: re.Match[str]) -> str:
    return next((code for code in found.groups() if code is not None), "")


def _short_code(found: re.Match[str]) -> str:
    code = _any_code(found).strip()
    stands_alone = found.start() == 0 or found.string[found.start() - 1] == "\n"
    return " " if stands_alone or "\n" in code or len(code) > _SHORT_CODE else code


def _without_marks(text: str) -> str:
    text = _SLACK_LINK.sub(lambda link: link[1] or " ", text)
    text = _SLACK_ID.sub(" ", text)
    text = html.unescape(_TAG.sub(" ", _BLOCK.sub("\n", _HIDDEN.sub(" ", text))))
    text = _URL.sub(lambda url: (url["address"] or " ").rstrip("/"), text)
    text = _EMOJI_NAME.sub(lambda emoji: emoji[0] if emoji["needed"] else " ", text)
    text = _QUOTE_MARK.sub("", text)
    for _ in range(2):
        text = _MARKUP.sub(r"\2", text)
    text = _SAID_AT.sub("", text)
    text = _TIMED.sub("", text)
    roles = Counter(_ROLE.findall(text))
    text = _ROLE.sub(lambda spoken: "" if roles[spoken["role"]] > 1 else spoken[0], text)
    # One label may be the beginning of a sentence ("Export: ..."); two are people who speak.
    if len(_SPEAKER.findall(text)) > 1:
        text = _SPEAKER.sub("", text)
    return re.sub(r"[^\S\n]+", " ", text).strip()
