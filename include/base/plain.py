"""A text as a recogniser reads it, and the way back to what was written.

A full-width digit is a digit, a no-break space is a space, `&#64;`, `%40` and a program's escapes
are `@`, and what is invisible is not there. The recognisers look at that; what is hidden is the
piece of the original.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from urllib.parse import unquote

_CODED = re.compile(
    r"&(?:amp;){0,3}(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,12});|"
    r"(?:%(?:25){0,3}[0-9a-fA-F]{2})+"
    r"|\\{1,2}(?:u00[0-9a-fA-F]{2}|u\{[0-9a-fA-F]{1,6}\}|x[0-9a-fA-F]{2})"
    # Of quoted-printable, the sign of an address alone: "a=40" may be a formula elsewhere.
    r"|(?<=\w)=40(?=[A-Za-z0-9-]{1,63}(?:\.|=2[Ee]))"
)
_REPEATED = re.compile(r"(?:amp;)+|(?<=%)(?:25)+(?=[0-9a-fA-F]{2})")
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800")
_DOTS = frozenset("\u3002\uff0e\uff61\u2024\ufe52")
_MINUS_SIGNS = frozenset("\u2212\u2043\u02d7\uff0d")


@dataclass(frozen=True, slots=True)
class Plain:
    """A text without disguises.

    Attributes:
        text: What the recognisers read.
        starts: Where in the original each of its characters begins; None when they are the same.
        ends: Where each of them ends.
    """

    text: str
    starts: list[int] | None = None
    ends: list[int] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The piece of the original that `text[start:end]` was made of."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def plain(text: str) -> Plain:
    """The text as it reads; at most one pass over it."""
    coded = any(sign in text for sign in "&%=\\")
    if text.isascii() and not coded:
        return Plain(text)
    read: list[str] = []
    starts: list[int] = []
    ends: list[int] = []

    def add(piece: str, start: int, end: int) -> None:
        for sign in piece:
            for shown in sign if sign.isascii() else shown_as(sign):
                read.append(shown)
                starts.append(start)
                ends.append(end)

    at = 0
    for found in _CODED.finditer(text) if coded else ():
        for place in range(at, found.start()):
            add(text[place], place, place + 1)
        add(_decoded(found[0]), *found.span())
        at = found.end()
    for place in range(at, len(text)):
        add(text[place], place, place + 1)
    return Plain("".join(read), starts, ends)


@lru_cache(maxsize=4_096)
def shown_as(sign: str) -> str:
    """What a character outside ASCII stands for; nothing when nobody sees it."""
    kind = unicodedata.category(sign)
    if kind == "Cf" or sign in _FILLERS or "\ufe00" <= sign <= "\ufe0f" or sign >= "\U000e0000":
        return ""
    if kind == "Nd":
        return str(unicodedata.decimal(sign))
    if kind == "Zs":
        return " "
    if kind == "Pd" or sign in _MINUS_SIGNS:
        return "-"
    if kind in ("Zl", "Zp"):
        return "\n"
    return "." if sign in _DOTS else unicodedata.normalize("NFKC", sign)


def _decoded(code: str) -> str:
    """The character behind an HTML entity or percent signs; the code itself if it is none."""
    code = _REPEATED.sub("", code)
    if code[0] == "&":
        return unescape(code)
    if code[0] == "\\":
        return chr(int(code.lstrip("\\ux{").rstrip("}"), 16) % 0x110000)
    if code[0] == "=":
        return "@"
    said = unquote(code)
    return code if "\ufffd" in said else said
