"""Cold parking: a run that only waits is ended, and continued as the same run when it may go on.

A deferred task holds no worker, but its running DAG run is examined by the scheduler for ever. So
what waits long is parked: Airflow ends the run (its waits succeed, what follows is skipped, a note
says why), ``parked_runs`` keeps the list of what was skipped, and nothing in Airflow costs
anything any more. When a hook of the run closes, its outcome becomes the wait's result and exactly
the kept tasks are cleared: the run goes on where it would have gone on (decision 0010).

Every function may be interrupted anywhere and called again. A run's row is locked while Airflow is
asked, so two callers never work on one run.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from include.base.errors import TransientError
from include.durable.api import NOW, VIEW, close
from include.durable.notes import (
    given_up_note,
    last_task_note,
    last_tasks,
    parked_note,
    past_note,
)
from include.durable.spans import mark_wait
from include.durable.types import CANCELLED_IN_AIRFLOW, HookView, Waiting
from include.store.models import Hook, HookStatus, ParkedRun, ParkedState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy.orm import Session

    from include.engine.airflow_runs import RunState, TaskGraph, TaskState

    Sessions = Callable[[], AbstractContextManager[Session]]

SETTLE_SECONDS = 5.0
"""A run is parked at the earliest this long after its question was asked: its branches are then
decided."""
SOON_SECONDS = 60.0
"""What closes within this time is not worth parking."""
PATIENCE = timedelta(seconds=30)
"""How long an attempt to end a run, whose answer was lost, may still take effect in Airflow."""

FINISHED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


class Runs(Protocol):
    """What parking needs of Airflow: see ``include.engine.airflow_runs.AirflowRuns``."""

    def state(self, dag_id: str, run_id: str) -> RunState | None: ...
    def tasks(self, dag_id: str, run_id: str) -> list[TaskState]: ...
    def graph(self, dag_id: str) -> TaskGraph: ...
    def end(self, dag_id: str, run_id: str, note: str) -> None: ...
    def annotate(self, dag_id: str, run_id: str, note: str) -> None: ...
    def annotate_task(self, dag_id: str, run_id: str, task: tuple[str, int], note: str) -> None: ...
    def give_result(
        self, dag_id: str, run_id: str, task_id: str, map_index: int, result: dict[str, Any]
    ) -> None: ...
    def clear(self, dag_id: str, run_id: str, tasks: Iterable[tuple[str, int]]) -> None: ...
    def active(self) -> int: ...


class CannotPark(Exception):
    """The run does more than wait, or waits in a way that cannot be continued; says why."""


class Resumed(StrEnum):
    """What became of an attempt to continue a parked run."""

    CONTINUED = "continued"
    GIVEN_UP = "given_up"
    """Somebody failed or deleted the run meanwhile; its open hooks were cancelled."""
    LATER = "later"
    """Another caller is at it, or an attempt to end the run may still take effect."""


@dataclass(frozen=True)
class Hot:
    """A run with open hot waits."""

    dag_id: str
    run_id: str


_HOT = "status = 'pending' AND waiter IS NOT NULL AND parked_at IS NULL AND is_current"
_OVER_BUDGET = text(
    f"""
    SELECT dag_id, run_id
      FROM (SELECT dag_id, run_id, min(created_at) AS since, max(created_at) AS newest,
                   min(LEAST(due_at, expires_at)) AS closes,
                   row_number() OVER (ORDER BY min(created_at) DESC) AS place
              FROM hooks WHERE {_HOT} GROUP BY dag_id, run_id) AS hot
     WHERE (place > :budget OR since < now() - CAST(:age AS interval))
       AND newest < now() - make_interval(secs => {SETTLE_SECONDS})
       AND COALESCE(closes > durable_now() + make_interval(secs => {SOON_SECONDS}), true)
       AND NOT run_id = ANY(:excluded)
     ORDER BY since LIMIT :limit
    """
)
_CLAIM = text(f"SELECT id FROM hooks WHERE id = ANY(:ids) AND {_HOT} ORDER BY id FOR UPDATE")
_TO_RESUME = text(
    """
    SELECT p.id, min(h.closed_at) AS since
      FROM hooks h JOIN parked_runs p ON p.dag_id = h.dag_id AND p.run_id = h.run_id
     WHERE h.parked_at IS NOT NULL AND h.status <> 'pending' AND NOT p.id = ANY(:excluded)
     GROUP BY p.id
    UNION ALL
    SELECT p.id, p.created_at FROM parked_runs p
     WHERE p.resume_requested AND NOT p.id = ANY(:excluded)
     ORDER BY since, id LIMIT :limit
    """
)


def over_budget(
    session: Session, *, budget: int, age: timedelta, excluded: Sequence[str], limit: int
) -> list[Hot]:
    """Runs to park, oldest first: beyond ``budget`` runs that wait hot, or older than ``age``."""
    rows = session.execute(
        _OVER_BUDGET, {"budget": budget, "age": age, "excluded": list(excluded), "limit": limit}
    )
    return [Hot(row.dag_id, row.run_id) for row in rows]


def hot_runs(session: Session) -> int:
    """How many runs wait hot."""
    statement = text(f"SELECT count(DISTINCT (dag_id, run_id)) FROM hooks WHERE {_HOT}")
    return int(session.execute(statement).scalar_one())


def to_resume(session: Session, *, excluded: Sequence[int], limit: int) -> list[int]:
    """Ids of parked runs that may go on, in the order in which their hooks closed."""
    rows = session.execute(_TO_RESUME, {"excluded": list(excluded), "limit": limit})
    return list(dict.fromkeys(row.id for row in rows))


def unsettled(session: Session, *, excluded: Sequence[int]) -> list[int]:
    """Ids of runs whose parking was begun and not confirmed."""
    statement = select(ParkedRun.id).where(
        ParkedRun.state == ParkedState.PARKING,
        ParkedRun.attempted_at < func.now() - PATIENCE,
        ParkedRun.id.not_in(excluded),
    )
    return list(session.scalars(statement.limit(20)))


def request_resume(session: Session, dag_id: str, run_id: str) -> int | None:
    """Ask for a parked run to go on although nothing closed; its id, ``None`` if not parked."""
    return session.scalar(
        update(ParkedRun)
        .where(ParkedRun.dag_id == dag_id, ParkedRun.run_id == run_id)
        .values(resume_requested=True)
        .returning(ParkedRun.id)
    )


def tasks_to_keep(
    waits: Sequence[Waiting], tasks: Sequence[TaskState], graph: TaskGraph
) -> list[tuple[str, int]]:
    """The task instances that parking would skip and resuming must clear.

    Raises:
        CannotPark: something other than these waits is at work or may begin, a wait has siblings
            that the end of the run would change, or a teardown is outstanding.
    """
    ids = {wait.instance: wait.hook.waiter for wait in waits}
    waiting = {wait.task_id for wait in waits}
    after = graph.after(waiting)
    kept = []
    for task in tasks:
        instance = (task.task_id, task.map_index)
        if task.task_id in waiting and task.state not in ("success", "deferred"):
            raise CannotPark(f"task {task.task_id} waits and has an instance in state {task.state}")
        if task.state in FINISHED:
            continue
        if ids.get(instance) == task.id and task.state == "deferred":
            continue
        if task.state is not None:
            raise CannotPark(f"task {task.task_id} is {task.state}")
        if task.task_id in graph.teardowns:
            raise CannotPark(f"task {task.task_id} is a teardown that has not run")
        if task.task_id not in after:
            raise CannotPark(f"task {task.task_id} has not run and does not follow a wait")
        kept.append(instance)
    return kept


def park(sessions: Sessions, runs: Runs, dag_id: str, run_id: str) -> None:
    """End a run that only waits; its hooks stay open and count as before.

    Raises:
        CannotPark: the run must stay hot, the reason says why.
        TransientError: Airflow cannot be asked now; a begun parking is settled later.
    """
    with sessions() as session:
        waits = [w for w in _waits(session, dag_id, run_id) if w.hook.is_open and w.hook.waiter]
    run = runs.state(dag_id, run_id)
    if run is None or run.state != "running" or not waits:
        raise CannotPark(f"the run is {run.state if run else 'gone'} with {len(waits)} open waits")
    kept = tasks_to_keep(waits, runs.tasks(dag_id, run_id), runs.graph(dag_id))
    ids = [wait.hook.id for wait in waits]
    with sessions() as session:
        if len(session.execute(_CLAIM, {"ids": ids}).all()) < len(ids):
            raise CannotPark("a wait was closed or parked meanwhile")
        values = {"dag_id": dag_id, "run_id": run_id, "tasks": kept, "note": run.note}
        begun = insert(ParkedRun).values(values | {"attempted_at": func.now()})
        parked_id = session.scalar(begun.on_conflict_do_nothing().returning(ParkedRun.id))
        if parked_id is None:
            raise CannotPark("the run is being parked or resumed already")
        session.execute(update(Hook).where(Hook.id.in_(ids)).values(parked_at=NOW))
    with sessions() as session:
        if parked := _lock(session, parked_id):
            runs.end(dag_id, run_id, parked_note(waits, run.note))
            _mark(runs, parked, waits, last_task_note())
            parked.state = ParkedState.PARKED
    for wait in waits:
        mark_wait("wait parked", wait.hook)


def settle(sessions: Sessions, runs: Runs, parked_id: int) -> None:
    """Finish or undo a parking that was interrupted.

    Raises:
        TransientError: Airflow cannot be asked now.
    """
    with sessions() as session:
        row = _lock(session, parked_id)
        if row is None or row.state != ParkedState.PARKING or _is_fresh(session, row):
            return
        run = runs.state(row.dag_id, row.run_id)
        if run is not None and run.state in ("running", "queued"):
            _release(session, parked_id, _waits(session, row.dag_id, row.run_id))
        else:
            row.state = ParkedState.PARKED


def resume(sessions: Sessions, runs: Runs, parked_id: int) -> tuple[Resumed, list[HookView]]:
    """Continue a parked run; also returns the hooks that were cancelled instead.

    Waits that are still open wait again as deferred tasks; the others' outcomes become their
    results, without running them again unless their success means something to Airflow.

    Raises:
        TransientError: Airflow cannot be asked now.
    """
    with sessions() as session:
        row = _lock(session, parked_id)
        if row is None or (row.state == ParkedState.PARKING and _is_fresh(session, row)):
            return Resumed.LATER, []
        waits = _waits(session, row.dag_id, row.run_id)
        run = runs.state(row.dag_id, row.run_id)
        if run is None or run.state == "failed":
            cancelled = _cancel(session, waits)
            _release(session, parked_id, waits)
            if run is not None:
                runs.annotate(row.dag_id, row.run_id, given_up_note(row.note))
                _mark(runs, row, waits, "")
            return Resumed.GIVEN_UP, cancelled
        # Only what parking changed and nobody has changed since: a person who cleared a part of
        # the run, or an attempt to continue it that was cut off here.
        states = {(t.task_id, t.map_index): t.state for t in runs.tasks(row.dag_id, row.run_id)}
        parked = [w for w in waits if w.hook.parked_at and states.get(w.instance) == "success"]
        kept = [(task_id, index) for task_id, index in row.tasks]
        kept = [instance for instance in kept if states.get(instance) == "skipped"]
        again = [w for w in parked if w.hook.is_open or w.wait_resumes or not row.tasks]
        for wait in parked:
            if wait not in again:
                runs.give_result(row.dag_id, row.run_id, *wait.instance, result=wait.hook.outcome())
        clear = [*(wait.instance for wait in again), *kept]
        if clear:
            runs.clear(row.dag_id, row.run_id, clear)
        _mark(runs, row, waits, "")
        _release(session, parked_id, [wait for wait in waits if wait not in again])
        note = past_note(row.created_at, row.note)
    runs.annotate(row.dag_id, row.run_id, note)
    for wait in waits:
        mark_wait("parked run continued", wait.hook, since=wait.hook.closed_at)
    return Resumed.CONTINUED, []


def _mark(runs: Runs, row: ParkedRun, waits: Sequence[Waiting], note: str) -> None:
    """Set the last tasks' notes; what Airflow does not take now keeps no run from its way.

    A note outlives the clearing of its task, so it is taken off by itself.
    """
    kept = [(task_id, index) for task_id, index in row.tasks]
    with suppress(TransientError):
        for task in last_tasks(kept, waits, runs.graph(row.dag_id)):
            runs.annotate_task(row.dag_id, row.run_id, task, note)


def _lock(session: Session, parked_id: int) -> ParkedRun | None:
    """The run's row for this transaction; ``None`` when it is gone or another caller has it."""
    statement = select(ParkedRun).where(ParkedRun.id == parked_id)
    return session.scalar(statement.with_for_update(skip_locked=True))


def _is_fresh(session: Session, parked: ParkedRun) -> bool:
    """Whether an attempt to end the run may still take effect, by the database's clock."""
    now = session.scalars(select(func.now())).one()
    return parked.attempted_at is not None and parked.attempted_at > now - PATIENCE


def _waits(session: Session, dag_id: str, run_id: str) -> list[Waiting]:
    statement = select(Hook.task_id, Hook.wait_resumes, *VIEW).where(
        Hook.dag_id == dag_id, Hook.run_id == run_id, Hook.is_current, Hook.task_id.is_not(None)
    )
    return [
        Waiting(HookView(*view), task_id, wait_resumes)
        for task_id, wait_resumes, *view in session.execute(statement.order_by(Hook.key))
    ]


def _release(session: Session, parked_id: int, waits: Sequence[Waiting]) -> None:
    """Forget that the run was parked. A wait that starts again frees its hook when it joins."""
    ids = [wait.hook.id for wait in waits]
    freed = update(Hook).where(Hook.id.in_(ids), Hook.parked_at.is_not(None))
    session.execute(freed.values(parked_at=None))
    session.execute(delete(ParkedRun).where(ParkedRun.id == parked_id))


def _cancel(session: Session, waits: Sequence[Waiting]) -> list[HookView]:
    ids = [wait.hook.id for wait in waits]
    statement = close(HookStatus.CANCELLED, Hook.id.in_(ids), via=CANCELLED_IN_AIRFLOW)
    return [HookView(*row) for row in session.execute(statement.returning(*VIEW))]
