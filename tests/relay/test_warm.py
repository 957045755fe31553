"""The relay is ready before the first call: built beside the API server's start."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING

from include.relay import warm
from include.relay.app import app_for
from tests.relay.support import SECRET

if TYPE_CHECKING:
    import pytest

    from tests.relay.support import Caller


def test_warming_builds_the_app_that_calls_use(relay: Caller) -> None:
    app_for.cache_clear()
    warm.warm()
    assert app_for.cache_info().currsize == 1
    app_for(SECRET)
    assert app_for.cache_info().hits == 1
    assert set(warm.MODULES) <= set(sys.modules)


def test_without_a_connection_the_server_starts_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_APP", '{"conn_type": "slack", "password": "xoxb-1"}')
    warm.warm()
    assert "could not be warmed" in caplog.text
    assert "xoxb-1" not in caplog.text


def test_it_waits_until_the_server_has_started(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []
    state = SimpleNamespace()
    server = ModuleType(warm.SERVER)
    server.app = SimpleNamespace(state=state)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, warm.SERVER, server)
    monkeypatch.setattr(warm, "warm", lambda: built.append("warm"))
    assert warm.is_server()
    thread = warm.warm_beside_start(lambda: built.append("app"))
    thread.join(0.5)
    assert built == []
    state.lifespan_called = True
    thread.join(10)
    assert built == ["app", "warm"]


def test_other_components_do_not_warm() -> None:
    assert not warm.is_server()
