"""Slack's mrkdwn as a person reads it: references resolved, markup gone, entities decoded.

Slack escapes exactly three characters, so exactly three are decoded. A marker is markup only at
the edges of a word and with its partner on the same line: ``5*3*2`` and ``customer_id`` are words.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from include.slack.reading.values import date_said, link, unescaped

if TYPE_CHECKING:
    from include.slack.reading.values import Names

_REFERENCE = (
    r"<(?:@(?P<user>[A-Z0-9]+)|#(?P<channel>[A-Z0-9]+)|!subteam\^(?P<group>[A-Z0-9]+)"
    r"|!date\^(?P<date>[^<>|]*)|!(?P<broadcast>[a-z_]+)"
    r"|(?P<url>(?:[A-Za-z][A-Za-z0-9+.-]*://|mailto:|tel:)[^<>|]*)"
    # What Slack added later says in its label what a person reads.
    r"|(?P<other>(?:[!@#$][A-Za-z0-9_]+\^|[a-z][a-z0-9+.-]*:)[^<>|\s]*)(?=\|))"
    r"(?:\|(?P<label>[^<>]*))?>"
)
_KEPT_APART = re.compile(rf"```(?P<block>.+?)```|`(?P<code>[^`\n]+)`|{_REFERENCE}", re.S)
_ONE_REFERENCE = re.compile(_REFERENCE)
# Where no blanks are written, a word begins after any sign.
_CJK_SIGNS = r"\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f"
_OPENING = (
    r"\s(\[{<>\"'\u201c\u2018\u201e\u201a\u00ab\u2039\u2013\u2014\u00bf\u00a1\u3008-\u3010\uff08"
    + _CJK_SIGNS
)
_CLOSING = (
    r"\s.,;:!?)\]}<>\"'\u201d\u2019\u201c\u2018\u00bb\u203a\u2026\u2013\u2014\-\u3009-\u3011\uff09"
    r"\u060c\u061b\u061f\u0964" + _CJK_SIGNS
)
# Markers may stand beside each other, up to three, if all of them are at the edge.
_BEFORE = "".join(rf"(?<![^{_OPENING}*_~]{'[*_~]' * count})" for count in range(3))
_AFTER = "".join(rf"(?![*_~]{{{count}}}[^{_CLOSING}*_~])" for count in range(3))
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
            code = _ONE_REFERENCE.sub(partial(_reference, names=names), code.strip("\n"))
            apart.append(_on_its_own(found, unescaped(code)) if found["block"] else unescaped(code))
        return f"\x00{len(apart) - 1}\x00"

    rest = _KEPT_APART.sub(keep, text.replace("\x00", ""))
    return _PLACE.sub(lambda place: apart[int(place[1])], unescaped(_without_markup(rest)))


def read_references(text: str, names: Names) -> str:
    """The words of a text in which references and escapes are read, and markers are none."""
    apart: list[str] = []

    def keep(found: re.Match[str]) -> str:
        apart.append(_reference(found, names))
        return f"\x00{len(apart) - 1}\x00"

    rest = _ONE_REFERENCE.sub(keep, text.replace("\x00", ""))
    return _PLACE.sub(lambda place: apart[int(place[1])], unescaped(rest))


def _on_its_own(found: re.Match[str], code: str) -> str:
    """A block of code, which Slack shows on lines of its own, apart from the words beside it."""
    before, after = found.string[: found.start()][-1:], found.string[found.end() :][:1]
    first = "\n" if before and not before.isspace() else ""
    return f"{first}{code}" + ("\n" if after and not after.isspace() else "")


def _without_markup(text: str) -> str:
    for pattern in _MARKUP:
        text = pattern.sub(r"\1", text)
    return text


def _reference(found: re.Match[str], names: Names) -> str:
    label = unescaped(_without_markup(found["label"] or ""))
    if found["user"]:
        return names.user(found["user"], label)
    if found["channel"]:
        return names.channel(found["channel"], label)
    if found["group"]:
        return names.group(found["group"], label)
    if found["date"] is not None:
        timestamp, _, form = found["date"].partition("^")
        return label or date_said(timestamp, unescaped(form.partition("^")[0]))
    if found["broadcast"]:
        return f"@{(label or found['broadcast']).lstrip('@')}"
    if found["other"]:
        return label or unescaped(found["other"])
    return link(unescaped(found["url"]), label)
