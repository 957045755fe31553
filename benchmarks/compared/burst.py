"""Many answers at once to parked runs, beside as many runs of one empty task started at once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.compared.clone import clone_runs
from benchmarks.compared.systems import COLD
from benchmarks.report import percentile
from benchmarks.stand import Stand, poll

if TYPE_CHECKING:
    from collections.abc import Callable

FLOOR_DAG = "bench_one"
GIVEN_WITHIN = 10.0
TIMEOUT = 1500.0
REAL = 3
CLIENTS = 4


def measure(stand: Stand, answers: int, *, say: Callable[[str], None]) -> dict[str, Any]:
    """The floor first, then the burst; the sandbox must park every wait."""
    real = [f"burst-real-{n}" for n in range(REAL)]
    COLD.open(stand, real)
    copies = [f"burst-copy-{n}" for n in range(answers - REAL)]
    clone_runs(stand.metadata, stand.product, COLD.dag_id, real[0], copies)
    beside = COLD.waiting(stand) - answers
    say(f"waits_compared: floor, {answers} runs of one empty task")
    floor = _floor(stand, answers)
    say(f"waits_compared: burst, {answers} answers within {GIVEN_WITHIN:.0f} s")
    figures = _burst(stand, [*real, *copies])
    return {"answers": answers, "floor": floor, "beside": beside} | figures


def _floor(stand: Stand, runs: int) -> float:
    """Seconds from the first acceptance to the last task's end."""
    clients = [stand.again() for _ in range(CLIENTS)]

    def start(client: Stand, first: int) -> None:
        for number in range(first, runs, CLIENTS):
            client.start_run(FLOOR_DAG, f"floor-{number}")

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(start, clients, range(CLIENTS)))
    for client in clients:
        client.close()
    _all_done(stand, FLOOR_DAG, "%", runs)
    row = stand.metadata.execute(
        "SELECT extract(epoch FROM max(t.end_date) - min(r.queued_at)) FROM dag_run r"
        " JOIN task_instance t ON t.dag_id = r.dag_id AND t.run_id = r.run_id"
        " WHERE r.dag_id = %s",
        (FLOOR_DAG,),
    ).fetchone()
    return float(row[0]) if row else 0.0


def _burst(stand: Stand, run_ids: list[str]) -> dict[str, Any]:
    answered: dict[str, datetime] = {}
    begun = time.monotonic()
    for number, run_id in enumerate(run_ids):
        time.sleep(max(0.0, begun + GIVEN_WITHIN * number / len(run_ids) - time.monotonic()))
        answered[run_id] = datetime.now().astimezone()
        COLD.answer(stand, run_id)
    given = time.monotonic() - begun
    _all_done(stand, COLD.dag_id, "burst-%", len(run_ids))
    rows = stand.metadata.execute(
        "SELECT run_id, start_date, end_date FROM task_instance"
        " WHERE dag_id = %s AND task_id = 'after' AND run_id LIKE 'burst-%%' AND state = 'success'"
        " ORDER BY start_date",
        (COLD.dag_id,),
    ).fetchall()
    first = answered[run_ids[0]]
    order = {run_id: place for place, run_id in enumerate(run_ids)}
    moved = sorted(abs(order[row[0]] - place) for place, row in enumerate(rows))
    wakes = [(row[1] - answered[row[0]]).total_seconds() for row in rows]
    return {
        "carried_out": len(rows),
        "given": given,
        "seconds": (max(row[2] for row in rows) - first).total_seconds(),
        "wake": {"p50": median(wakes), "p95": percentile(wakes, 95)},
        "moved": {"p50": median(moved), "most": moved[-1]},
    }


def _all_done(stand: Stand, dag_id: str, pattern: str, count: int) -> None:
    def done() -> bool:
        row = stand.metadata.execute(
            "SELECT count(*) FROM task_instance WHERE dag_id = %s AND run_id LIKE %s"
            " AND task_id = 'after' AND state = 'success'",
            (dag_id, pattern),
        ).fetchone()
        return row is not None and row[0] >= count

    poll(done, TIMEOUT, f"not all of {count} runs of {dag_id} were done", pause=0.5)
