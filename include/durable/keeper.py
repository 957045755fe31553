"""What parks and resumes runs while nothing else runs: the keeper, alive in one triggerer.

It does one *step* after another in a thread: continue what is answered, in the order of the
answers; settle what was interrupted; park what is too much. It is woken by every pass of the
process's loop, so an answer to a parked run is acted on at once, and it rests otherwise.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.base.errors import FatalError, TransientError
from include.base.tracing import apart
from include.durable import parking
from include.durable.handlers import tell_closed
from include.durable.parking import CannotPark, Resumed

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from include.durable.loop import HookLoop
    from include.durable.parking import Runs, Sessions

log = logging.getLogger(__name__)

REST_SECONDS = 10.0
"""A step is made this often even if nothing woke the keeper."""
BUSY_SECONDS = 0.3
"""Between steps while parked runs wait for their turn."""
RETRY_SECONDS = 2.0
"""Before a run whose continuation failed is tried again; doubled up to ``PAUSE_SECONDS``."""
PAUSE_SECONDS = 30.0
"""A run that could not be parked, or continued, is left alone this long."""
LIMIT = 20
BURST = 8
"""Up to so many answered runs are continued without asking how busy Airflow is."""


@dataclass(frozen=True)
class Limits:
    """See ``base.settings``: hot waits in all, when to park anyway, runs continued at once."""

    hot_waits: int
    park_after: timedelta
    resume_at_once: int


@dataclass
class Step:
    """What one step did."""

    resumed: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    parked: list[str] = field(default_factory=list)
    is_behind: bool = False
    is_retrying: bool = False


class Keeper:
    """Parks and resumes; not thread-safe, but several may work on one database."""

    def __init__(self, sessions: Sessions, runs: Runs, limits: Callable[[], Limits]) -> None:
        self._sessions = sessions
        self._runs = runs
        self._limits = limits
        self._paused: dict[str | int, float] = {}
        self._failures: dict[int, int] = {}

    def step(self) -> Step:
        """Continue, settle, park; what cannot be done now is tried again in a later step."""
        step, limits = Step(), self._limits()
        now = time.monotonic()
        self._paused = {what: until for what, until in self._paused.items() if until > now}
        self.resume(step, limits)
        if not step.is_behind:
            self._settle()
            self._park(step, limits)
        return step

    def resume(self, step: Step, limits: Limits) -> None:
        """Continue parked runs that may go on, few at a time, first answered first."""
        with self._sessions() as session:
            found = parking.to_resume(session, excluded=self._excluded_ids(), limit=LIMIT)
            hot = parking.hot_runs(session) if len(found) > BURST else 0
        if len(found) > BURST:
            # Every running run costs the scheduler time: a flood of answers is let in by portions.
            room = limits.resume_at_once - max(0, self._runs.active() - hot)
            step.is_behind = len(found) > room
            found = found[: max(0, room)]
        for parked_id in found:
            try:
                outcome, cancelled = parking.resume(self._sessions, self._runs, parked_id)
            except Exception as error:
                # One run that cannot go on keeps no other from going on, nor from being parked.
                why = str(error) if isinstance(error, TransientError) else type(error).__name__
                failures = self._failures[parked_id] = self._failures.get(parked_id, 0) + 1
                pause = min(PAUSE_SECONDS, RETRY_SECONDS * 2 ** (failures - 1))
                self._pause(parked_id, f"cannot be continued now: {why}", seconds=pause)
                step.is_retrying = True
                continue
            self._failures.pop(parked_id, None)
            if outcome is Resumed.LATER:
                self._paused[parked_id] = time.monotonic() + 1.0
                step.is_retrying = True
                continue
            for hook in cancelled:
                tell_closed(self._sessions, hook)
            (step.resumed if outcome is Resumed.CONTINUED else step.given_up).append(str(parked_id))

    def _settle(self) -> None:
        with self._sessions() as session:
            found = parking.unsettled(session, excluded=self._excluded_ids())
        for parked_id in found:
            try:
                parking.settle(self._sessions, self._runs, parked_id)
            except TransientError as error:
                self._pause(parked_id, f"cannot be settled now: {error}")

    def _park(self, step: Step, limits: Limits) -> None:
        with self._sessions() as session:
            found = parking.over_budget(
                session,
                budget=limits.hot_waits,
                age=limits.park_after,
                excluded=[what for what in self._paused if isinstance(what, str)],
                limit=LIMIT,
            )
        for hot in found:
            try:
                parking.park(self._sessions, self._runs, hot.dag_id, hot.run_id)
            except CannotPark as reason:
                self._pause(hot.run_id, f"stays hot: {reason}")
            except TransientError as error:
                self._pause(hot.run_id, f"cannot be parked now: {error}")
            else:
                step.parked.append(hot.run_id)
        step.is_behind = len(found) == LIMIT

    def _excluded_ids(self) -> list[int]:
        return [what for what in self._paused if isinstance(what, int)]

    def _pause(self, what: str | int, why: str, seconds: float = PAUSE_SECONDS) -> None:
        self._paused[what] = time.monotonic() + seconds
        log.info("durable hooks: run %s %s", what, why)


async def keep(loop: HookLoop, keeper: Keeper) -> None:
    """Step for ever beside the loop; a step that fails is logged and made again."""
    woken = asyncio.Event()
    loop.listeners.add(woken)
    try:
        while True:
            woken.clear()
            pause = REST_SECONDS
            try:
                with apart():
                    step = await asyncio.to_thread(keeper.step)
            except (FatalError, TransientError) as error:
                log.warning("durable hooks: the keeper cannot work now: %s", error)
            except Exception as error:
                # Nothing may end the keeper; the type alone, because a text may hold values.
                log.warning("durable hooks: the keeper's step failed (%s)", type(error).__name__)
            else:
                if step.resumed or step.parked or step.given_up:
                    log.info(
                        "durable hooks: %d runs continued, %d parked, %d given up",
                        len(step.resumed),
                        len(step.parked),
                        len(step.given_up),
                    )
                if step.is_behind:
                    pause = BUSY_SECONDS
                elif step.is_retrying:
                    pause = RETRY_SECONDS
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await woken.wait()
    finally:
        loop.listeners.discard(woken)
