"""From an entry's acceptance to its attached feedback, beside DAGs whose tasks are empty.

Entry, floor (the same shape), one (a single task), entry ...: each run alone, so that all meet the
same machine, and after a pause of a random length, so that none always meets the scheduler in the
same place of its loop.
The entry is real: the sample wording that attaches to a sample request, through
``process_customer_entry``.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from sqlalchemy import select

from benchmarks.report import Figures, Report, Target, spread
from benchmarks.stand import BenchmarkError, RunTimes, Stand
from include.store.models import Entry, Feedback
from include.store.session import session_scope
from sandbox.samples import ENTRIES, read_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

ENTRY_DAG, FLOOR_DAG, ONE_DAG = "process_customer_entry", "bench_floor", "bench_one"
PATH = ("decide_entry", "report_outcome")
ATTACH = "decide_entry"
LIMIT_RATIO, LIMIT_WHOLE = 2.2, 1.3
LONGEST_PAUSE = 0.3


@dataclass(frozen=True)
class EntryRun:
    """A finished run of the product's DAG and the time its feedback row was made."""

    times: RunTimes
    attached: datetime


def enter(stand: Stand, run_id: str, seconds: float = 300.0) -> EntryRun:
    """One entry through the real DAG; it must have been attached.

    The first sample, without its ``external_id``: every run is an entry of its own.
    """
    sample = read_lines(ENTRIES)[0]
    conf = {key: value for key, value in sample.items() if key != "external_id"}
    stand.start_run(ENTRY_DAG, run_id, {"source": "api"} | conf)
    times = stand.finish_run(ENTRY_DAG, run_id, seconds)
    with session_scope() as session:
        attached = session.scalar(
            select(Feedback.created_at)
            .join(Entry, Entry.id == Feedback.entry_id)
            .where(Entry.run_id == run_id, Feedback.removed_at.is_(None))
        )
    if attached is None or times.tasks[ATTACH].state != "success":
        states = {name: task.state for name, task in times.tasks.items()}
        raise BenchmarkError(f"the entry of run {run_id} was not attached: {states}")
    return EntryRun(times, attached)


def empty(stand: Stand, dag_id: str, run_id: str) -> RunTimes:
    """One run of empty tasks."""
    stand.start_run(dag_id, run_id)
    return stand.finish_run(dag_id, run_id)


def to_attached(times: RunTimes) -> float:
    """Seconds from the acceptance to the end of the task that attaches."""
    return times.seconds_to(times.tasks[ATTACH].end)


def measure(stand: Stand, *, quick: bool) -> Report:
    """Interleaved runs after one of each to warm up."""
    rounds = 4 if quick else 40
    enter(stand, "entry-warm")
    empty(stand, FLOOR_DAG, "floor-warm")
    empty(stand, ONE_DAG, "one-warm")
    entries, floors, ones = [], [], []
    pauses = random.Random(0)
    for number in range(rounds):
        time.sleep(pauses.uniform(0, LONGEST_PAUSE))
        entries.append(enter(stand, f"entry-{number}"))
        time.sleep(pauses.uniform(0, LONGEST_PAUSE))
        floors.append(empty(stand, FLOOR_DAG, f"floor-{number}"))
        time.sleep(pauses.uniform(0, LONGEST_PAUSE))
        ones.append(empty(stand, ONE_DAG, f"one-{number}"))
    runs = [entry.times for entry in entries]
    rows_made = [entry.times.seconds_to(entry.attached) for entry in entries]
    attached, first = [to_attached(run) for run in runs], [to_attached(run) for run in floors]
    one = [run.seconds_to(run.tasks["after"].end) for run in ones]
    whole, whole_floor = (
        [run.seconds_to(run.end) for run in runs],
        [run.seconds_to(run.end) for run in floors],
    )
    ratio = median(attached) / median(one)
    whole_ratio = median(whole) / median(whole_floor)
    shape = median(attached) / median(first)
    lines = [
        ("entry: accepted -> feedback row made", *spread(rows_made), ""),
        ("entry: accepted -> decide_entry done", *spread(attached), f"{ratio:.2f}"),
        ("one empty task: accepted -> done", *spread(one), "1"),
        ("floor: accepted -> its decide_entry done", *spread(first), f"1 (entry: {shape:.2f})"),
        ("entry: accepted -> run done", *spread(whole), f"{whole_ratio:.2f}"),
        ("floor: accepted -> run done", *spread(whole_floor), "1"),
    ]
    return Report(
        name="entry_latency",
        purpose="An entry accepted by the REST API -> its feedback attached, through the real "
        "process_customer_entry, beside a DAG of one empty task and one of the same shape.",
        figures=[
            Figures(
                "Seconds from the acceptance, interleaved runs",
                ("What", "n", "p50", "p95", "min", "max", "ratio of p50"),
                lines,
                "Accepted is the run's queued_at; the feedback row's created_at is the start of "
                "the transaction that made it.",
            ),
            _breakdown(runs, floors),
        ],
        targets=[
            Target(
                "entry to attached / one empty task, ratio of p50", LIMIT_RATIO, ratio, unit="x"
            ),
            Target("whole entry run / whole floor run", LIMIT_WHOLE, whole_ratio, unit="x"),
        ],
    )


def _breakdown(runs: Sequence[RunTimes], floors: Sequence[RunTimes]) -> Figures:
    rows = []
    for position, task_id in enumerate(PATH):
        before = PATH[position - 1] if position else None
        for who, those in (("entry", runs), ("floor", floors)):
            parts = [_parts(run, task_id, before) for run in those]
            rows.append(
                (
                    f"{task_id} ({who})",
                    *(f"{median(part):.3f}" for part in zip(*parts, strict=True)),
                )
            )
    return Figures(
        "Where the time goes: medians in seconds",
        ("Task", "-> scheduled", "-> queued", "-> started", "running", "all"),
        rows,
        "'-> scheduled' counts from the end of the task before (at first: from the acceptance); "
        "'-> started' is the fork of a worker process and its first call to the API server; "
        "'running' is from that call to the recorded end: parsing the DAG file, and the task.",
    )


def _parts(run: RunTimes, task_id: str, before: str | None) -> tuple[float, ...]:
    task = run.tasks[task_id]
    origin = run.tasks[before].end if before else run.accepted
    moments = [origin, task.scheduled, task.queued, task.start, task.end]
    known = [moment for moment in moments if moment is not None]
    if len(known) < len(moments):
        raise BenchmarkError(f"{task_id} lacks a timestamp: {task}")
    steps = [(after - first).total_seconds() for first, after in pairwise(known)]
    return (*steps, (known[-1] - known[0]).total_seconds())
