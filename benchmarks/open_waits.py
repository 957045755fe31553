"""What open questions cost: statements, connections, CPU, and the time of a new entry.

At each step the open durable waits are runs of ``bench_wait`` parked in the triggerer. Nothing is
answered during the idle window, so every transaction of the product's database in it is the cost
of waiting (and of whatever runs without any wait, which step 0 shows and which is subtracted).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.button_latency import WAIT_DAG, park
from benchmarks.entry_latency import enter
from benchmarks.report import Figures, Report, Target
from benchmarks.stand import BenchmarkError, Stand, poll

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAMS = ("triggerer", "scheduler", "api-server")
SETTLE_SECONDS = 15.0
WINDOW_SECONDS = 30.0
PARK_SECONDS = 900.0
ENTRY_SECONDS = 600.0
ALL_ENTRIES_SECONDS = 300.0
TARGET_WAITS = 500
LIMIT_PER_SECOND = 1.0


@dataclass(frozen=True)
class Step:
    """What was measured with ``waits`` parked runs."""

    waits: int
    per_second: float
    connections: int
    cpu: dict[str, float]
    entry_seconds: list[float]
    park_seconds: float


def measure(stand: Stand, *, quick: bool, say: Callable[[str], None]) -> Report:
    """All steps, each adding to the waits of the one before."""
    plan = (0, 10, 50) if quick else (0, 10, 100, TARGET_WAITS)
    # Hot waits are what is measured here: nothing is parked (waits_compared measures that).
    stand.keep_hot()
    enter(stand, "waits-warm")
    steps: list[Step] = []
    for waits in plan:
        say(f"open_waits: {waits} open waits")
        steps.append(_measure_step(stand, waits, entries=2 if quick else 5))
    # The loop's own connection is there from the first wait on: compare with few, not with none.
    base, few, last = steps[0], steps[1], steps[-1]
    rows = [
        (
            str(step.waits),
            f"{step.per_second:.2f}",
            f"{step.per_second - base.per_second:+.2f}",
            str(step.connections),
            *(f"{100 * step.cpu[name]:.1f}" for name in PROGRAMS),
            str(len(step.entry_seconds)),
            f"{median(step.entry_seconds):.2f}",
            f"{max(step.entry_seconds):.2f}",
            f"{step.park_seconds:.0f}",
        )
        for step in steps
    ]
    columns = (
        "Open waits",
        "transactions/s",
        "beyond none",
        "connections",
        *(f"{name} CPU %" for name in PROGRAMS),
        "new entries",
        "p50 s",
        "max s",
        "parking all took s",
    )
    at_target = f"at {last.waits} open waits"
    return Report(
        name="open_waits",
        purpose="Open durable waits: their cost to the product's database, to Airflow's processes, "
        "and to an entry that arrives meanwhile.",
        figures=[
            Figures(
                "Idle for 30 s, then new entries one after the other",
                columns,
                rows,
                "Transactions and connections are those of the product's database (the loop's "
                "statements are one transaction each); CPU is of one core, over the process tree; "
                "a new entry is from its acceptance to the end of its run.",
            )
        ],
        targets=[
            Target(
                f"queries per second {at_target}, without subtracting the idle ones",
                LIMIT_PER_SECOND,
                last.per_second,
                unit="/s",
            ),
            Target(
                f"connections {at_target} beyond those at {few.waits}",
                0,
                last.connections - few.connections,
                unit="connections",
            ),
        ],
    )


def _measure_step(stand: Stand, waits: int, *, entries: int) -> Step:
    started = time.monotonic()
    already = stand.count_waiting(WAIT_DAG, "wait")
    for number in range(already, waits):
        park(stand, f"open-{number}")
    poll(
        lambda: stand.count_waiting(WAIT_DAG, "wait") >= waits,
        PARK_SECONDS,
        f"{waits} waits were not parked within {PARK_SECONDS:.0f} s",
        pause=0.5,
    )
    parked = time.monotonic() - started
    time.sleep(SETTLE_SECONDS)
    cpu_before = {name: stand.cpu_seconds(name) for name in PROGRAMS}
    before, begun = stand.product_transactions(), time.monotonic()
    time.sleep(WINDOW_SECONDS)
    after, window = stand.product_transactions(), time.monotonic() - begun
    cpu = {name: cpu_used(cpu_before[name], stand.cpu_seconds(name)) / window for name in PROGRAMS}
    connections = stand.product_connections()
    entry_seconds = _enter_some(stand, waits, entries)
    if stand.count_waiting(WAIT_DAG, "wait") < waits:
        raise BenchmarkError(f"some of {waits} waits ended although nobody answered")
    return Step(
        waits=waits,
        per_second=(after - before) / window,
        connections=connections,
        cpu=cpu,
        entry_seconds=entry_seconds,
        park_seconds=parked,
    )


def _enter_some(stand: Stand, waits: int, entries: int) -> list[float]:
    """Seconds of up to ``entries`` entries, one after the other; no more once it took too long."""
    seconds: list[float] = []
    while len(seconds) < entries and sum(seconds) < ALL_ENTRIES_SECONDS:
        run = enter(stand, f"with-{waits}-{len(seconds)}", ENTRY_SECONDS).times
        seconds.append(run.seconds_to(run.end))
    return seconds


def cpu_used(before: dict[int, float], after: dict[int, float]) -> float:
    """CPU seconds between two readings of ``Stand.cpu_seconds``."""
    return sum(max(0.0, seconds - before.get(pid, 0.0)) for pid, seconds in after.items())
