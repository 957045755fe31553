"""What a parked run says in Airflow: a note on the run and one on its last task."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.durable.types import Waiting
    from include.engine.airflow_runs import TaskGraph

PARKED = "PARKED"
"""First word of both notes."""
MOST_MARKED = 3
"""Last tasks that get a note; a run has one as a rule."""


def parked_note(waits: Sequence[Waiting], before: str | None) -> str:
    """What the run waits for and until when, above what people had noted."""

    def said(wait: Waiting) -> str:
        what = "its time" if wait.hook.kind == "sleep" else "an answer"
        until = wait.hook.due_at or wait.hook.expires_at
        return f"{wait.task_id} waits for {what}" + (f" until {_at(until)}" if until else "")

    shown = "; ".join(said(wait) for wait in waits[:3])
    more = f"; and {len(waits) - 3} more" if len(waits) > 3 else ""
    # Airflow's lists cut a note off: what the run waits for comes first.
    note = (
        f"{PARKED}: {shown}{more}. The run is not over, though Airflow shows it as a success: "
        f"it was parked on {_at(datetime.now(UTC))} and goes on by itself. To let it go on by "
        f"hand, clear {waits[0].task_id}."
    )
    return _with_before(note, before)


def past_note(since: datetime, before: str | None) -> str:
    """That the run has waited, and from when to when."""
    return _with_before(f"Waited, parked, {_at(since)} to {_at(datetime.now(UTC))}.", before)


def given_up_note(before: str | None) -> str:
    """That nothing will go on by itself."""
    seen = _at(datetime.now(UTC))
    note = f"Does not wait any more: it was marked as failed while parked, as seen on {seen}."
    return _with_before(note, before)


def last_task_note() -> str:
    """For the tasks of ``last_tasks``: why they are skipped."""
    return (
        f"{PARKED}: skipped for now, because the run waits. The run's note says for what and until "
        "when; this task runs then."
    )


def last_tasks(
    kept: Sequence[tuple[str, int]], waits: Sequence[Waiting], graph: TaskGraph
) -> list[tuple[str, int]]:
    """The instances that nothing kept follows; the waits themselves if they end the run."""
    ids = {task_id for task_id, _ in kept}
    ends = [one for one in kept if not graph.downstream.get(one[0], frozenset()) & ids]
    return (ends or [wait.instance for wait in waits])[:MOST_MARKED]


def _with_before(note: str, before: str | None) -> str:
    """The note before what people had noted; what parking itself noted earlier is over."""
    kept = [
        part
        for part in (before or "").split("\n\n")
        if part and not part.startswith((PARKED, "Waited, parked,", "Does not wait any more"))
    ]
    return "\n\n".join([note, *kept])


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
