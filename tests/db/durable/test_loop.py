"""The shared loop: early answers, wake-ups, sleeps, expiry, reminders, lost connections, clears."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.durable import handlers
from include.durable import loop as loop_module
from include.durable.api import answer_hook, cancel_hook, create_hook, find_hook
from include.store.session import session_scope
from tests.db.durable.conftest import serving, until, wait_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from include.durable.types import HookView

    Move = Callable[[timedelta], None]

pytestmark = pytest.mark.usefixtures("feedback_db")
HANDLER = "heard_in_tests"


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """What a hook's handler was told: (run id, event)."""
    events: list[tuple[str, str]] = []
    monkeypatch.setitem(
        handlers._registered, HANDLER, lambda hook, event: events.append((hook.run_id, event))
    )
    return events


def ask(run_id: str = "r1", **values: object) -> HookView:
    with session_scope() as session:
        return create_hook(
            session,
            dag_id="a_dag",
            run_id=run_id,
            name="answer",
            kind="approval",
            handler=HANDLER,
            **values,  # type: ignore[arg-type]
        )


def answer(hook: HookView, choice: str = "attach") -> None:
    with session_scope() as session:
        answer_hook(session, hook.id, answer={"choice": choice}, by="slack:U1", via="test")


def look(run_id: str = "r1", name: str = "answer") -> HookView:
    with session_scope() as session:
        hook = find_hook(session, wait_of(run_id, name=name).key)
    assert hook is not None
    return hook


async def test_an_answer_wakes_its_waiter_at_once_and_nobody_else() -> None:
    first, second = ask("r1"), ask("r2")
    async with serving() as served:
        one, two = served.wait(wait_of("r1")), served.wait(wait_of("r2"))
        await until(lambda: served.loop.passes > 0)
        answer(first)
        closed = await asyncio.wait_for(one, 2)
        assert closed is not None
        assert closed.outcome()["answer"] == {"choice": "attach"}
        assert not two.done()
        answer(second, "create")
        assert await asyncio.wait_for(two, 2) is not None


async def test_an_answer_that_lands_before_the_wait_starts_counts() -> None:
    answer(ask())
    async with serving() as served:
        closed = await asyncio.wait_for(served.wait(wait_of()), 5)
    assert closed is not None
    assert closed.status == "answered"


async def test_a_wait_without_a_hook_is_told_so() -> None:
    async with serving() as served:
        assert await asyncio.wait_for(served.wait(wait_of("nobody-asked")), 5) is None


async def test_an_unanswered_hook_expires_as_an_outcome(
    move_clock: Move, heard: list[tuple[str, str]]
) -> None:
    ask(expires_after=timedelta(days=7))
    async with serving() as served:
        waiting = served.wait(wait_of())
        await until(lambda: served.loop.passes > 0)
        move_clock(timedelta(days=6, hours=23))
        await until(lambda: served.loop.passes > 1)
        assert not waiting.done()
        move_clock(timedelta(days=7, seconds=1))
        closed = await asyncio.wait_for(waiting, 5)
    assert closed is not None
    assert closed.outcome()["outcome"] == "expired"
    assert heard == [("r1", "expired")]


async def test_a_reminder_is_given_once_and_the_wait_goes_on(
    move_clock: Move, heard: list[tuple[str, str]]
) -> None:
    ask(remind_after=timedelta(hours=24), expires_after=timedelta(days=7))
    async with serving() as served:
        waiting = served.wait(wait_of())
        await until(lambda: served.loop.passes > 0)
        move_clock(timedelta(hours=24, seconds=1))
        await until(lambda: look().reminded_at is not None)
        move_clock(timedelta(hours=30))
        passes = served.loop.passes
        await until(lambda: served.loop.passes > passes)
        assert not waiting.done()
    assert heard == [("r1", "remind")]


async def test_a_reminder_whose_handler_fails_is_given_later(
    move_clock: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_module, "HANDLER_RETRY_SECONDS", 0.0)
    calls: list[str] = []

    def on_hook_event(_hook: HookView, event: str) -> None:
        calls.append(event)
        if len(calls) == 1:
            raise ConnectionError

    monkeypatch.setitem(handlers._registered, HANDLER, on_hook_event)
    ask(remind_after=timedelta(hours=1))
    async with serving() as served:
        served.wait(wait_of())
        move_clock(timedelta(hours=2))
        await until(lambda: len(calls) >= 1)
        assert look().reminded_at is None
        move_clock(timedelta(hours=3))
        await until(lambda: look().reminded_at is not None)
    assert calls == ["remind", "remind"]


async def test_a_sleep_keeps_its_time_across_restart_and_clear(move_clock: Move) -> None:
    async with serving() as served:
        served.wait(wait_of(name="sleep", seconds=3600))
        await until(lambda: served.loop.passes > 0)
    due = look(name="sleep").due_at
    move_clock(timedelta(minutes=30))
    async with serving() as served:
        sleeping = served.wait(wait_of(name="sleep", seconds=3600, waiter="ti-2"))
        await until(lambda: served.loop.passes > 0)
        assert look(name="sleep").due_at == due
        move_clock(timedelta(minutes=61))
        closed = await asyncio.wait_for(sleeping, 5)
    assert closed is not None
    assert closed.outcome()["outcome"] == "due"


async def test_a_sleep_that_was_due_while_everything_was_down_ends_at_the_start(
    move_clock: Move,
) -> None:
    async with serving() as served:
        served.wait(wait_of(name="sleep", seconds=3600))
        await until(lambda: served.loop.passes > 0)
    move_clock(timedelta(hours=5))
    async with serving() as served:
        closed = await asyncio.wait_for(served.wait(wait_of(name="sleep", seconds=3600)), 5)
    assert closed is not None
    assert closed.status == "due"


async def test_a_short_sleep_ends_within_a_moment_of_its_time() -> None:
    async with serving() as served:
        closed = await asyncio.wait_for(served.wait(wait_of(name="sleep", seconds=0.3)), 5)
    assert closed is not None
    assert closed.closed_at is not None
    assert closed.due_at is not None
    assert timedelta(0) <= closed.closed_at - closed.due_at < timedelta(seconds=1)


async def test_a_lost_connection_loses_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module, "BACKOFF_SECONDS", (0.05,))
    hook = ask()
    async with serving() as served:
        waiting = served.wait(wait_of())
        await until(lambda: served.loop.passes > 0)
        with session_scope() as session:
            cut = session.execute(
                text(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND query LIKE 'LISTEN%' "
                    "OR (datname = current_database() AND pid <> pg_backend_pid())"
                )
            ).scalar_one()
        assert cut >= 1
        answer(hook)
        assert await asyncio.wait_for(waiting, 10) is not None


async def test_a_missed_notification_is_caught_by_the_safety_poll(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop_module, "SAFETY_POLL_SECONDS", 0.2)
    hook = ask()
    with session_scope() as session:
        session.execute(text("ALTER TABLE hooks DISABLE TRIGGER hooks_notify"))
    async with serving() as served:
        waiting = served.wait(wait_of())
        await until(lambda: served.loop.passes > 0)
        answer(hook)
        assert await asyncio.wait_for(waiting, 5) is not None


async def test_clearing_a_waiting_task_cancels_tells_and_then_opens_it_again(
    heard: list[tuple[str, str]],
) -> None:
    hook = ask(expires_after=timedelta(days=7))
    async with serving() as served:
        old = wait_of(waiter="ti-1")
        first = served.wait(old)
        await until(lambda: served.loop.passes > 0)
        first.cancel()
        await served.loop.cancel(old)
        assert look().status == "cancelled"
        again = served.wait(wait_of(waiter="ti-2"))
        await until(lambda: look().status == "pending")
        assert look().expires_at == hook.expires_at
        answer(hook)
        closed = await asyncio.wait_for(again, 5)
    assert closed is not None
    assert closed.status == "answered"
    assert heard == [("r1", "cancelled"), ("r1", "reopened")]


async def test_a_late_kill_of_the_old_task_does_not_close_the_new_one() -> None:
    ask()
    async with serving() as served:
        served.wait(wait_of(waiter="ti-2"))
        await until(lambda: served.loop.passes > 0)
        await served.loop.cancel(wait_of(waiter="ti-1"))
    assert look().status == "pending"


async def test_a_hook_the_product_cancelled_stays_cancelled() -> None:
    hook = ask()
    with session_scope() as session:
        cancel_hook(session, hook.id, by="ops", via="product")
    async with serving() as served:
        closed = await asyncio.wait_for(served.wait(wait_of(waiter="ti-9")), 5)
    assert closed is not None
    assert closed.outcome()["outcome"] == "cancelled"


async def test_two_triggerers_hand_out_the_same_outcome() -> None:
    hook = ask()
    async with serving() as one, serving() as two:
        waiting = [one.wait(wait_of()), two.wait(wait_of())]
        await until(lambda: one.loop.passes > 0 and two.loop.passes > 0)
        answer(hook)
        closed = await asyncio.wait_for(asyncio.gather(*waiting), 5)
    assert closed[0] == closed[1]


async def test_five_hundred_waits_use_one_connection_and_stay_quiet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop_module, "SAFETY_POLL_SECONDS", 1.0)
    with session_scope() as session:
        for number in range(500):
            create_hook(
                session, dag_id="a_dag", run_id=f"r{number}", name="answer", kind="approval"
            )
    async with serving() as served:
        for number in range(500):
            served.wait(wait_of(f"r{number}"))
        await until(lambda: served.loop.passes >= 1)
        statements, passes = served.loop.statements, served.loop.passes
        await until(lambda: served.loop.passes >= passes + 3)
        quiet = served.loop.statements - statements
        with session_scope() as session:
            others = session.execute(
                text(
                    "SELECT count(*) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            ).scalar_one()
    assert others == 1
    assert quiet <= 2 * (served.loop.passes - passes + 1)


async def test_news_of_the_task_before_a_clear_does_not_end_the_one_after_it() -> None:
    """A pass that was made just before the new task joined still says ``cancelled``."""
    hook = ask()
    async with serving() as served:
        old = wait_of(waiter="ti-1")
        first = served.wait(old)
        await until(lambda: served.loop.passes > 0)
        first.cancel()
        await served.loop.cancel(old)
    stale = loop_module.Pass(closed={hook.key: look()}, missing=frozenset())
    async with serving() as served:
        again = served.wait(wait_of(waiter="ti-2"))
        served.broadcast(stale)
        await until(lambda: look().status == "pending")
        answer(hook)
        closed = await asyncio.wait_for(again, 5)
    assert closed is not None
    assert closed.status == "answered"


async def test_a_wait_that_failed_and_was_cleared_is_told_to_wait_again(
    heard: list[tuple[str, str]],
) -> None:
    hook = ask()
    async with serving() as served:
        served.wait(wait_of(waiter="ti-1"))
        await until(lambda: served.loop.passes > 0)
    async with serving() as served:
        same = served.wait(wait_of(waiter="ti-1"))
        await until(lambda: served.loop.passes > 0)
        same.cancel()
    assert heard == []
    async with serving() as served:
        again = served.wait(wait_of(waiter="ti-2"))
        await until(lambda: heard == [("r1", "reopened")])
        answer(hook)
        assert await asyncio.wait_for(again, 5) is not None
