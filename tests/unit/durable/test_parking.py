"""Which runs may be parked, and what a resume must clear: decided from states and order alone."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from include.durable.parking import CannotPark, tasks_to_keep
from include.durable.types import HookView, Waiting
from include.engine.airflow_runs import TaskGraph, TaskState

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def waiting(task_id: str = "wait", map_index: int = -1, waiter: str = "ti") -> Waiting:
    hook = HookView(
        id=uuid.uuid4(),
        key=f"d/r/{task_id}/{map_index}",
        round=1,
        kind="approval",
        dag_id="d",
        run_id="r",
        map_index=map_index,
        handler=None,
        question={},
        responders=[],
        status="pending",
        answer=None,
        answered_by=None,
        answered_via=None,
        closed_at=None,
        due_at=None,
        remind_at=None,
        reminded_at=None,
        expires_at=None,
        waiter=waiter,
        parked_at=None,
        created_at=NOW,
    )
    return Waiting(hook, task_id, wait_resumes=False)


def state(task_id: str, state: str | None, *, map_index: int = -1, id: str = "x") -> TaskState:
    return TaskState(task_id, map_index, state, id)


def graph(*teardowns: str, **after: str) -> TaskGraph:
    return TaskGraph(
        {task: frozenset(followers.split()) for task, followers in after.items()},
        frozenset(teardowns),
    )


ORDER = graph(ask="wait", wait="apply", apply="report", other="report")
PARKED = state("wait", "deferred", id="ti")


def test_everything_after_the_wait_is_kept_and_finished_tasks_are_not() -> None:
    tasks = [state("ask", "success"), PARKED, state("apply", None), state("report", None)]
    kept = tasks_to_keep([waiting()], [*tasks, state("other", "skipped")], ORDER)
    assert kept == [("apply", -1), ("report", -1)]


@pytest.mark.parametrize("busy", ["running", "queued", "scheduled", "up_for_retry", "deferred"])
def test_a_run_in_which_something_else_is_at_work_stays_hot(busy: str) -> None:
    with pytest.raises(CannotPark, match=f"task other is {busy}"):
        tasks_to_keep([waiting()], [PARKED, state("other", busy)], ORDER)


def test_a_task_that_may_begin_without_the_answer_keeps_the_run_hot() -> None:
    with pytest.raises(CannotPark, match="task other has not run and does not follow a wait"):
        tasks_to_keep([waiting()], [PARKED, state("other", None)], ORDER)


def test_an_outstanding_teardown_keeps_the_run_hot() -> None:
    order = graph("close", wait="close")
    with pytest.raises(CannotPark, match="task close is a teardown"):
        tasks_to_keep([waiting()], [PARKED, state("close", None)], order)


def test_two_waits_are_parked_together_and_a_joining_task_is_kept_once() -> None:
    order = graph(left="join", right="join")
    tasks = [state("left", "deferred", id="l"), state("right", "deferred", id="r")]
    kept = tasks_to_keep(
        [waiting("left", waiter="l"), waiting("right", waiter="r")],
        [*tasks, state("join", None)],
        order,
    )
    assert kept == [("join", -1)]


def test_one_of_two_waits_that_is_not_ours_yet_keeps_the_run_hot() -> None:
    order = graph(left="join", right="join")
    tasks = [state("left", "deferred", id="l"), state("right", "scheduled", id="r")]
    with pytest.raises(CannotPark, match="task right is scheduled"):
        tasks_to_keep([waiting("left", waiter="l")], tasks, order)


def test_mapped_waits_are_kept_apart_by_their_index() -> None:
    tasks = [
        state("wait", "deferred", map_index=0, id="a"),
        state("wait", "success", map_index=1, id="b"),
        state("apply", None),
    ]
    kept = tasks_to_keep([waiting(map_index=0, waiter="a")], tasks, ORDER)
    assert kept == [("apply", -1)]


@pytest.mark.parametrize("sibling", ["failed", "skipped", "upstream_failed"])
def test_a_mapped_sibling_whose_state_the_end_would_change_keeps_the_run_hot(sibling: str) -> None:
    tasks = [
        state("wait", "deferred", map_index=0, id="a"),
        state("wait", sibling, map_index=1, id="b"),
    ]
    with pytest.raises(CannotPark, match=f"instance in state {sibling}"):
        tasks_to_keep([waiting(map_index=0, waiter="a")], tasks, ORDER)


def test_a_wait_that_was_cleared_a_moment_ago_keeps_the_run_hot() -> None:
    with pytest.raises(CannotPark, match="task wait is deferred"):
        tasks_to_keep([waiting()], [state("wait", "deferred", id="another")], ORDER)


def test_what_follows_is_followed_through_groups_and_branches() -> None:
    order = graph(**{"wait": "group.a group.b", "group.a": "group.c", "group.b": "group.c"})
    assert order.after(["wait"]) == {"group.a", "group.b", "group.c"}
    assert order.after(["group.c"]) == frozenset()
