"""Several keepers and several triggerers on one database: the database settles who does what."""

from __future__ import annotations

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Lock
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.durable import handlers
from include.durable.api import create_hook
from include.durable.keeper import Keeper, Limits
from include.store.session import session_scope
from tests.db.durable.airflow_double import AirflowDouble
from tests.db.durable.conftest import serving, until, wait_of
from tests.db.durable.parked import answer, hook_of, rows, waiting_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from include.durable.types import HookView
    from tests.virtual_clock import MoveClock

pytestmark = pytest.mark.usefixtures("feedback_db")
KEEPERS, RUNS = 6, 12


class CountedAirflow(AirflowDouble):
    """Also counts how often each run was ended and cleared, by whichever keeper."""

    def __init__(self, **downstream: str) -> None:
        super().__init__(**downstream)
        self.ended: Counter[str] = Counter()
        self._lock = Lock()

    def end(self, dag_id: str, run_id: str, note: str) -> None:
        with self._lock:
            self.ended[run_id] += 1
        super().end(dag_id, run_id, note)

    def clear(self, dag_id: str, run_id: str, tasks: Iterable[tuple[str, int]]) -> None:
        with self._lock:
            super().clear(dag_id, run_id, tasks)


def at_once(work: Callable[[], Any], times: int) -> list[Any]:
    """Do it in so many threads that begin together."""
    together = Barrier(times)

    def begin(_: int) -> Any:
        together.wait()
        return work()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(begin, range(times)))


def test_several_keepers_park_and_continue_each_run_once() -> None:
    airflow = CountedAirflow(ask="wait", wait="apply", apply="report")
    names = [f"r{number:02d}" for number in range(RUNS)]
    for name in names:
        waiting_run(airflow, name)
    with session_scope() as session:
        session.execute(text("UPDATE hooks SET created_at = now() - interval '2 hours'"))

    def step() -> list[str]:
        keeper = Keeper(session_scope, airflow, lambda: Limits(2, timedelta(hours=1), 100))
        return keeper.step().parked

    parked = [name for found in at_once(step, KEEPERS) for name in found]
    assert sorted(parked) == names
    assert airflow.ended == Counter(names)

    for name in names:
        answer(name)
    at_once(step, KEEPERS)
    step()
    assert {name: len(airflow.runs[name].cleared) for name in names} == dict.fromkeys(names, 1)
    assert rows() == 0
    assert {hook_of(name).answer["choice"] for name in names} == {"yes"}  # type: ignore[index]


async def test_several_triggerers_close_what_is_overdue_once_and_all_are_woken(
    move_clock: MoveClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: Counter[tuple[str, str]] = Counter()

    def hear(hook: HookView, event: str) -> None:
        told[hook.run_id, event] += 1

    monkeypatch.setitem(handlers._registered, "heard_by_several", hear)
    names = [f"r{number:02d}" for number in range(RUNS)]
    with session_scope() as session:
        for name in names:
            create_hook(
                session,
                dag_id="a_dag",
                run_id=name,
                name="answer",
                kind="approval",
                handler="heard_by_several",
                expires_after=timedelta(hours=1),
            )
    async with serving() as first, serving() as second, serving() as third:
        loops = (first, second, third)
        # Each run waits in one triggerer, as Airflow shares them out.
        waiting = [loops[n % 3].wait(wait_of(name)) for n, name in enumerate(names)]
        await until(lambda: all(served.loop.passes > 0 for served in loops))
        await asyncio.to_thread(move_clock, timedelta(hours=2))
        closed = await asyncio.wait_for(asyncio.gather(*waiting), 20)
        await until(lambda: len(told) == RUNS)
    assert {hook.status for hook in closed if hook is not None} == {"expired"}
    assert told == Counter({(name, "expired"): 1 for name in names})
