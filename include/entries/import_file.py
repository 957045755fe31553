"""Reading a file of feedback: JSON lines or CSV, line by line, bad lines told by their number."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from include.base.checked import Refused
from include.base.errors import FatalError
from include.entries.submission import Submission, parse_submission
from include.people.person import Submitter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FORMATS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv"}
COLUMNS = (
    *(name for name in Submission.model_fields if name not in ("submitter", "source")),
    *(f"submitter_{name}" for name in Submitter.model_fields),
)
LONGEST_LINE = 200_000
_SEPARATOR = ";"


@dataclass(frozen=True)
class Line:
    """A line of the file: its submission with a key that makes it one, or what is wrong with it."""

    number: int
    key: str | None = None
    submission: Submission | None = None
    problem: str | None = None


def format_of(path: str, given: str | None) -> str:
    """``jsonl`` or ``csv``: as given, else by the name's ending."""
    if given:
        return given
    found = FORMATS.get(Path(path.split("?", 1)[0]).suffix.lower())
    if found is None:
        raise FatalError(
            f"path {path!r} ends in neither .jsonl nor .csv; say its format ('jsonl' or 'csv')"
        )
    return found


def read_lines(file: IO[bytes], form: str, *, name: str) -> Iterator[Line]:
    """Every line that is not blank. A repeated external id is a problem of the later line.

    Without an external id a line is known by its content (and by how often the file has it), so
    that a longer version of the same file adds only what is new.

    Raises:
        FatalError: the file is empty, or a CSV has no header or a wrong one.
    """
    rows = _json_rows(file) if form == "jsonl" else _csv_rows(file)
    seen: set[str] = set()
    contents: Counter[str] = Counter()
    any_line = False
    for number, row in rows:
        any_line = True
        if isinstance(row, str):
            yield Line(number, problem=row)
            continue
        try:
            submission = parse_submission({**row, "source": "import"})
        except Refused as error:
            yield Line(number, problem=str(error))
            continue
        key = submission.idempotency_key
        if key is None:
            content = json.dumps(submission.conf(), sort_keys=True).encode()
            digest = hashlib.sha256(content).hexdigest()[:32]
            contents[digest] += 1
            key = f"import:{name}/{digest}/{contents[digest]}"
        elif key in seen:
            yield Line(number, problem="external_id is on an earlier line already")
            continue
        else:
            seen.add(key)
        yield Line(number, key=key, submission=submission)
    if not any_line:
        raise FatalError(f"{name} is empty: there is nothing to import")


def _json_rows(file: IO[bytes]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    for number, raw in enumerate(file, start=1):
        line = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
        if not line.strip():
            continue
        if len(line) > LONGEST_LINE:
            yield number, f"the line has {len(line)} bytes; at most {LONGEST_LINE} are allowed"
            continue
        try:
            row = json.loads(line.decode("utf-8"))
        except UnicodeDecodeError as error:
            yield number, f"not UTF-8 (byte {error.start + 1})"
        except (ValueError, RecursionError):
            yield number, "not JSON"
        else:
            yield number, row if isinstance(row, dict) else "not a JSON object"


def _csv_rows(file: IO[bytes]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    reader = csv.reader(text, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise FatalError(f"the header cannot be read ({error})") from None
    if not header:
        return
    _check_header(header)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, f"not CSV ({error})"
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            yield number, f"{len(cells)} cells where the header has {len(header)}"
        elif _broken(cells):
            yield number, "not UTF-8"
        else:
            yield number, _from_cells(dict(zip(header, cells, strict=True)))


def _check_header(header: list[str]) -> None:
    unknown = [name for name in header if name not in COLUMNS]
    known = f"known columns: {', '.join(COLUMNS)}"
    if "customer_pain" not in header:
        raise FatalError(f"the header has no column 'customer_pain'; {known}")
    if unknown:
        raise FatalError(f"the header has an unknown column {unknown[0][:40]!r}; {known}")
    if len(set(header)) != len(header):
        raise FatalError("the header names a column twice")


def _broken(cells: Iterable[str]) -> bool:
    return any("\udc80" <= character <= "\udcff" for cell in cells for character in cell)


def _from_cells(cells: dict[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    submitter: dict[str, str] = {}
    for name, cell in cells.items():
        value = cell.strip()
        if not value:
            continue
        if name.startswith("submitter_"):
            submitter[name.removeprefix("submitter_")] = value
        elif name in ("areas", "links"):
            row[name] = [part.strip() for part in value.split(_SEPARATOR) if part.strip()]
        else:
            row[name] = value
    return row | ({"submitter": submitter} if submitter else {})
