"""Reads folders of labelled text: requests.jsonl with entries.jsonl, or pairs.jsonl.

Formats: `{id, title, description}`, `{id, text, gold: [request ids]}` (an empty gold means a truly
new entry), and `{text, title, label}`.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_STRAY_BACKSLASH = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|\\')


class BadData(Exception):
    """A file of the folder cannot be used; the message names file and line."""


@dataclass(frozen=True, slots=True)
class LabelledRequest:
    """A request as the folder has it; `id` is its own, not the database's."""

    id: str
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class LabelledEntry:
    """An entry and the requests it belongs to; none of them means that it is new."""

    id: str
    text: str
    gold: frozenset[str]


@dataclass(frozen=True, slots=True)
class LabelledPair:
    """A text, a request's title, and whether they mean the same."""

    text: str
    title: str
    same: bool


def read_requests(folder: Path) -> list[LabelledRequest]:
    """The requests of a folder.

    Raises:
        BadData: A line is no JSON object, misses a field, or repeats an id.
    """
    seen: set[str] = set()
    requests = []
    for where, row in _rows(folder / "requests.jsonl"):
        request = LabelledRequest(
            id=str(_field(where, row, "id", (str, int))),
            title=_text(where, row, "title"),
            description=_text(where, row, "description", default=""),
        )
        if request.id in seen:
            raise BadData(f"{where}: the id {request.id!r} was used before.")
        seen.add(request.id)
        requests.append(request)
    if not requests:
        raise BadData(f"{folder / 'requests.jsonl'}: there is no request in it.")
    return requests


def read_entries(folder: Path, known: set[str], name: str = "entries.jsonl") -> list[LabelledEntry]:
    """The entries in a file of a folder whose requests have the ids `known`.

    Raises:
        BadData: As for requests; also when a gold id belongs to no request.
    """
    entries = []
    for where, row in _rows(folder / name):
        gold = _field(where, row, "gold", (list,))
        ids = frozenset(str(one) for one in gold)
        unknown = sorted(ids - known)
        if unknown:
            raise BadData(f"{where}: the gold id {unknown[0]!r} is not among the requests.")
        entry_id = str(_field(where, row, "id", (str, int)))
        entries.append(LabelledEntry(entry_id, _text(where, row, "text"), ids))
    if not entries:
        raise BadData(f"{folder / name}: there is no entry in it.")
    return entries


def read_pairs(folder: Path) -> list[LabelledPair]:
    """The pairs of a folder.

    Raises:
        BadData: A line is no JSON object or misses a field.
    """
    pairs = [
        LabelledPair(
            _text(where, row, "text"),
            _text(where, row, "title"),
            bool(_field(where, row, "label", (bool, int))),
        )
        for where, row in _rows(folder / "pairs.jsonl")
    ]
    if not pairs:
        raise BadData(f"{folder / 'pairs.jsonl'}: there is no pair in it.")
    return pairs


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if not path.is_file():
        raise BadData(f"{path} is missing.")
    with path.open(encoding="utf-8-sig", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            where = f"{path}:{number}"
            if not line.strip():
                continue
            row = _parsed(where, line)
            if not isinstance(row, dict):
                raise BadData(f"{where}: a line must hold a JSON object.")
            yield where, row


def _parsed(where: str, line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        # Masking addresses after the fact can leave a backslash that escapes nothing.
        repaired = _STRAY_BACKSLASH.sub(
            lambda found: found[0] if len(found[0]) > 1 else "\\\\", line
        )
        try:
            row = json.loads(repaired)
        except ValueError:
            raise BadData(f"{where}: not JSON ({error}).") from None
        sys.stderr.write(f"{where}: a backslash that escapes nothing was read as a backslash.\n")
        return row


def _field(where: str, row: dict[str, Any], name: str, kinds: tuple[type, ...]) -> Any:
    if name not in row:
        raise BadData(f"{where}: the field {name!r} is missing.")
    if not isinstance(row[name], kinds):
        wanted = " or ".join(kind.__name__ for kind in kinds)
        raise BadData(f"{where}: the field {name!r} must be {wanted}.")
    return row[name]


def _text(where: str, row: dict[str, Any], name: str, default: str | None = None) -> str:
    if default is not None and row.get(name) is None:
        return default
    return str(_field(where, row, name, (str,))).replace("\x00", " ")
