"""Runs that wait, and parking them, for the tests of parking and of the keeper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from include.durable import parking
from include.durable.api import answer_hook, create_hook, find_hook
from include.durable.keys import hook_key
from include.store.session import session_scope

if TYPE_CHECKING:
    from include.durable.parking import Resumed
    from include.durable.types import HookView
    from tests.db.durable.airflow_double import AirflowDouble, Run

DAG = "a_dag"


def waiting_run(airflow: AirflowDouble, run_id: str = "r1", **more: str | None) -> Run:
    """A run whose ``wait`` is deferred; its hook was opened ten seconds ago."""
    states: dict[str, str | None] = {"ask": "success", "wait": "deferred", "apply": None}
    run = airflow.add(run_id, **(states | {"report": None} | more))
    open_wait(run, run_id, "wait")
    return run


def open_wait(run: Run, run_id: str, task_id: str) -> HookView:
    """The hook of a deferred task, as the sensor's trigger leaves it after joining."""
    with session_scope() as session:
        hook = create_hook(session, dag_id=DAG, run_id=run_id, name=task_id, kind="approval")
        session.execute(
            text(
                "UPDATE hooks SET waiter = :waiter, task_id = :task_id, "
                "created_at = now() - interval '10 seconds' WHERE id = :id"
            ),
            {"waiter": run.tasks[task_id, -1].id, "task_id": task_id, "id": hook.id},
        )
    return hook


def hook_of(run_id: str = "r1", name: str = "wait") -> HookView:
    with session_scope() as session:
        hook = find_hook(session, hook_key(DAG, run_id, name))
    assert hook is not None
    return hook


def answer(run_id: str = "r1", name: str = "wait") -> None:
    with session_scope() as session:
        answer_hook(session, hook_of(run_id, name).id, answer={"choice": "yes"}, by="u", via="api")


def park(airflow: AirflowDouble, run_id: str = "r1") -> None:
    parking.park(session_scope, airflow, DAG, run_id)


def next_id() -> int | None:
    with session_scope() as session:
        found = parking.to_resume(session, excluded=[], limit=5)
    return found[0] if found else None


def resume(airflow: AirflowDouble) -> Resumed:
    parked_id = next_id()
    assert parked_id is not None
    return parking.resume(session_scope, airflow, parked_id)[0]


def rows() -> int:
    with session_scope() as session:
        return int(session.execute(text("SELECT count(*) FROM parked_runs")).scalar_one())


def forget_attempt() -> None:
    """Let the attempt to end the run be a minute old."""
    with session_scope() as session:
        session.execute(text("UPDATE parked_runs SET attempted_at = now() - interval '1 minute'"))
