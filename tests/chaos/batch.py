"""A batch of waits that a fault meets: opened hot and cold, answered before, during and after."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from include.durable.api import answer_hook, create_hook
from include.store.session import session_scope
from tests.e2e.conftest import until

if TYPE_CHECKING:
    from tests.e2e.conftest import Airflow

WAIT, SLEEP = "chaos_wait", "chaos_sleep"
READY = (
    "SELECT count(*) FILTER (WHERE waiter IS NOT NULL AND parked_at IS NULL), "
    "count(*) FILTER (WHERE parked_at IS NOT NULL) FROM hooks WHERE run_id LIKE :prefix"
)
SLEEP_SECONDS = 8
DONE_SECONDS = 420.0
UNKNOWN = float("nan")


@dataclass
class Verdict:
    """What became of a batch: the table's row."""

    fault: str
    waits: int = 0
    cold: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    steps_again: int = 0
    wakes: list[float] = field(default_factory=list)

    def p95(self) -> float:
        """Seconds from the answer (or the due time) to the step after the wait, 95th percentile."""
        ordered = sorted(self.wakes)
        return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))] if ordered else UNKNOWN

    def row(self) -> str:
        """One line of the table."""
        return (
            f"| {self.fault} | {self.waits} | {self.cold} | {len(self.lost)} | "
            f"{len(self.doubled)} | {self.steps_again} | {self.p95():.1f} |"
        )


class Batch:
    """Open waits of one fault; ``answer`` some of them whenever the fault's test says so."""

    def __init__(self, airflow: Airflow, fault: str, waits: int, *, sleeps: int) -> None:
        self.airflow = airflow
        self.fault = fault
        self.prefix = f"chaos__{uuid.uuid4().hex[:8]}"
        self.questions = [f"{self.prefix}__q{n:03d}" for n in range(waits - sleeps)]
        self.sleeps = [f"{self.prefix}__s{n:03d}" for n in range(sleeps)]
        self._hooks: dict[str, Any] = {}
        self._open = list(self.questions)
        self.cold = 0

    def start(self, *, cold: int) -> None:
        """Start the runs; return when all wait and at least ``cold`` of them are parked."""
        with session_scope() as session:
            for run_id in self.questions:
                hook = create_hook(
                    session, dag_id=WAIT, run_id=run_id, name="wait", kind="approval"
                )
                self._hooks[run_id] = hook.id
        for dag_id, run_ids in ((WAIT, self.questions), (SLEEP, self.sleeps)):
            for run_id in run_ids:
                accepted = lambda d=dag_id, r=run_id: (  # noqa: E731
                    self.airflow.post_run({}, r, d).status_code in (200, 409)
                )
                until(accepted, 60)
        total = len(self.questions) + len(self.sleeps)
        until(lambda: sum(self._ready()) == total and self._ready()[1] >= cold, 300)
        self.cold = self._ready()[1]

    def due_soon(self) -> None:
        """Let the sleeps end in a few seconds."""
        with session_scope() as session:
            session.execute(
                text(
                    "UPDATE hooks SET due_at = durable_now() + make_interval(secs => :seconds) "
                    "WHERE run_id = ANY(:runs) AND status = 'pending'"
                ),
                {"seconds": SLEEP_SECONDS, "runs": self.sleeps},
            )
            session.execute(text("SELECT pg_notify('durable_hooks', 'due')"))

    def answer(self, share: float) -> None:
        """Answer this share of all questions, as long as there are open ones."""
        count = max(1, round(share * len(self.questions)))
        answered, self._open = self._open[:count], self._open[count:]
        for run_id in answered:
            with session_scope() as session:
                answer_hook(
                    session,
                    self._hooks[run_id],
                    answer={"choice": run_id},
                    by="user:chaos",
                    via="api",
                )

    def verdict(self) -> Verdict:
        """Answer the rest, wait for all runs to have had their effect, and count."""
        if self._open:
            self.answer(1.0)
        runs = [*self.questions, *self.sleeps]
        deadline = time.monotonic() + DONE_SECONDS
        while len(self._effects()) < len(runs) and time.monotonic() < deadline:
            time.sleep(0.5)
        effects = self._effects()
        found = Verdict(self.fault, waits=len(runs), cold=self.cold)
        for run_id in runs:
            outcomes = [outcome for run, outcome in effects if run == run_id]
            if not outcomes:
                found.lost.append(run_id)
            elif len(outcomes) > 1:
                found.doubled.append(run_id)
            elif not self._is_right(run_id, outcomes[0]):
                found.wrong.append(run_id)
        with session_scope() as session:
            rows = session.execute(
                text(
                    "SELECT count(*) AS steps, "
                    "EXTRACT(epoch FROM min(s.at) - GREATEST(h.closed_at, h.due_at)) AS wake "
                    "FROM chaos_steps s JOIN hooks h ON h.run_id = s.run_id AND h.is_current "
                    "WHERE s.run_id LIKE :prefix GROUP BY s.run_id, h.closed_at, h.due_at"
                ),
                {"prefix": f"{self.prefix}%"},
            ).all()
        found.steps_again = sum(row.steps - 1 for row in rows)
        found.wakes = [float(row.wake) for row in rows]
        return found

    def _is_right(self, run_id: str, outcome: dict[str, Any]) -> bool:
        if run_id in self.sleeps:
            return outcome["outcome"] == "due"
        return outcome["outcome"] == "answered" and outcome["answer"] == {"choice": run_id}

    def _effects(self) -> list[tuple[str, dict[str, Any]]]:
        with session_scope() as session:
            rows = session.execute(
                text("SELECT run_id, outcome FROM chaos_effects WHERE run_id LIKE :prefix"),
                {"prefix": f"{self.prefix}%"},
            )
            return [(row.run_id, row.outcome) for row in rows]

    def _ready(self) -> tuple[int, int]:
        with session_scope() as session:
            hot, cold = session.execute(text(READY), {"prefix": f"{self.prefix}%"}).one()
        return int(hot), int(cold)
