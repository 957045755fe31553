"""The rows of an Excel workbook: one sheet, read by python-calamine."""

from __future__ import annotations

import zipfile
from datetime import date, datetime, time, timedelta
from typing import IO, TYPE_CHECKING, Any

from include.base.errors import FatalError
from include.base.file_header import columns_of
from include.base.text import unstorable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from python_calamine import CalamineSheet

    from include.base.file_header import Columns, Header

MOST_UNPACKED = 512 * 1024**2
MOST_ROWS = 1_000_000

# kind, first line, values, problem, lines: what a row of any file has.
Found = tuple[int, str, dict[str, Any] | None, str | None, int]


def read_workbook(file: IO[bytes], header: Header, *, name: str) -> Iterator[Found]:
    """Every row of the first sheet that has the columns, numbered as Excel numbers them.

    What other sheets hold is not read, and told so.

    Raises:
        FatalError: it is no workbook, too large, protected, or its header is missing or wrong.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    _check_size(file, name)
    try:
        book = CalamineWorkbook.from_filelike(file)
        sheets = [book.get_sheet_by_name(one) for one in book.sheet_names]
    except CalamineError as error:
        raise FatalError(
            f"{name} cannot be read as a workbook ({error}); save the sheet as CSV (UTF-8)"
        ) from error
    filled = [sheet for sheet in sheets if sheet.height]
    if not filled:
        return
    first = next((sheet for sheet in filled if _begins_with(sheet, header)), filled[0])
    others = [sheet for sheet in filled if sheet is not first]
    if first.total_height > MOST_ROWS:
        raise FatalError(
            f"{name} has {first.total_height:,} rows; at most {MOST_ROWS:,} are imported at once. "
            "Split it."
        )
    columns: Columns | None = None
    number = 0
    for number, cells in enumerate(first.iter_rows(), start=1):
        texts = [_text(cell) for cell in cells]
        if not any(text.strip() for text in texts):
            yield number, "empty", None, None, 1
        elif columns is None:
            columns = columns_of(texts, "", header)
            yield number, "header", None, None, 1
        else:
            yield (number, *_record(columns, texts), 1)
    for sheet in others:
        why = f"sheet {sheet.name[:40]!r} was not read; import it as a file of its own"
        yield number + 1, "bad", None, why, sheet.height
        number += sheet.height


def _begins_with(sheet: CalamineSheet, header: Header) -> bool:
    """Whether its first filled row names the required column; notes and lists of choices do not."""
    for cells in sheet.iter_rows():
        texts = [_text(cell) for cell in cells]
        if any(text.strip() for text in texts):
            return header.required in map(header.field_of, texts)
    return False


def _record(
    columns: Columns, texts: Sequence[str]
) -> tuple[str, dict[str, Any] | None, str | None]:
    if any(unstorable(text) for text in texts):
        return "bad", None, "a cell holds what cannot be stored"
    values, problem = columns.read(texts)
    return "bad" if problem else "record", values, problem


def _check_size(file: IO[bytes], name: str) -> None:
    """A zip archive tells what it unpacks to before it is unpacked."""
    try:
        with zipfile.ZipFile(file) as archive:
            unpacked = sum(one.file_size for one in archive.infolist())
    except zipfile.BadZipFile as error:
        raise FatalError(
            f"{name} is no workbook (.xlsx), or is protected by a password; "
            "save the sheet as CSV (UTF-8)"
        ) from error
    finally:
        file.seek(0)
    if unpacked > MOST_UNPACKED:
        raise FatalError(
            f"{name} unpacks to {unpacked:,} bytes; at most {MOST_UNPACKED:,} are read from a "
            "workbook. Save the sheet as CSV (UTF-8)."
        )


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return str(cell) if isinstance(cell, str | int | float | timedelta) else ""
