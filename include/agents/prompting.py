"""Prompts as files, and customers' words inside them as fenced data."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

FOLDER = Path(__file__).parent / "prompts"
RULES = "_rules"
"""The file whose text goes before every prompt: what a fence means."""

_LINE = "\n---\n"
_NAMED = re.compile(r"\{\{(\w+)\}\}")
_VERSION_DIGITS = 12
_FENCE_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt file: what the model is told, and the message with its named places.

    `version` is the first twelve digits of the SHA-256 of all that is told: rules and file.
    """

    name: str
    system: str
    message: str
    version: str

    @property
    def places(self) -> frozenset[str]:
        """Names of the values it needs."""
        return frozenset(_NAMED.findall(self.message))

    def render(
        self, values: Mapping[str, str], trusted: Collection[str] = (), *, seed: str = ""
    ) -> tuple[str, str]:
        """System text and message, with every value in its place.

        A value that is not `trusted` is fenced. The fence is derived from all values, so no value
        can hold it, and the same values give the same message.

        Raises:
            ValueError: A place has no value, or a value has no place: a mistake in the code.
        """
        if set(values) != self.places:
            raise ValueError(
                f"Prompt {self.name!r} needs {sorted(self.places)}, not {sorted(values)}."
            )
        fence = fence_for(seed, values)
        filled = {
            name: value if name in trusted else fenced(name, value, fence)
            for name, value in values.items()
        }
        return self.system, _NAMED.sub(lambda place: filled[place[1]], self.message)


@cache
def load_prompt(name: str, folder: Path = FOLDER) -> Prompt:
    """The prompt `<name>.md`: above the line `---` what the model is told, below it the message."""
    rules = (folder / f"{RULES}.md").read_text(encoding="utf-8")
    text = (folder / f"{name}.md").read_text(encoding="utf-8")
    system, line, message = text.partition(_LINE)
    if not line or not message.strip():
        raise ValueError(f"Prompt {name!r} has no line '---' with a message below it.")
    if _NAMED.search(system):
        raise ValueError(f"Prompt {name!r} has a place above the line '---'; move it below.")
    digest = hashlib.sha256(f"{rules}\x00{text}".encode()).hexdigest()
    return Prompt(
        name=name,
        system=f"{system.strip()}\n\n{rules.strip()}",
        message=message.strip(),
        version=digest[:_VERSION_DIGITS],
    )


class Records(str):
    """Rows as one text, which still knows its `rows`."""

    rows: tuple[str, ...]

    def __new__(cls, rows: Iterable[str]) -> Records:
        """The rows with an empty line between them."""
        told = tuple(rows)
        made = super().__new__(cls, "\n\n".join(told))
        made.rows = told
        return made


def as_records(rows: Iterable[Mapping[str, object]]) -> Records:
    """Rows as `name: value` lines with an empty line between them, for a prompt's value.

    Not JSON: hiding personal data must see the words themselves, not their escapes. Each value is
    one line, so no text can pretend to begin another row.
    """
    return Records(
        "\n".join(f"{name}: {' '.join(str(value).split())}" for name, value in row.items())
        for row in rows
    )


def fence_for(seed: str, values: Mapping[str, str]) -> str:
    """A code that stands in none of the values."""
    said = "\x00".join([seed, *(f"{name}={values[name]}" for name in sorted(values))])
    fence = seed
    while True:
        fence = hashlib.sha256(f"{fence}\x00{said}".encode()).hexdigest()[:_FENCE_DIGITS]
        if not any(fence in value.lower() for value in values.values()):
            return fence


def fenced(name: str, value: str, fence: str) -> str:
    """A value between two lines that only the product can have written."""
    return f"<<<DATA {fence} {name}\n{value}\nDATA {fence}>>>"
