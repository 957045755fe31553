"""What the triggerer's loop and keeper do, done once from a task: for sweeps and by hand."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from include.base.errors import FatalError
from include.durable import parking
from include.durable.api import COLUMNS, cancel_hook, get_hook
from include.durable.handlers import notify_handler, tell_closed
from include.durable.keeper import Keeper, Limits, Step
from include.durable.loop import CLOSE_OVERDUE, MARK_REMINDED, OVERDUE_REMINDER
from include.durable.types import CANCELLED_IN_AIRFLOW, HookView
from include.engine import airflow_api

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from sqlalchemy import TextClause

    from include.durable.parking import Runs, Sessions

log = logging.getLogger(__name__)

ORPHAN_WINDOW = timedelta(days=1)
AT_ONCE = 200

_WAITING_DAGS = text(
    "SELECT DISTINCT dag_id FROM hooks WHERE status = 'pending' AND is_current ORDER BY dag_id"
)
_OPEN_HOOKS = text(
    "SELECT id FROM hooks WHERE dag_id = :dag_id AND run_id = ANY(:run_ids) "
    "AND is_current AND status = 'pending'"
)
# Whoever closed it is telling the handler right now; after a minute nobody is.
_UNTOLD = text(
    f"SELECT {COLUMNS} FROM hooks WHERE status IN ('expired', 'cancelled') "
    "AND handler IS NOT NULL AND told_at IS NULL "
    "AND closed_at < durable_now() - interval '1 minute' "
    "AND NOT id = ANY(:tried) ORDER BY closed_at LIMIT :most"
)
_REMIND = text(
    f"SELECT {COLUMNS} FROM hooks WHERE {OVERDUE_REMINDER} AND NOT id = ANY(:tried) LIMIT :most"
)


def make_keeper() -> Keeper:
    """The keeper on this deployment's connections and settings."""
    from include.engine.airflow_runs import AirflowRuns
    from include.store.session import session_scope

    return Keeper(session_scope, AirflowRuns(), limits_in_force)


def limits_in_force() -> Limits:
    """The limits as the settings say now."""
    from include.base.settings import load_settings

    settings = load_settings()
    return Limits(
        hot_waits=int(settings.hot_waits),
        park_after=timedelta(minutes=settings.park_after_minutes),
        resume_at_once=int(settings.resume_at_once),
    )


def catch_up() -> dict[str, int]:
    """Close what is overdue or orphaned, remind, continue parked runs that may go on; how many."""
    from include.store.session import session_scope

    with session_scope() as session:
        rows = session.execute(text(CLOSE_OVERDUE)).mappings()
        closed = [HookView(**row) for row in rows]
    for hook in closed:
        if hook.status == "expired":
            tell_closed(session_scope, hook)
    told = _tell_again(session_scope)
    reminded = _remind(session_scope)
    orphans = close_orphans(session_scope)
    step = Step()
    make_keeper().resume(step, limits_in_force())
    return {
        "overdue": len(closed),
        "orphans": len(orphans),
        "told_again": told,
        "reminded": reminded,
        "continued": len(step.resumed),
        "given_up": len(step.given_up),
    }


def resume(dag_id: str | None, run_id: str | None) -> dict[str, int | str]:
    """Continue the run named, or everything that may go on; for the DAG's result.

    Raises:
        FatalError: only one of the two is given, or no such run is parked.
        TransientError: Airflow cannot be asked now.
    """
    from include.engine.airflow_runs import AirflowRuns
    from include.store.session import session_scope

    if (dag_id is None) != (run_id is None):
        raise FatalError("give both parked_dag_id and parked_run_id, or none of them")
    if dag_id is None or run_id is None:
        return dict(catch_up())
    outcome = resume_by_hand(session_scope, AirflowRuns(), dag_id, run_id)
    return {"outcome": outcome, "run_id": run_id}


def resume_by_hand(sessions: Sessions, runs: Runs, dag_id: str, run_id: str) -> str:
    """Continue one parked run although nothing was answered: its open waits wait hot again.

    Raises:
        FatalError: no such run is parked.
        TransientError: Airflow cannot be asked now.
    """
    with sessions() as session:
        parked_id = parking.request_resume(session, dag_id, run_id)
    if parked_id is None:
        raise FatalError(
            f"run {run_id!r} of {dag_id!r} is not parked; a run that is failed or running needs "
            "no resuming, clear its task instead"
        )
    outcome, cancelled = parking.resume(sessions, runs, parked_id)
    for hook in cancelled:
        tell_closed(sessions, hook)
    return str(outcome)


def close_orphans(sessions: Sessions) -> list[str]:
    """Close the open hooks of runs that failed in the last day; their run ids.

    Airflow tells a trigger that its task was marked as failed, except when the run was parked or
    the triggerer had not taken the task over yet. A hook closed here opens again when its task is
    cleared.

    Raises:
        TransientError: Airflow cannot be asked now.
    """
    since = datetime.now(UTC) - ORPHAN_WINDOW
    with sessions() as session:
        dag_ids = session.execute(_WAITING_DAGS).scalars().all()
    closed = []
    for dag_id in dag_ids:
        failed = airflow_api.failed_runs(dag_id, since)
        with sessions() as session:
            found = session.execute(_OPEN_HOOKS, {"dag_id": dag_id, "run_ids": failed}).scalars()
            hook_ids = list(found)
        for hook_id in hook_ids:
            with sessions() as session:
                if not cancel_hook(session, hook_id, by="sweep", via=CANCELLED_IN_AIRFLOW):
                    continue
                hook = get_hook(session, hook_id)
            if hook is not None:
                tell_closed(sessions, hook)
                closed.append(hook.run_id)
    return closed


def _tell_again(sessions: Sessions) -> int:
    """Call the handlers that failed when their hook closed; how many have heard now."""
    return sum(tell_closed(sessions, hook) for hook in _in_portions(sessions, _UNTOLD))


def _in_portions(sessions: Sessions, statement: TextClause) -> Iterator[HookView]:
    """All hooks that are due, each once; those whose handler fails keep no later one from it."""
    tried: list[UUID] = []
    while True:
        with sessions() as session:
            rows = session.execute(statement, {"tried": tried, "most": AT_ONCE}).mappings()
            hooks = [HookView(**row) for row in rows]
        yield from hooks
        if len(hooks) < AT_ONCE:
            return
        tried += [hook.id for hook in hooks]


def _remind(sessions: Sessions) -> int:
    reminded = 0
    for hook in _in_portions(sessions, _REMIND):
        try:
            notify_handler(hook, "remind")
        except Exception as error:
            # Not marked, so it is tried again; one that fails keeps no other from being reminded.
            log.warning("durable hook %s: no reminder now (%s)", hook.id, type(error).__name__)
            continue
        reminded += 1
        with sessions() as session:
            session.connection().exec_driver_sql(MARK_REMINDED, {"id": hook.id})
    return reminded
