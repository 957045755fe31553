"""Starting runs as an external effect: written with what causes it, started once afterwards."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from include.base.connections import MissingConnection
from include.engine.airflow_api import StartResult, StartStatus, start_run
from include.engine.dag_ids import NEW_REQUEST
from include.store.models import Entry, EntryStatus, RunStart, RunStartState
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from include.store.models import Request

log = logging.getLogger(__name__)

LIMIT, FEW = 200, 20


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


def start_runs(start_ids: Iterable[int]) -> dict[str, int]:
    """Start these runs if nobody did yet; counts of ``started``, ``refused`` and ``waiting``.

    Airflow being away is no error: what could not be started waits for :func:`start_pending`.
    """
    counts = {"started": 0, "refused": 0, "waiting": 0}
    for start_id in start_ids:
        with session_scope() as session:
            start = session.get(RunStart, start_id)
        if start is None or start.state != RunStartState.PENDING:
            continue
        try:
            result = start_run(start.dag_id, start.run_id, start.conf)
        except MissingConnection as error:
            result = StartResult(StartStatus.UNAVAILABLE, str(error))
        counts[_record(start.id, result)] += 1
        if result.status is StartStatus.UNAVAILABLE:
            log.warning("Run %s of %s not started: %s", start.run_id, start.dag_id, result.reason)
    return counts


def start_pending(limit: int = LIMIT) -> dict[str, int]:
    """Start what was written down and not started, oldest first.

    While feedback waits to be decided, only a few runs of ``new_request`` are started: what follows
    up on a burst would otherwise take the machine from the next one.
    """
    with session_scope() as session:
        pending = select(RunStart.id).where(RunStart.state == RunStartState.PENDING)
        is_follow_up = RunStart.dag_id == NEW_REQUEST
        waiting = session.scalar(
            select(func.count(Entry.id)).where(Entry.status == EntryStatus.RECEIVED)
        )
        most = min(limit, FEW) if waiting else limit
        others = session.scalars(pending.where(~is_follow_up).order_by(RunStart.id).limit(limit))
        follow_ups = session.scalars(pending.where(is_follow_up).order_by(RunStart.id).limit(most))
        start_ids = [*others, *follow_ups][:limit]
    return start_runs(start_ids)


def _record(start_id: int, result: StartResult) -> str:
    with session_scope() as session:
        start = session.get_one(RunStart, start_id, with_for_update=True)
        if start.state != RunStartState.PENDING:
            return "started" if start.state == RunStartState.STARTED else "refused"
        start.attempts, start.error = start.attempts + 1, result.reason
        if result.status in (StartStatus.STARTED, StartStatus.EXISTS):
            start.state, start.started_at = RunStartState.STARTED, func.now()
            return "started"
        if result.status is StartStatus.REFUSED:
            start.state = RunStartState.REFUSED
            return "refused"
        return "waiting"
