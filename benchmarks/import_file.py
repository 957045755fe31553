"""Reading and checking a file of 100,000 lines with 1 % bad ones of ten kinds, and storing it."""

from __future__ import annotations

import os
import tempfile
import time
import tracemalloc
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from benchmarks.report import Figures, Report, Target
from include.entries import import_file

LINES, QUICK_LINES = 100_000, 5_000
BAD_EACH = 100
MOST_MEGABYTES = 64.0

_GOOD = '{"customer_pain": "Export %d stops", "external_id": "e%d"}'
BAD_KINDS: dict[str, tuple[bytes, ...]] = {
    "jsonl": (
        b"not json",
        b"[1, 2]",
        b'{"customer_pain": "caf\xe9"}',
        b'{"customer_pain": " "}',
        b'{"customer_pain": "x", "mood": "sad"}',
        b'{"customer_pain": "half \\ud800"}',
        b'{"customer_pain": "x", "account_id": "A\\u0000"}',
        b'{"customer_pain": "x", "external_id": "' + b"x" * 6_400 + b'"}',
        b'{"customer_pain": "x", "severity": "urgent"}',
        b'{"customer_pain": "' + b"x" * 210_000 + b'"}',
    ),
    "csv": (
        b"one cell",
        b"x,low,e1,a@b.example,too,many",
        b"caf\xe9,low,,",
        b" ,low,,",
        b"x,urgent,,",
        b"x\x00y,low,e\x00,",
        b"x,low," + b"x" * 6_400 + b",",
        b"x,low,,no address",
        b'x,low,"a"b,',
        b"x" * 210_000 + b",low,,",
    ),
}


@dataclass
class Written:
    """What a file holds: how many lines and good ones, and the numbers of the bad ones."""

    lines: int = 0
    good: int = 0
    bad: list[int] = field(default_factory=list)


def write_file(file: IO[bytes], form: str, *, lines: int, bad_each: int) -> Written:
    """Write a file in which every ``bad_each``-th line is bad, of each kind in turn."""
    written = Written()
    kinds = BAD_KINDS[form]
    if form == "csv":
        # A sign of UTF-8, so that the file is not taken for Windows-1252.
        file.write("customer_pain,severity,external_id,submitter_email\nÉ,low,e0,\n".encode())
        written.lines, written.good = 2, 1
    for number in range(1, lines + 1):
        written.lines += 1
        if number % bad_each == 0:
            file.write(kinds[number // bad_each % len(kinds)] + b"\n")
            written.bad.append(written.lines)
        elif form == "csv":
            file.write(f"Export {number} stops,High,e{number},\n".encode())
            written.good += 1
        else:
            file.write((_GOOD % (number, number) + "\n").encode())
            written.good += 1
    return written


def measure(*, quick: bool) -> Report:
    """Time, peak memory and counts, for JSON lines and CSV, read and then stored."""
    lines = QUICK_LINES if quick else LINES
    rows, worst, wrong = [], 0.0, 0
    for form in ("jsonl", "csv"):
        path = Path(tempfile.mkdtemp(prefix="gtm-import-")) / f"lines.{form}"
        with path.open("wb") as file:
            written = write_file(file, form, lines=lines, bad_each=BAD_EACH)
        started = time.process_time()
        good, bad, counted = _read(path, form)
        seconds = time.process_time() - started
        tracemalloc.start()
        _read(path, form)
        peak = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        wrong += abs(good - written.good) + len(set(bad) ^ set(written.bad))
        wrong += abs(counted - written.lines)
        worst = max(worst, peak)
        rows.append(
            (form, f"{lines:,}", f"{good:,}", f"{len(bad):,}", f"{seconds:.1f}", f"{peak:.1f}")
        )
        path.unlink()
        path.parent.rmdir()
    stored = _store(lines)
    return Report(
        name="import_file",
        purpose=f"Files of {lines:,} lines, every {BAD_EACH}th of them bad, of ten kinds.",
        figures=[
            Figures(
                "Read and checked",
                ("form", "lines", "good", "bad", "seconds of CPU", "peak of memory in MB"),
                rows,
            ),
            Figures("Stored", ("what", "value"), stored),
        ],
        targets=[
            Target("peak of memory", MOST_MEGABYTES, worst, unit="MB"),
            Target("lines in no or a wrong count", 0, float(wrong), unit=""),
        ],
    )


def _read(path: Path, form: str) -> tuple[int, list[int], int]:
    good, bad, counted = 0, [], 0
    with path.open("rb") as file:
        for line in import_file.read_all(file, form, name="lines"):
            counted += line.lines
            good += line.kind == "record"
            if line.kind == "bad":
                bad.append(line.number)
    return good, bad, counted


def _store(lines: int) -> list[tuple[str, str]]:
    from benchmarks.corpus import scratch_database
    from include.store.session import engine
    from include.workflows import import_feedback

    os.environ.setdefault("AIRFLOW_VAR_GTM_FEEDBACK", '{"import_roots": ["/"]}')
    with scratch_database() as database, tempfile.TemporaryDirectory() as folder:
        os.environ["AIRFLOW_CONN_FEEDBACK_DB"] = database.url.render_as_string(hide_password=False)
        engine.cache_clear() if hasattr(engine, "cache_clear") else None
        path = Path(folder) / "lines.jsonl"
        with path.open("wb") as file:
            write_file(file, "jsonl", lines=lines, bad_each=BAD_EACH)
        started = time.perf_counter()
        _, facts = import_feedback.store_file({"path": str(path)}, dag_id="benchmark", run_id="b")
        seconds = time.perf_counter() - started
    shown = ("file_lines", "stored", "known_before", "bad_lines", "empty_lines", "header_lines")
    return [("seconds", f"{seconds:.1f}"), *((name, f"{facts[name]:,}") for name in shown)]
