"""Requests, feedback and reports as CSV or JSON lines, written row by row.

One statement a kind, read with a server-side cursor: the memory needed does not grow with the
rows.
"""

from __future__ import annotations

import csv
import json
import re
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from include.base.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import IO

    from sqlalchemy.orm import Session

KINDS = ("requests", "feedback", "reports")
FORMATS = ("csv", "jsonl")
_BATCH = 1000
ENCODINGS = {"csv": "utf-8-sig", "jsonl": "utf-8"}
"""Spreadsheets take a CSV without a byte order mark for the encoding of the machine."""

# A spreadsheet runs a cell that begins so as a formula, full-width and small signs too, with blanks
# and what nobody sees before them. Where its own separator is another, it begins a cell after a
# semicolon, tab or line break. A customer's words must never be a formula.
_BLANK = r"\s\x00\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff"
_SIGNS = r"=+\-@\u2212\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20"
_FORMULA = re.compile(  # linear: no way back
    rf"(^[{_BLANK}]*+|[;|][{_BLANK}]*+|(?<![{_BLANK};|])[{_BLANK}]++)(?=[{_SIGNS}])"
)
_NEW_CELL = re.compile(r"[;|\t\r\n\v\f\u2028\u2029]")

_SQL = {
    "requests": """
        SELECT r.id, r.slug, r.title, r.description, r.status, r.created_at, r.updated_at,
               r.shipped_at,
               ARRAY(SELECT a.slug FROM request_areas x JOIN areas a ON a.id = x.area_id
                      WHERE x.request_id = r.id ORDER BY a.slug) AS areas,
               (SELECT count(*) FROM feedback f
                 WHERE f.request_id = r.id AND f.removed_at IS NULL) AS feedback
          FROM requests r ORDER BY r.id
    """,
    "feedback": """
        SELECT f.id, r.slug AS request,
               substr(e.customer_pain, f.quote_start + 1, f.quote_length) AS quote,
               f.severity, f.account_id, c.name AS account,
               f.opportunity_id, f.links, f.confidence, f.match_type, f.created_at, f.removed_at
          FROM feedback f JOIN requests r ON r.id = f.request_id
          JOIN entries e ON e.id = f.entry_id
          LEFT JOIN accounts c ON c.id = f.account_id ORDER BY f.id
    """,
    "reports": """
        SELECT a.slug AS area, p.day, p.as_of, p.generated_at, p.metrics, p.sections
          FROM area_reports p JOIN areas a ON a.id = p.area_id ORDER BY p.day, a.slug
    """,
}


def write_rows(session: Session, kind: str, form: str, out: IO[str]) -> int:
    """Write all rows of a kind; returns how many.

    Raises:
        FatalError: the kind or the format is unknown.
    """
    if kind not in _SQL:
        raise FatalError(f"kind {kind!r} is unknown; use one of {', '.join(KINDS)}")
    if form not in FORMATS:
        raise FatalError(f"format {form!r} is unknown; use one of {', '.join(FORMATS)}")
    result = session.execute(text(_SQL[kind]).execution_options(yield_per=_BATCH))
    names = list(result.keys())
    rows = (dict(row._mapping) for row in result)
    return _write_csv(names, rows, out) if form == "csv" else _write_lines(rows, out)


def _write_csv(names: list[str], rows: Iterator[Mapping[str, Any]], out: IO[str]) -> int:
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(names)
    count = 0
    for row in rows:
        writer.writerow([_cell(row[name]) for name in names])
        count += 1
    return count


def _write_lines(rows: Iterator[Mapping[str, Any]], out: IO[str]) -> int:
    count = 0
    for row in rows:
        values = {name: _plain(value) for name, value in row.items()}
        out.write(json.dumps(values, ensure_ascii=False) + "\n")
        count += 1
    return count


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    if isinstance(value, list):
        plain = all(isinstance(item, str) for item in value)
        value = " ".join(value) if plain else json.dumps(value, ensure_ascii=False, sort_keys=True)
    if isinstance(value, str):
        return _FORMULA.sub(_quoted, value)
    return _plain(value)


def _quoted(before: re.Match[str]) -> str:
    """What stands before a sign, with a quote where the sign would begin a cell."""
    begins = before.start() == 0 or _NEW_CELL.search(before[0]) is not None
    return f"{before[0]}'" if begins else before[0]
