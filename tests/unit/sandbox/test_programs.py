"""How the sandbox stops its programs: together, and who asks before who is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xmlrpc.client import Fault

import pytest
from supervisor import childutils
from supervisor.states import ProcessStates

from sandbox import programs

if TYPE_CHECKING:
    from pathlib import Path

FIRST = {"scheduler", "scheduler-2", "triggerer", "worker-2", "dag-processor"}
THEN = {"redis", "proxy", "api-server", "api-server-2", "slack"}


class Supervisor:
    """supervisord with programs that need two looks to end; ``supervisor`` is itself."""

    def __init__(self) -> None:
        self.states: dict[str, Any] = dict.fromkeys(FIRST | THEN, ProcessStates.RUNNING)
        self.asked: list[set[str]] = []
        self.shuts_down = False
        self._looks = 0

    @property
    def supervisor(self) -> Supervisor:
        """Its RPC interface."""
        return self

    def getAllProcessInfo(self) -> list[dict[str, Any]]:
        """State of each program; who was asked to stop has ended at every third look."""
        if self.shuts_down:
            raise Fault(6, "SHUTDOWN_STATE")
        self._looks += 1
        if self._looks % 3 == 0:
            for name in (stopping := self._in(ProcessStates.STOPPING)):
                self.states[name] = ProcessStates.STOPPED
            if stopping:
                self.asked.append(stopping)
        return [{"name": name, "state": state} for name, state in self.states.items()]

    def stopProcess(self, name: str, wait: bool) -> bool:
        """Ask one to stop; not the next ones before that."""
        assert wait is False
        if self.states[name] != ProcessStates.RUNNING:
            raise Fault(70, "NOT_RUNNING")
        self.states[name] = ProcessStates.STOPPING
        return True

    def _in(self, state: Any) -> set[str]:
        return {name for name, one in self.states.items() if one == state}


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch) -> Supervisor:
    found = Supervisor()
    monkeypatch.setattr(childutils, "getRPCInterface", lambda _: found)
    monkeypatch.setattr(programs.time, "sleep", lambda _: None)
    return found


def test_who_asks_is_stopped_together_and_before_who_is_asked(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    programs.stop_programs(tmp_path)
    assert supervisor.asked == [FIRST, THEN]


def test_one_that_ended_by_itself_keeps_no_other_running(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.states |= {"worker-2": ProcessStates.FATAL, "redis": ProcessStates.EXITED}
    programs.stop_programs(tmp_path)
    assert supervisor.asked == [FIRST - {"worker-2"}, THEN - {"redis"}]


def test_one_that_shuts_down_already_is_left_to_it(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.shuts_down = True
    programs.stop_programs(tmp_path)
    assert supervisor.asked == []
