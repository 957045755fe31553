"""The parts of a message that was read: which words, whose, and where they stood."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Place(StrEnum):
    """Where in a message words stood."""

    BODY = "body"
    ATTACHMENT = "attachment"
    SHARED = "shared"
    """Another message that was forwarded or linked."""
    EMAIL = "email"
    FILE = "file"
    FILE_NAME = "file_name"
    """Only the title of a file, which says nothing by itself."""


@dataclass(frozen=True, slots=True)
class Part:
    """Words as a person reads them. ``author`` is ``None`` when the message's own author wrote."""

    text: str
    place: Place
    author: str | None = None


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """A message as a person reads it.

    ``author`` is a Slack user id or, of an app, the name it posts under. ``is_notice`` says that
    these are Slack's own words, which are not read.
    """

    ts: str
    author: str | None
    parts: tuple[Part, ...]
    is_notice: bool = False

    @property
    def text(self) -> str:
        """All parts, one below the other."""
        return "\n\n".join(part.text for part in self.parts)

    @property
    def said(self) -> str:
        """The text, empty when it holds nothing but titles of files."""
        has_words = any(part.place is not Place.FILE_NAME for part in self.parts)
        return self.text if has_words else ""
