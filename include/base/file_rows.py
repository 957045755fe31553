"""The rows of a file that a spreadsheet or an export made: encoding, separator, one row a record.

Nothing is guessed silently: what cannot be read is a row with a problem, under the number of the
line it stands on. Memory stays flat, because no more than one record is held.
"""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from include.base.errors import FatalError
from include.base.file_encoding import encoding_of
from include.base.file_header import Columns, read_columns
from include.base.json_wrapper import list_inside
from include.base.workbook_rows import read_workbook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.base.file_header import Header

FORMATS = {
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), "jsonl"),
    **dict.fromkeys((".csv", ".tsv", ".tab"), "csv"),
    **dict.fromkeys((".xlsx", ".xlsm"), "xlsx"),
}
MOST_BYTES = 2 * 1024**3
MOST_LINES = 1_000_000
LONGEST_LINE = 200_000
"""Characters of a line, and of a record that spans several."""

_BETWEEN = re.compile(r"[\ufeff \t\r\n,\[\]]*")
# What exports put around a line of JSON: a mark, a record separator, a comma of a list.
_NO_CELL = " \t\r\n\v\f\xa0\x1a"
"""Blanks, and the end that DOS writes."""

_AROUND = "\ufeff\x1e \t\r\n,"
_NEXT_OBJECT = re.compile(r"\n[ \t]*\{")
_SAYS_SEPARATOR = re.compile(r'"?sep ?= ?([^\w\s"]?)"?[,;\t|]*$', re.I)
_NEWLINE = re.compile("\r\n?")
_HEAD = 1024 * 1024
_PART = 64 * 1024


@dataclass(frozen=True)
class Row:
    """A record of the file and the lines it takes. ``values`` is ``None`` where no entry is meant.

    ``kind`` says what the lines count as: ``record``, ``bad``, ``empty`` or ``header``.
    """

    number: int
    kind: str
    values: dict[str, Any] | None = None
    problem: str | None = None
    lines: int = 1


def format_of(path: str, given: str | None) -> str:
    """``jsonl``, ``csv`` or ``xlsx``: as given, else by the name's ending."""
    if given:
        return given
    ending = Path(path.split("?", 1)[0]).suffix.lower()
    found = FORMATS.get(ending)
    if found is None:
        remedy = "say its format ('jsonl', 'csv' or 'xlsx')"
        if ending in (".xls", ".xlsb", ".ods"):
            remedy = "save it as .xlsx, or the sheet as CSV (UTF-8)"
        elif ending in (".gz", ".bz2", ".xz", ".zst", ".zip", ".7z", ".tar", ".tgz"):
            remedy = "unpack it first"
        raise FatalError(f"path {path!r} ends in none of .jsonl, .csv, .xlsx; {remedy}")
    return found


def read_rows(file: IO[bytes], form: str, header: Header, *, name: str) -> Iterator[Row]:
    """Every line of the file, in exactly one row.

    Args:
        file: Its bytes; it can be read from the start again.
        form: ``jsonl``, ``csv`` or ``xlsx``.
        header: The columns that a CSV or a workbook may have.
        name: How messages call the file.

    Raises:
        FatalError: the file is too large, is no text, or its header is missing or wrong.
    """
    if form == "xlsx":
        for number, kind, values, problem, lines in read_workbook(file, header, name=name):
            yield Row(number, kind, values, problem, lines)
        return
    _check_size(file, name)
    head = file.read(_HEAD)
    file.seek(0)
    encoding = encoding_of(head, name, is_table=form == "csv")
    text = io.TextIOWrapper(file, encoding=encoding, errors="surrogateescape")
    try:
        if form == "csv":
            yield from _csv_rows(text, header)
            return
        said = _NEWLINE.sub("\n", head.decode(text.encoding, "replace"))
        start = said.lstrip("\ufeff \t\n")
        inside = list_inside(start, lambda name: header.field_of(name) == header.required)
        if inside is not None:
            yield from _listed_values(text, inside[0], len(said) - len(start) + inside[1])
        elif start.startswith("[") or _goes_on(start):
            yield from _json_values(text)
        else:
            yield from _json_lines(text)
    finally:
        # The file is its opener's to close.
        text.detach()


def _check_size(file: IO[bytes], name: str) -> None:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if size > MOST_BYTES:
        raise FatalError(
            f"{name} has {size:,} bytes; at most {MOST_BYTES:,} are imported at once. Split it."
        )
    if size > MOST_LINES:
        count = 0
        while part := file.read(_HEAD):
            count += part.count(b"\n")
        file.seek(0)
        if count > MOST_LINES:
            raise FatalError(
                f"{name} has {count:,} lines; at most {MOST_LINES:,} are imported at once. "
                "Split it."
            )


def _physical(text: io.TextIOWrapper) -> Iterator[tuple[int, str, str | None]]:
    """Number, line and what is wrong with it; of a line too long only its beginning is held."""
    number = 0
    while line := text.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE and not line.endswith("\n"):
            while rest := text.readline(_PART):
                if rest.endswith("\n"):
                    break
            yield number, "", f"the line is longer than the limit of {LONGEST_LINE:,} characters"
        else:
            yield number, line, None


def _not_decoded(line: str) -> str | None:
    try:
        line.encode()
    except UnicodeEncodeError as error:
        return f"not UTF-8 (byte {len(line[: error.start].encode()) + 1})"
    return None


def _json_lines(text: io.TextIOWrapper) -> Iterator[Row]:
    for number, line, problem in _physical(text):
        problem = problem or _not_decoded(line)
        if problem:
            yield Row(number, "bad", problem=problem)
        elif not line.strip():
            yield Row(number, "empty")
        else:
            try:
                yield _object(number, _DECODER.decode(line.strip(_AROUND)), 1)
            except (ValueError, RecursionError):
                yield Row(number, "bad", problem="not JSON")


class _Doubled(dict[str, Any]):
    """An object that names a field twice."""

    field = ""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    doubled = next((value.field for _, value in pairs if isinstance(value, _Doubled)), "")
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
    if doubled:
        found = _Doubled(found)
        found.field = doubled
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_once)


def _object(number: int, value: object, lines: int) -> Row:
    if isinstance(value, _Doubled):
        problem = f"{value.field[:40]!r} is given twice"
        return Row(number, "bad", problem=problem, lines=lines)
    if isinstance(value, dict):
        return Row(number, "record", values=value, lines=lines)
    return Row(number, "bad", problem="not a JSON object", lines=lines)


def _goes_on(start: str) -> bool:
    """Whether the first object is written over several lines, or another stands on its line."""
    if not start.startswith("{"):
        return False
    try:
        _, end = json.JSONDecoder().raw_decode(start)
    except (ValueError, RecursionError):
        return False
    return "\n" in start[:end] or start[end:].lstrip(" \t,").startswith("{")


def _listed_values(text: io.TextIOWrapper, name: str, opens: int) -> Iterator[Row]:
    """The values of a list inside an object; what the object says before it is no record."""
    above = text.read(opens).count("\n")
    if above:
        yield Row(1, "header", lines=above)
    yield from _json_values(text, above, name)


def _after_list(
    text: io.TextIOWrapper, rest: str, number: int, counted: int, name: str
) -> Iterator[Row]:
    """What stands behind a list, which nobody reads: in no count but that of its own lines."""
    lines, last, more = number - 1, "\n", False
    while rest:
        lines, last, more = lines + rest.count("\n"), rest[-1], more or "{" in rest
        rest = text.read(_PART)
    left = lines + (last != "\n") - counted
    if more:
        problem = f"what stands behind the list {name[:40]!r} was not read"
        yield Row(number, "bad", problem=problem, lines=max(1, left))
    elif left > 0:
        yield Row(number, "empty", lines=left)


def _json_values(
    text: io.TextIOWrapper, counted: int = 0, inside: str | None = None
) -> Iterator[Row]:
    """An array, or objects one after the other, read value by value; numbered by their lines.

    After a value that is no JSON it goes on at the next line that begins with an object.

    Args:
        text: The file, from a value on.
        counted: Lines that are counted already.
        inside: The name of the list in an object that this is, which ends before the file does.
    """
    buffer, at, number, over = "", 0, counted + 1, False
    ends = False
    while True:
        start = _BETWEEN.match(buffer, at).end()  # type: ignore[union-attr]
        if inside is not None and (closes := buffer.find("]", at, start)) >= 0:
            number += buffer.count("\n", at, closes)
            yield from _after_list(text, buffer[closes:], number, counted, inside)
            return
        number, at = number + buffer.count("\n", at, start), start
        value, end = None, at
        if at < len(buffer):
            with suppress(ValueError, RecursionError):
                value, end = _DECODER.raw_decode(buffer, at)
        if end == at and not over and len(buffer) - at <= LONGEST_LINE:
            part = text.read(_PART)
            over, ends = not part, part.endswith("\n") if part else ends
            buffer, at = buffer[at:] + part, 0
            continue
        if at == len(buffer):
            # Brackets that stand on lines of their own.
            if (left := number - ends - counted) > 0:
                yield Row(number, "empty", lines=left)
            return
        problem: str | None = None
        if end == at:
            following = _NEXT_OBJECT.search(buffer, at + 1)
            end = following.start() + 1 if following else len(buffer)
            problem = "not JSON"
            if end - at > LONGEST_LINE:
                problem += f", or longer than the limit of {LONGEST_LINE:,} characters"
        count = buffer.count("\n", at, end)
        lines = max(1, count + (buffer[end - 1] != "\n"))
        problem = problem or _not_decoded(buffer[at:end])
        if problem:
            yield Row(number, "bad", problem=problem, lines=lines)
        else:
            yield _object(number, value, lines)
        number, at, counted = number + count, end, counted + lines


def _csv_rows(text: io.TextIOWrapper, header: Header) -> Iterator[Row]:
    lines = _physical(text)
    number, columns = 0, None
    separator: str | None = None
    for number, line, problem in lines:
        bare = line.strip().removeprefix("\ufeff")
        if problem:
            raise FatalError(f"the header cannot be read: {problem}")
        said = _SAYS_SEPARATOR.match(bare)
        if said and separator is None:
            separator = said[1] or "\t"
            yield Row(number, "header")
        elif not bare.strip(",;\t| "):
            yield Row(number, "empty")
        else:
            columns = read_columns(line.removeprefix("\ufeff"), separator, header)
            yield Row(number, "header")
            break
    if columns is not None:
        yield from _records(lines, number, columns)


def _records(
    lines: Iterator[tuple[int, str, str | None]], last: int, columns: Columns
) -> Iterator[Row]:
    held: list[Row] = []

    def feed() -> Iterator[str]:
        nonlocal last
        for number, line, problem in lines:
            last = number
            if problem:
                # An empty line to the reader, so that the lines before and after stay apart.
                held.append(Row(number, "bad", problem=problem))
            yield line or "\n"

    reader = csv.reader(
        feed(),
        delimiter=columns.separator,
        skipinitialspace=columns.is_spaced,
        strict=True,
    )
    while True:
        first = last + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            span = last - first + 1
            why = f"not CSV ({error})"
            if span > 1:
                why += f", so lines {first} to {last} were not read"
            yield Row(first, "bad", problem=why, lines=span)
            held.clear()
            continue
        span = last - first + 1
        if held:
            yield Row(first, "bad", problem=held[0].problem, lines=span)
            held.clear()
        elif not any(cell.strip(_NO_CELL) for cell in cells):
            yield Row(first, "empty", lines=span)
        elif any(_not_decoded(cell) for cell in cells):
            yield Row(first, "bad", problem="not UTF-8", lines=span)
        else:
            values, problem = columns.read(cells)
            kind = "bad" if problem else "record"
            yield Row(first, kind, values=values, problem=problem, lines=span)
