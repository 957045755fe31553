"""Sleeps that end: how late the next task starts, hot, parked, and after everything was down."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from benchmarks.compared.systems import COLD, HOT, PARK_SECONDS, System
from benchmarks.stand import BenchmarkError, Stand, poll
from include.durable.api import create_sleep
from include.store.session import session_scope
from sandbox.programs import AIRFLOW_PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Callable

SLEEP_DAG = "bench_sleep"
FIRST_DUE = timedelta(seconds=45)
APART = timedelta(seconds=2)
DOWN_DUE = timedelta(seconds=150)
"""Long enough that all of them are parked, or in the triggerer, and everything is stopped."""
SECONDS = 180.0


def measure(stand: Stand, sleeps: int, *, say: Callable[[str], None]) -> dict[str, list[float]]:
    """Seconds from the due time to the start of the next task; ``down`` counts from the start."""
    found = {}
    for system in (HOT, COLD):
        say(f"waits_compared: {sleeps} sleeps, {system.name}")
        system.configure(stand)
        dues = _begin(stand, system, sleeps, FIRST_DUE)
        _woken(stand, dues)
        found[system.name] = [_late(stand, run, due) for run, due in dues.items()]
    say("waits_compared: sleeps that end while everything is down")
    dues = _begin(stand, COLD, 5, DOWN_DUE) | _begin(stand, HOT, 5, DOWN_DUE)
    stand.stack.stop(*AIRFLOW_PROGRAMS)
    if datetime.now(UTC) > min(dues.values()):
        raise BenchmarkError("a sleep was due before everything was stopped; make DOWN_DUE longer")
    time.sleep(max(0.0, (max(dues.values()) - datetime.now(UTC)).total_seconds() + 5))
    begun = datetime.now(UTC)
    stand.stack.start(*AIRFLOW_PROGRAMS)
    stand.stack.wait_ready()
    found["ready"] = [(datetime.now(UTC) - begun).total_seconds()]
    _woken(stand, dues)
    found["down"] = [_late(stand, run, begun) for run in dues]
    return found


def _begin(stand: Stand, system: System, sleeps: int, first: timedelta) -> dict[str, datetime]:
    """Runs that sleep, two seconds apart, with their due times."""
    system.configure(stand)
    mark = f"{system.name}-{time.monotonic_ns()}"
    dues = {}
    for number in range(sleeps):
        run_id = f"sleep-{mark}-{number}"
        with session_scope() as session:
            hook = create_sleep(
                session,
                dag_id=SLEEP_DAG,
                run_id=run_id,
                name="sleep",
                duration=first + number * APART,
            )
        if hook.due_at is None:
            raise AssertionError("a sleep has a due time")
        dues[run_id] = hook.due_at
        stand.start_run(SLEEP_DAG, run_id)
    for run_id in dues:
        poll(
            lambda run_id=run_id: _sleeps(stand, system, run_id),  # type: ignore[misc]
            PARK_SECONDS,
            f"run {run_id} did not sleep within {PARK_SECONDS:.0f} s",
            pause=0.2,
        )
    return dues


def _sleeps(stand: Stand, system: System, run_id: str) -> bool:
    """In the triggerer or, parked, with its run ended; a sleep that is over counts too."""
    state = stand.task_state(SLEEP_DAG, run_id, "wait")
    if state not in ("deferred", "success"):
        return False
    return system is HOT or stand.run_times(SLEEP_DAG, run_id).state == "success"


def _woken(stand: Stand, dues: dict[str, datetime]) -> None:
    for run_id in dues:
        poll(
            lambda run_id=run_id: (  # type: ignore[misc]
                stand.task_state(SLEEP_DAG, run_id, "after") == "success"
            ),
            SECONDS,
            f"the sleep of run {run_id} did not end within {SECONDS:.0f} s",
            pause=0.2,
        )


def _late(stand: Stand, run_id: str, since: datetime) -> float:
    start = stand.run_times(SLEEP_DAG, run_id).tasks["after"].start
    if start is None:
        raise AssertionError(f"run {run_id} has no start of its next task")
    return (start - since).total_seconds()
