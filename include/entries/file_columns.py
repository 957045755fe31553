"""The columns of a CSV file, and the fields of an entry that they stand for."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.base.errors import FatalError
from include.entries.submission import Submission
from include.people.person import Submitter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COLUMNS = (
    *(name for name in Submission.model_fields if name not in ("submitter", "source")),
    *(f"submitter_{name}" for name in Submitter.model_fields),
)
_ALSO = {
    **dict.fromkeys(("pain", "feedback", "customer_feedback", "verbatim"), "customer_pain"),
    **dict.fromkeys(("account", "customer_id"), "account_id"),
    **dict.fromkeys(("opportunity", "deal", "deal_id"), "opportunity_id"),
    **dict.fromkeys(("area", "product_area", "product_areas"), "areas"),
    **dict.fromkeys(("link", "url", "urls"), "links"),
    **dict.fromkeys(("id", "externalid"), "external_id"),
    **dict.fromkeys(("email", "e_mail", "submitter_e_mail"), "submitter_email"),
    **dict.fromkeys(("slack_user_id", "slack_id"), "submitter_slack_user_id"),
    "priority": "severity",
    "submitted_by": "submitter_name",
}
"""Other names that exports give to these columns."""

SEPARATORS = (",", ";", "\t", "|")
_LISTS = ("areas", "links")
_LIST = re.compile(r"[;\n]")
_GAPS = re.compile(r"[\s\-]+")


@dataclass(frozen=True)
class Columns:
    """The header as fields, ``None`` for a column without a name, and the separator."""

    names: tuple[str | None, ...]
    separator: str

    def read(self, cells: Sequence[str]) -> tuple[dict[str, Any], str | None]:
        """The row's fields, or what is wrong with it."""
        count = len(self.names)
        if len(cells) < count or any(cell.strip() for cell in cells[count:]):
            return {}, f"{len(cells)} cells where the header has {count}"
        found: dict[str, Any] = {}
        for place, (name, cell) in enumerate(zip(self.names, cells, strict=False), start=1):
            if name is None and cell.strip():
                return {}, f"column {place} has a value and no name in the header"
            if name is not None and cell.strip():
                found[name] = cell.strip()
        return found, None


def read_columns(line: str, separator: str | None) -> Columns:
    """The columns that a header names.

    Args:
        line: The header's line.
        separator: What the file says it is, else the one by which most columns are known.

    Raises:
        FatalError: the column ``customer_pain`` is missing, or a column is unknown or named twice.
    """
    tried = [separator] if separator else list(SEPARATORS)
    headers = {}
    for one in tried:
        try:
            headers[one] = next(csv.reader([line], delimiter=one, strict=True))
        except (csv.Error, TypeError) as error:
            problem = str(error)
    if not headers:
        raise FatalError(f"the header cannot be read ({problem})")
    chosen = max(headers, key=lambda one: sum(field_of(name) in COLUMNS for name in headers[one]))
    return columns_of(headers[chosen], chosen)


def columns_of(header: Sequence[str], separator: str) -> Columns:
    """The columns of a header that is taken apart.

    Raises:
        FatalError: the column ``customer_pain`` is missing, or a column is unknown or named twice.
    """
    given = [name.strip() for name in header]
    names = tuple(field_of(name) or None for name in given)
    known = f"known columns: {', '.join(COLUMNS)}"
    if "customer_pain" not in names:
        seen = ", ".join(repr(name[:40]) for name in given[:8])
        raise FatalError(f"the header has no column 'customer_pain', it has {seen}; {known}")
    for place, name in enumerate(names):
        if name is not None and name not in COLUMNS:
            raise FatalError(f"the header has an unknown column {given[place][:40]!r}; {known}")
        if name is not None and name in names[:place]:
            before = given[names.index(name)]
            raise FatalError(
                f"the header names a column twice: {before[:40]!r} and {given[place][:40]!r} "
                f"are both {name!r}"
            )
    return Columns(names, separator)


def field_of(name: str) -> str:
    """``customer_pain`` of ``Customer Pain``; a name that is not known as it is written."""
    plain = _GAPS.sub("_", name.strip().lower())
    return _ALSO.get(plain, plain)


def as_submission(values: Mapping[str, Any]) -> dict[str, Any]:
    """A row as a submission: one name a field, lists of cells, the submitter's parts together.

    Raises:
        FatalError: a field is named twice.
    """
    row: dict[str, Any] = {}
    submitter: dict[str, Any] = {}
    for given, value in values.items():
        name = field_of(given)
        if name not in COLUMNS and name not in Submission.model_fields:
            # It is refused by the name that the file gives it.
            name = given
        if name in row:
            raise FatalError(f"{name} is given twice")
        if isinstance(value, str) and name in _LISTS:
            row[name] = [part.strip() for part in _LIST.split(value) if part.strip()]
        elif isinstance(value, str) and name == "severity":
            row[name] = value.strip().lower()
        elif name.startswith("submitter_"):
            submitter[name.removeprefix("submitter_")] = value
        else:
            row[name] = value
    if submitter and not row.get("submitter"):
        row["submitter"] = submitter
    return row
