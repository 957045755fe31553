"""Taking values out of payloads that other programs made: any type may stand anywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

DEEPEST = 40
"""Levels of nesting that are followed; Slack itself nests fewer than ten."""


@dataclass
class Names:
    """Names of the ids that a message mentions; ids without a name are noted in ``unknown``."""

    users: dict[str, str] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, None] = field(default_factory=dict)

    def user(self, user_id: str, label: str = "") -> str:
        """``@Ann``: the label that Slack sent, the known name, else the id."""
        return _at(label) or self._find(self.users, user_id, "@")

    def channel(self, channel_id: str, label: str = "") -> str:
        """``#sales``."""
        name = label.strip().lstrip("#")
        return f"#{name}" if name else self._find(self.channels, channel_id, "#")

    def group(self, group_id: str, label: str = "") -> str:
        """``@support-team``."""
        return _at(label) or self._find(self.groups, group_id, "@")

    def _find(self, known: dict[str, str], wanted: str, sign: str) -> str:
        if not wanted:
            return ""
        name = known.get(wanted)
        if name is None:
            self.unknown[wanted] = None
        return f"{sign}{name or wanted}"


def _at(label: str) -> str:
    name = label.strip().lstrip("@")
    return f"@{name}" if name else ""


def text_of(value: object) -> str:
    """A text as it is, a number as its digits, nothing else."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return ""


def dict_of(value: object) -> dict[str, Any]:
    """An object as it is, anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def dicts_of(value: object) -> Iterator[dict[str, Any]]:
    """The objects of a list; an object that stands alone is a list of one."""
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))


_DATE_TOKEN = re.compile(r"\{(date|time|day|ago)[a-z_]*\}")


def date_said(timestamp: object, form: str) -> str:
    """``Posted 2026-11-14`` where Slack writes a date in the reader's own form.

    Args:
        timestamp: Seconds since 1970; what is none leaves nothing.
        form: Words with places for the day and the time, which are written in UTC.
    """
    try:
        moment = datetime.fromtimestamp(float(text_of(timestamp)), UTC)
    except (ValueError, OverflowError, OSError):
        return ""
    day, time = moment.date().isoformat(), f"{moment:%H:%M} UTC"
    if not _DATE_TOKEN.search(form):
        return day
    return _DATE_TOKEN.sub(lambda token: time if token[1] == "time" else day, form)


def link(url: str, label: str) -> str:
    """``label (url)``, or just what was written where the label says the same as the address."""
    url, label = url.strip(), label.strip()
    address = url.removeprefix("mailto:").removeprefix("tel:")
    bare = address.partition("://")[2] or address
    if not label or label.rstrip("/") in (url.rstrip("/"), address, bare.rstrip("/")):
        return label or address
    return f"{label} ({url})" if url else label


def unescaped(text: str) -> str:
    """A text without the three escapes that Slack knows."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def lines(*pieces: str) -> str:
    """The pieces that say something, one below the other."""
    return "\n".join(kept for piece in pieces if (kept := piece.strip("\n")).strip())
