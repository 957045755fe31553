"""Reading a file of feedback: JSON or CSV, record by record, bad lines told by their number."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from include.base.errors import FatalError
from include.base.file_rows import read_rows
from include.entries.file_columns import HEADER, as_submission
from include.entries.submission import Submission, parse_submission

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Line:
    """A record: its submission with a key that makes it one, or what is wrong with it.

    ``kind`` is ``record``, ``bad``, ``empty`` or ``header``; ``lines`` is how many it takes.
    """

    number: int
    key: str | None = None
    submission: Submission | None = None
    problem: str | None = None
    kind: str = "record"
    lines: int = 1


def read_lines(file: IO[bytes], form: str, *, name: str) -> Iterator[Line]:
    """Every record that is not blank (see :func:`read_all`).

    Raises:
        FatalError: the file is empty, or a CSV has no header or a wrong one.
    """
    found = False
    for line in read_all(file, form, name=name):
        if line.kind in ("record", "bad"):
            found = True
            yield line
    if not found:
        raise FatalError(f"{name} is empty: there is nothing to import")


def read_all(file: IO[bytes], form: str, *, name: str) -> Iterator[Line]:
    """Every line of the file, those without a record as well.

    A repeated external id is a problem of the later line. Without an external id a record is known
    by its content (and by how often the file has it), so that a longer version of the same file
    adds only what is new.

    Raises:
        FatalError: the file cannot be read, or a CSV has a wrong header.
    """
    seen: set[int] = set()
    contents: Counter[int] = Counter()
    for row in read_rows(file, form, HEADER, name=name):
        if row.kind != "record" or row.values is None:
            yield Line(row.number, problem=row.problem, kind=row.kind, lines=row.lines)
            continue
        try:
            submission = parse_submission({**as_submission(row.values), "source": "import"})
            key = _key(submission, seen, contents, name)
        except FatalError as error:
            yield Line(row.number, problem=str(error), kind="bad", lines=row.lines)
        else:
            yield Line(row.number, key, submission, lines=row.lines)


def _key(submission: Submission, seen: set[int], contents: Counter[int], name: str) -> str:
    key = submission.idempotency_key
    content = key or json.dumps(submission.conf(), sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()[:32]
    # Of a file of a million lines, numbers take less memory than texts.
    mark = int(digest[:16], 16)
    if key is None:
        contents[mark] += 1
        return f"import:{name}/{digest}/{contents[mark]}"
    if mark in seen:
        raise FatalError("external_id is on an earlier line already")
    seen.add(mark)
    return key
