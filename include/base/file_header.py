"""The header of a CSV file: which columns it has, by what separator, under which names."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from include.base.errors import FatalError
from include.base.text import comparable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SEPARATORS = (",", ";", "\t", "|")
ONE_COLUMN = "\x1f"
"""Stands for the separator of a file that has none: a comma in it is one of the customer's."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ASIDE = re.compile(r"(?:\([^()]*\)|\[[^\[\]]*\])[\s*:?]*$")
"""What a header says besides a column's name: that it is required, or what may stand there."""
_GAPS = re.compile(r"[\s\-./:_]+")
# So a spreadsheet is kept from taking an id for a number.
_KEPT_AS_TEXT = re.compile(r'="([^"]*)"')


@dataclass(frozen=True)
class Header:
    """The columns that a kind of file may have.

    Args:
        columns: Their names.
        required: The one that must be there.
        also: Other names that exports give to columns.
        keeps_blanks: Whether an empty cell means something, instead of a field not given.
    """

    columns: tuple[str, ...]
    required: str
    also: Mapping[str, str] = field(default_factory=dict)
    keeps_blanks: bool = False

    def field_of(self, name: str) -> str:
        """``customer_pain`` of ``Customer Pain`` or ``customerPain``; another name as it is."""
        if name in self.columns:
            return name
        bare = _ASIDE.sub("", name).strip(" *:?\t")
        for written in (name, bare, _HUMP.sub("_", bare)):
            plain = _GAPS.sub("_", comparable(written).strip())
            found = self.also.get(plain, plain)
            if found in self.columns:
                return found
        return name.strip()


@dataclass(frozen=True)
class Columns:
    """The header as fields, ``None`` for a column without a name, and the separator."""

    names: tuple[str | None, ...]
    separator: str
    keeps_blanks: bool = False
    is_spaced: bool = False
    """Whether a blank stands behind each separator, before a quotation mark too."""

    def read(self, cells: Sequence[str]) -> tuple[dict[str, Any], str | None]:
        """The row's fields, or what is wrong with it."""
        count = len(self.names)
        if len(cells) < count or any(cell.strip() for cell in cells[count:]):
            return {}, f"{len(cells)} cells where the header has {count}"
        found: dict[str, Any] = {}
        for place, (name, cell) in enumerate(zip(self.names, cells, strict=False), start=1):
            if name is None and cell.strip():
                return {}, f"column {place} has a value and no name in the header"
            if name is not None and (cell.strip() or self.keeps_blanks):
                found[name] = _KEPT_AS_TEXT.sub(r"\1", cell.strip())
        return found, None


def read_columns(line: str, separator: str | None, header: Header) -> Columns:
    """The columns that a header names.

    Args:
        line: The header's line.
        separator: What the file says it is, else the one by which most columns are known.
        header: The columns there may be.

    Raises:
        FatalError: the required column is missing, or a column is unknown or named twice.
    """
    tried = [separator] if separator else list(SEPARATORS)
    headers = {}
    problem = ""
    # The reason that is told is that of the separator which the line most likely has.
    for one in sorted(tried, key=line.count, reverse=True):
        try:
            spaced = csv.reader([line], delimiter=one, strict=True, skipinitialspace=True)
            headers[one] = next(spaced)
        except (csv.Error, TypeError) as error:
            problem = problem or str(error)
    if not headers:
        raise FatalError(f"the header cannot be read ({problem})")
    chosen = max(
        headers,
        key=lambda one: sum(header.field_of(name) in header.columns for name in headers[one]),
    )
    cells = headers[chosen]
    if cells[0].lstrip().startswith(("{", "[")):
        raise FatalError("the file holds JSON; name it .jsonl, or say that its format is 'jsonl'")
    is_one = separator is None and all(len(found) == 1 for found in headers.values())
    columns = columns_of(cells, ONE_COLUMN if is_one else chosen, header)
    return replace(columns, is_spaced=f"{chosen} " in line)


def columns_of(cells: Sequence[str], separator: str, header: Header) -> Columns:
    """The columns of a header that is taken apart.

    Raises:
        FatalError: the required column is missing, or a column is unknown or named twice.
    """
    given = [name.strip() for name in cells]
    names = tuple(header.field_of(name) or None for name in given)
    known = f"known columns: {', '.join(header.columns)}"
    if header.required not in names:
        seen = ", ".join(repr(name[:40]) for name in given[:8])
        raise FatalError(f"the header has no column {header.required!r}, it has {seen}; {known}")
    for place, name in enumerate(names):
        if name is not None and name not in header.columns:
            raise FatalError(f"the header has an unknown column {given[place][:40]!r}; {known}")
        if name is not None and name in names[:place]:
            before = given[names.index(name)]
            raise FatalError(
                f"the header names a column twice: {before[:40]!r} and {given[place][:40]!r} "
                f"are both {name!r}"
            )
    return Columns(names, separator, header.keeps_blanks)
