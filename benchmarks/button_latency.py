"""From the press of a button to the next task, beside what Airflow itself needs between two tasks.

Each round presses once (``answer_hook``, as the relay does) and then runs the floor once: an empty
task followed by an empty task. Airflow is otherwise idle.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.report import Figures, Report, Target, spread
from benchmarks.stand import BenchmarkError, Stand, poll
from include.durable.api import answer_hook, create_hook
from include.durable.types import AnswerStatus
from include.store.session import session_scope

if TYPE_CHECKING:
    from uuid import UUID

WAIT_DAG, PAIR_DAG = "bench_wait", "bench_pair"
PARK_SECONDS = 120.0
PRESS_SECONDS = 120.0
SETTLE_SECONDS = 0.5


@dataclass(frozen=True)
class Press:
    """Seconds from the press: by Airflow's timestamps, and as seen from outside."""

    answered: float
    sensor_done: float
    next_started: float
    seen_done: float
    seen_started: float


def park(stand: Stand, run_id: str) -> UUID:
    """Open a hook and start the run that waits for it; returns the hook's id."""
    with session_scope() as session:
        hook = create_hook(session, dag_id=WAIT_DAG, run_id=run_id, name="answer", kind="approval")
    stand.start_run(WAIT_DAG, run_id)
    return hook.id


def press_once(stand: Stand, run_id: str) -> Press:
    """Park a run, answer its hook, and time what follows."""
    hook_id = park(stand, run_id)
    poll(
        lambda: _is_joined(hook_id) and stand.count_waiting(WAIT_DAG, "wait", run_id) == 1,
        PARK_SECONDS,
        f"run {run_id} was not parked within {PARK_SECONDS:.0f} s",
        pause=0.1,
    )
    time.sleep(SETTLE_SECONDS)
    pressed_at, pressed = datetime.now(UTC), time.monotonic()
    with session_scope() as session:
        result = answer_hook(
            session, hook_id, answer={"choice": "attach"}, by="user:bench", via="api"
        )
    answered = time.monotonic() - pressed
    if result.status is not AnswerStatus.RECORDED:
        raise BenchmarkError(f"the answer of run {run_id} was not recorded: {result.status}")
    seen_done = _seen(stand, run_id, "wait", ("success",), pressed)
    seen_started = _seen(stand, run_id, "after", ("running", "success"), pressed)
    tasks = stand.finish_run(WAIT_DAG, run_id).tasks
    done, started = tasks["wait"].end, tasks["after"].start
    if done is None or started is None:
        raise BenchmarkError(f"run {run_id} has no times of its tasks: {tasks}")
    return Press(
        answered,
        (done - pressed_at).total_seconds(),
        (started - pressed_at).total_seconds(),
        seen_done,
        seen_started,
    )


def pair_once(stand: Stand, run_id: str) -> float:
    """Seconds from the end of an empty task to the start of the next."""
    stand.start_run(PAIR_DAG, run_id)
    tasks = stand.finish_run(PAIR_DAG, run_id).tasks
    ended, started = tasks["before"].end, tasks["after"].start
    if ended is None or started is None:
        raise BenchmarkError(f"run {run_id} has no times of its tasks: {tasks}")
    return (started - ended).total_seconds()


def measure(stand: Stand, *, quick: bool) -> Report:
    """Presses and floors, interleaved, after one of each to warm up."""
    rounds = 5 if quick else 30
    press_once(stand, "button-warm")
    pair_once(stand, "pair-warm")
    presses, floors = [], []
    for number in range(rounds):
        presses.append(press_once(stand, f"button-{number}"))
        floors.append(pair_once(stand, f"pair-{number}"))
    done = [press.sensor_done for press in presses]
    started = [press.next_started for press in presses]
    steps = [press.next_started - press.sensor_done for press in presses]
    rows = [
        ("answer committed", *spread([press.answered for press in presses])),
        ("sensor done", *spread(done)),
        ("sensor done, seen from outside", *spread([press.seen_done for press in presses])),
        ("next task started", *spread(started)),
        ("next task started, seen from outside", *spread([p.seen_started for p in presses])),
        ("sensor done -> next task started", *spread(steps)),
        ("floor: empty task's end -> next start", *spread(floors)),
    ]
    return Report(
        name="button_latency",
        purpose="Answer of a durable hook -> its sensor done -> the next task running, idle.",
        figures=[
            Figures(
                "Seconds from the press",
                ("Until", "n", "p50", "p95", "min", "max"),
                rows,
                "Times of the task instances in Airflow's metadata; 'seen from outside' is the "
                "wall clock of a client that reads the metadata every 20 ms. The floor is from the "
                "same run, one floor after each press.",
            )
        ],
        targets=[
            Target("sensor done after the press, p50", 1.0, median(done)),
            Target("next task started after the press, p50", 2.0, median(started)),
        ],
    )


def _is_joined(hook_id: UUID) -> bool:
    from include.durable.api import get_hook

    with session_scope() as session:
        hook = get_hook(session, hook_id)
    return hook is not None and hook.waiter is not None


def _seen(
    stand: Stand, run_id: str, task_id: str, states: tuple[str, ...], pressed: float
) -> float:
    poll(
        lambda: stand.task_state(WAIT_DAG, run_id, task_id) in states,
        PRESS_SECONDS,
        f"task {task_id} of run {run_id} was not {states[0]} within {PRESS_SECONDS:.0f} s",
    )
    return time.monotonic() - pressed
