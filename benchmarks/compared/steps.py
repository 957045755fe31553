"""What N open waits cost on Airflow: idle cost, memory, database, a new entry, and a wake."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from benchmarks.compared.clone import clone_runs
from benchmarks.entry_latency import ENTRY_DAG, enter
from benchmarks.open_waits import cpu_used
from benchmarks.stand import BenchmarkError, Stand, poll

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.compared.systems import System

    Figures = dict[str, Any]

PROGRAMS = ("triggerer", "scheduler", "api-server")
DATABASES = ("feedback", "airflow")
TIMEOUT = 120.0
TAKEN_SECONDS = 60.0
SETTLE_SECONDS = 8.0
WINDOW_SECONDS = 20.0
MOST_REAL = 50


def measure(
    stand: Stand,
    system: System,
    plan: Sequence[int],
    *,
    quick: bool,
    say: Callable[[str], None],
) -> Iterator[tuple[str, Figures]]:
    """All steps on a sandbox without waits: the number of waits, and the figures."""
    entries, wakes = (2, 2) if quick else (4, 5)
    real: list[str] = []
    for waits in plan:
        say(f"waits_compared: {system.title}, {waits} open waits")
        sizes = _sizes(stand)
        copies = _open(stand, system, waits, wakes * len(plan), real)
        step: Figures = {"copies": copies, "bytes": _sizes_since(stand, sizes)}
        step |= _idle(stand, system, waits)
        step |= _latencies(stand, system, waits, entries, wakes, real)
        yield str(waits), step


def _open(stand: Stand, system: System, waits: int, real_needed: int, real: list[str]) -> int:
    """Bring the open waits to ``waits``; returns how many of the new ones are copies."""
    missing = waits - system.waiting(stand)
    if missing <= 0:
        return 0
    wanted = missing if waits <= MOST_REAL else 0 if real else min(missing, real_needed)
    names = [f"{system.name}-{waits}-{n}" for n in range(wanted)]
    system.open(stand, names)
    real.extend(names)
    copies = [f"{system.name}-{waits}-copy-{n}" for n in range(missing - wanted)]
    if copies:
        clone_runs(stand.metadata, stand.product, system.dag_id, real[-1], copies)
    return len(copies)


def _idle(stand: Stand, system: System, waits: int) -> Figures:
    begun = time.monotonic()
    while system.waiting(stand) < waits and time.monotonic() - begun < TAKEN_SECONDS:
        time.sleep(0.5)
    taken = system.waiting(stand)
    time.sleep(SETTLE_SECONDS)
    cpu = {name: stand.cpu_seconds(name) for name in PROGRAMS}
    transactions = {name: stand.transactions(name) for name in DATABASES}
    begun = time.monotonic()
    time.sleep(WINDOW_SECONDS)
    window = time.monotonic() - begun
    return {
        "waiting": taken,
        "transactions": {
            name: (stand.transactions(name) - was) / window for name, was in transactions.items()
        },
        "cpu": {
            name: 100 * cpu_used(was, stand.cpu_seconds(name)) / window for name, was in cpu.items()
        },
        "memory": stand.memory_bytes("triggerer"),
    }


def _latencies(
    stand: Stand, system: System, waits: int, entries: int, wakes: int, real: list[str]
) -> Figures:
    """New entries and wakes one after the other; ``None`` stands for "not within the limit"."""

    def one_entry(number: int) -> float | None:
        name = f"entry-{system.name}-{waits}-{number}"
        try:
            times = enter(stand, name, TIMEOUT).times
        except BenchmarkError:
            if stand.run_times(ENTRY_DAG, name).state in ("success", "failed"):
                raise
            return None
        return times.seconds_to(times.end)

    def one_wake(client: Stand) -> float | None:
        return wake(client, system, real.pop(0))

    seconds: list[float | None] = []
    woken: list[float | None] = []
    if waits >= 1000 and system.name != "cold":
        # Each may take all the time allowed: both at once, once.
        with ThreadPoolExecutor() as pool:
            other = stand.again()
            asked = pool.submit(one_wake, other)
            seconds.append(one_entry(0))
            woken.append(asked.result())
            other.close()
    else:
        while len(seconds) < entries and None not in seconds:
            seconds.append(one_entry(len(seconds)))
        if waits == 0:
            real += [f"{system.name}-0-{n}" for n in range(wakes)]
            system.open(stand, real)
        while len(woken) < wakes and None not in woken and real:
            woken.append(one_wake(stand))
    return {"entry": seconds, "wake": woken}


def wake(stand: Stand, system: System, run_id: str) -> float | None:
    """Seconds from the answer to the start of the next task of the same run."""
    pressed = datetime.now(UTC)
    system.answer(stand, run_id)
    try:
        poll(
            lambda: stand.task_state(system.dag_id, run_id, "after") in ("running", "success"),
            TIMEOUT,
            "not within the limit",
            pause=0.1,
        )
    except BenchmarkError:
        return None
    started = stand.run_times(system.dag_id, run_id).tasks["after"].start
    if started is None:
        raise BenchmarkError(f"task after of run {run_id} runs without a start")
    return (started - pressed).total_seconds()


def _sizes(stand: Stand) -> dict[str, int]:
    return {name: stand.database_bytes(name) for name in DATABASES}


def _sizes_since(stand: Stand, before: dict[str, int]) -> dict[str, int]:
    return {name: size - before[name] for name, size in _sizes(stand).items()}
