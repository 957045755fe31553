"""Slack's mrkdwn as a person reads it: references resolved, markup gone, entities decoded.

Slack escapes exactly three characters, so exactly three are decoded. A marker is markup only at
the edges of a word and with its partner on the same line: ``5*3*2`` and ``customer_id`` are words.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from include.slack.reading.values import day_of, link

if TYPE_CHECKING:
    from include.slack.reading.values import Names

_REFERENCE = (
    r"<(?:@(?P<user>[A-Z0-9]+)|#(?P<channel>[A-Z0-9]+)|!subteam\^(?P<group>[A-Z0-9]+)"
    r"|!date\^(?P<date>[^<>|]*)|!(?P<broadcast>[a-z_]+)"
    r"|(?P<url>(?:[A-Za-z][A-Za-z0-9+.-]*://|mailto:|tel:)[^<>|]*))"
    r"(?:\|(?P<label>[^<>]*))?>"
)
_KEPT_APART = re.compile(rf"```(?P<block>.+?)```|`(?P<code>[^`\n]+)`|{_REFERENCE}", re.S)
_ONE_REFERENCE = re.compile(_REFERENCE)
_BEFORE = r"(?<![^\s(\[{<>\"'*_~\u201c\u2018\u00ab\u2013\u2014])"
_AFTER = r"(?![^\s.,;:!?)\]}<>\"'*_~\u201d\u2019\u00bb\u2026\u2013\u2014-])"
_MARKUP = [
    re.compile(
        rf"{_BEFORE}(?<!{mark}){mark}(?!\.\w)(?![\s{mark}])"
        rf"([^{mark}\n]*[^\s{mark}/]){mark}(?!{mark}){_AFTER}"
    )
    for mark in (r"\*", "_", "~")
]
_PLACE = re.compile("\x00(\\d+)\x00")


def read_mrkdwn(text: str, names: Names) -> str:
    """The words of a text in mrkdwn; code keeps every character that is not an escape."""
    apart: list[str] = []

    def keep(found: re.Match[str]) -> str:
        code = found["block"] if found["block"] is not None else found["code"]
        if code is None:
            apart.append(_reference(found, names))
        else:
            apart.append(
                _unescape(_ONE_REFERENCE.sub(partial(_reference, names=names), code.strip("\n")))
            )
        return f"\x00{len(apart) - 1}\x00"

    rest = _KEPT_APART.sub(keep, text.replace("\x00", ""))
    return _PLACE.sub(lambda place: apart[int(place[1])], _unescape(_without_markup(rest)))


def _without_markup(text: str) -> str:
    for pattern in _MARKUP:
        text = pattern.sub(r"\1", text)
    return text


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _reference(found: re.Match[str], names: Names) -> str:
    label = _unescape(_without_markup(found["label"] or ""))
    if found["user"]:
        return names.user(found["user"], label)
    if found["channel"]:
        return names.channel(found["channel"], label)
    if found["group"]:
        return names.group(found["group"], label)
    if found["date"] is not None:
        return label or day_of(found["date"].partition("^")[0])
    if found["broadcast"]:
        return f"@{(label or found['broadcast']).lstrip('@')}"
    return link(_unescape(found["url"]), label)
