"""The relay is ready before the first call: made ready when the API server has started."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.testclient import TestClient

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


def test_without_a_connection_the_server_starts_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_APP", '{"conn_type": "slack", "password": "xoxb-1"}')
    warm.warm()
    assert "could not be warmed" in caplog.text
    assert "xoxb-1" not in caplog.text


def test_the_start_of_a_server_warms_and_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, warmed = threading.Event(), threading.Event()

    def slow() -> None:
        go_on.wait(30)
        warmed.set()

    monkeypatch.setattr(warm, "warm", slow)
    app = warm.build()
    assert isinstance(app, FastAPI), "Airflow starts nothing else"
    with TestClient(app) as client:
        assert client.get("/health").json() == {"status": "ok"}
        assert not warmed.is_set()
        go_on.set()
        assert warmed.wait(30)
