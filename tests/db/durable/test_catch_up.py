"""What the sweep does for the waits: close, remind, and tell a handler again that has failed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from include.durable import catch_up, handlers
from include.durable.api import create_hook
from include.durable.keeper import Keeper, Limits
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.durable.types import HookEvent, HookView
    from tests.db.durable.airflow_double import AirflowDouble
    from tests.virtual_clock import MoveClock

pytestmark = pytest.mark.usefixtures("feedback_db")
HANDLER = "heard_by_the_sweep"


class Handler:
    """Hears of hooks; fails as long as it is told to."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.fails = False
        self.fails_for: set[str] = set()

    def __call__(self, hook: HookView, event: HookEvent) -> None:
        """Note the event, or fail."""
        self.heard.append((hook.run_id, event))
        if self.fails or hook.run_id in self.fails_for:
            raise ConnectionError("Slack is away")


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Handler:
    """The handler of the hooks that these tests open."""
    made = Handler()
    monkeypatch.setitem(handlers._registered, HANDLER, made)
    return made


@pytest.fixture
def sweep(airflow: AirflowDouble, monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, int]]:
    """The sweep on an Airflow that is a double."""
    limits = Limits(5, timedelta(hours=1), 16)
    monkeypatch.setattr(catch_up, "limits_in_force", lambda: limits)
    monkeypatch.setattr(
        catch_up, "make_keeper", lambda: Keeper(session_scope, airflow, lambda: limits)
    )
    monkeypatch.setattr(catch_up.airflow_api, "failed_runs", lambda _dag_id, _since: [])
    return catch_up.catch_up


def ask(run_id: str = "r1", remind_after: timedelta | None = None) -> None:
    with session_scope() as session:
        create_hook(
            session,
            dag_id="a_dag",
            run_id=run_id,
            name="answer",
            kind="approval",
            handler=HANDLER,
            remind_after=remind_after,
            expires_after=timedelta(days=7),
        )


def test_a_handler_that_failed_is_told_again_until_it_has_heard(
    handler: Handler, sweep: Callable[[], dict[str, int]], move_clock: MoveClock
) -> None:
    ask()
    handler.fails = True
    move_clock(timedelta(days=7, seconds=1))
    assert sweep()["overdue"] == 1
    assert sweep()["told_again"] == 0  # within the minute somebody may be telling it
    assert handler.heard == [("r1", "expired")]

    move_clock(timedelta(days=7, minutes=2))
    assert sweep()["told_again"] == 0
    handler.fails = False
    assert sweep()["told_again"] == 1
    assert sweep()["told_again"] == 0
    assert handler.heard == [("r1", "expired")] * 3


def test_a_handler_that_has_heard_is_left_alone(
    handler: Handler, sweep: Callable[[], dict[str, int]], move_clock: MoveClock
) -> None:
    ask()
    move_clock(timedelta(days=7, seconds=1))
    assert sweep()["overdue"] == 1
    move_clock(timedelta(days=8))
    assert sweep()["told_again"] == 0
    assert handler.heard == [("r1", "expired")]


def test_one_more_than_is_told_at_once_is_told_though_the_first_fail(
    sweep: Callable[[], dict[str, int]],
    handler: Handler,
    monkeypatch: pytest.MonkeyPatch,
    move_clock: MoveClock,
) -> None:
    monkeypatch.setattr(catch_up, "AT_ONCE", 2)
    for number in range(5):
        ask(f"r{number}", remind_after=timedelta(days=1))
    heard = handler.heard
    everybody = {f"r{number}" for number in range(5)}

    move_clock(timedelta(days=2))
    handler.fails_for = {"r0", "r1"}
    assert sweep()["reminded"] == 3
    assert sorted(heard) == [(run_id, "remind") for run_id in sorted(everybody)]

    handler.fails_for = everybody
    move_clock(timedelta(days=8))
    assert sweep()["overdue"] == 5
    heard.clear()
    handler.fails_for = {"r0", "r1"}
    move_clock(timedelta(days=8, minutes=2))
    assert sweep()["told_again"] == 3
    assert sorted(heard) == [(run_id, "expired") for run_id in sorted(everybody)]
