"""How many entries a second Airflow takes through when each has a run of its own.

What a batch is compared with. A number of runs is started at once, of the empty DAG and then of
``process_customer_entry`` with entries that attach; draining is switched off meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from benchmarks.entry_latency import ENTRY_DAG, FLOOR_DAG
from benchmarks.report import Figures, Report
from benchmarks.stand import BenchmarkError, Stand, poll
from sandbox.samples import ENTRIES, read_lines

if TYPE_CHECKING:
    from typing import Any

RUNS, QUICK_RUNS = 60, 10
SECONDS = 300.0
_ENDED = """
SELECT count(*) FILTER (WHERE state = 'success'), count(*) FILTER (WHERE state = 'failed'),
       extract(epoch FROM max(end_date) - min(queued_at))
FROM dag_run WHERE dag_id = %s AND run_id LIKE %s
"""
_TASKS = """
SELECT count(*) FROM task_instance WHERE dag_id = %s AND run_id LIKE %s AND state = 'success'
"""


def measure(stand: Stand, *, quick: bool) -> Report:
    """The floor first, then entries of as many people as runs."""
    runs = QUICK_RUNS if quick else RUNS
    crowd = f"{stand.stack.sandbox.slack_url}/sandbox/crowd"
    httpx.post(crowd, json={"count": runs}).raise_for_status()
    sample = read_lines(ENTRIES)[0]

    def entry(number: int) -> dict[str, Any]:
        person = f"U0P{number + 1:04d}"
        submitter = {"slack_user_id": person, "email": f"{person}@example.com"}
        return {"customer_pain": sample["customer_pain"], "source": "api", "submitter": submitter}

    stand.call("PATCH", "/dags/drain_backlog", {"is_paused": True})
    try:
        lines = [
            _through(stand, FLOOR_DAG, "the empty DAG", [{} for _ in range(runs)]),
            _through(stand, ENTRY_DAG, "entries", [entry(number) for number in range(runs)]),
        ]
    finally:
        stand.call("PATCH", "/dags/drain_backlog", {"is_paused": False})
    return Report(
        name="one_run_each",
        purpose=f"{runs} runs started at once: how many Airflow takes through in a second.",
        figures=[
            Figures(
                "From the first acceptance until the last run is done",
                ("what", "runs", "seconds", "runs a second", "tasks a second"),
                lines,
                "Entries are stored, matched, attached and confirmed in Slack.",
            )
        ],
    )


def _through(stand: Stand, dag_id: str, what: str, confs: list[dict[str, Any]]) -> tuple[str, ...]:
    prefix = f"each-{dag_id}"
    for number, conf in enumerate(confs):
        stand.start_run(dag_id, f"{prefix}-{number}", conf)
    values = (dag_id, f"{prefix}-%")

    def ended() -> tuple[int, int, float]:
        row = stand.metadata.execute(_ENDED, values).fetchone()
        return (int(row[0]), int(row[1]), float(row[2] or 0)) if row else (0, 0, 0.0)

    poll(
        lambda: sum(ended()[:2]) == len(confs),
        SECONDS,
        f"{what}: not all done in {SECONDS:.0f} s",
        pause=0.5,
    )
    done, failed, seconds = ended()
    if failed:
        raise BenchmarkError(f"{failed} of {len(confs)} runs of {dag_id} failed")
    row = stand.metadata.execute(_TASKS, values).fetchone()
    tasks = int(row[0]) if row else 0
    rates = (f"{done / seconds:.2f}", f"{tasks / seconds:.1f}")
    return what, str(done), f"{seconds:.1f}", *rates
