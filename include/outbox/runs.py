"""Starting runs as an external effect: written with what causes it, started once afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from include.engine.airflow_api import StartResult, StartStatus, start_run
from include.engine.dag_ids import MAIN_DAG, NEW_REQUEST
from include.outbox.effects import Fate, Kind, Outcome, Report, carry_out
from include.store.models import Entry, EntryStatus, RunStart, RunStartState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.orm import Session

    from include.store.models import Request

FEW = 20
"""How many runs are started beside an import, and of ``new_request`` while feedback waits."""


def queue_run(
    session: Session,
    dag_id: str,
    run_id: str,
    conf: dict[str, Any],
    *,
    request_id: int | None = None,
    state: RunStartState = RunStartState.PENDING,
) -> int:
    """Write down a run to be started; a repeat returns the row that is there.

    ``state=STARTED`` registers a run that somebody else started.
    """
    values = {
        "dag_id": dag_id,
        "run_id": run_id,
        "request_id": request_id,
        "conf": conf,
        "state": state,
        "started_at": func.now() if state == RunStartState.STARTED else None,
    }
    statement = insert(RunStart).values(values).on_conflict_do_nothing().returning(RunStart.id)
    found = session.scalar(statement)
    if found is None:
        found = session.scalars(
            select(RunStart.id).where(RunStart.dag_id == dag_id, RunStart.run_id == run_id)
        ).one()
    return found


def queue_new_request(session: Session, request: Request) -> int:
    """The run of ``new_request`` for a request that was just opened."""
    return queue_run(
        session,
        NEW_REQUEST,
        f"request__{request.id}",
        {"request": request.slug},
        request_id=request.id,
    )


def queue_entry(session: Session, entry_id: int, run_id: str) -> int:
    """The run that carries out a stored entry; it is told the id and no words."""
    return queue_run(session, MAIN_DAG, run_id, {"entry_id": entry_id})


class RunStarts(Kind[RunStart]):
    """Runs to be started."""

    name = "run"
    model = RunStart
    done, failed, done_at = RunStartState.STARTED, RunStartState.REFUSED, "started_at"

    def about(self, row: RunStart) -> tuple[int | None, str | None]:
        """The entry a run is to carry out, and its DAG."""
        return row.conf.get("entry_id"), row.dag_id

    def due(self, session: Session, limit: int) -> Sequence[int]:
        """The oldest first; while feedback waits to be decided, only a few follow-ups.

        What follows up on a burst would otherwise take the machine from the next one.
        """
        pending = select(RunStart.id).where(self.is_ready()).order_by(RunStart.id)
        is_follow_up = RunStart.dag_id == NEW_REQUEST
        waiting = session.scalar(
            select(func.count(Entry.id)).where(Entry.status == EntryStatus.RECEIVED)
        )
        most = min(limit, FEW) if waiting else limit
        others = session.scalars(pending.where(~is_follow_up).limit(limit))
        follow_ups = session.scalars(pending.where(is_follow_up).limit(most))
        return [*others, *follow_ups][:limit]

    def carry_out(self, rows: Sequence[RunStart]) -> Outcome:
        """Start it."""
        [start] = rows
        return outcome_of(start_run(start.dag_id, start.run_id, start.conf))


def start_runs(start_ids: Iterable[int]) -> Report:
    """Start these runs if nobody did yet.

    Airflow being away is no error: what could not be started waits for the sweep.
    """
    return carry_out(RunStarts(), start_ids)


def outcome_of(result: StartResult) -> Outcome:
    """What an answer of Airflow means for a run that is to be started."""
    fates = {
        StartStatus.STARTED: Fate.DONE,
        StartStatus.EXISTS: Fate.FOUND,
        StartStatus.REFUSED: Fate.FAILED,
        StartStatus.UNAVAILABLE: Fate.LATER,
    }
    return Outcome(fates[result.status], result.reason)
