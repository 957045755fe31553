"""Plugin apps are mounted without authentication: every route of each must refuse strangers."""

from __future__ import annotations

import importlib.util
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from airflow.plugins_manager import AirflowPlugin
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.relay.support import SECRET

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
# What answers everybody, and all it may say.
OPEN = {("/slack", "/health"): {"status": "ok"}}


@cache
def plugin_apps() -> list[tuple[str, Any]]:
    """Prefix and app of every FastAPI app that any file in ``plugins/`` registers.

    Made once, as by Airflow: to make them takes longer than to ask a route.
    """
    found = []
    for path in sorted(PLUGINS.glob("*.py")):
        name = f"plugins_under_test_{path.stem}"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and issubclass(value, AirflowPlugin)
                and value is not AirflowPlugin
            ):
                found += [(entry["url_prefix"], entry["app"]) for entry in value.fastapi_apps]
    return found


def routes() -> list[tuple[str, str, str]]:
    found = []
    for prefix, app in plugin_apps():
        for route in app.routes:
            for method in sorted(getattr(route, "methods", None) or {"GET", "POST"}):
                found.append((prefix, method, route.path))
    return found


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> TestClient:
    value = f'{{"password": "xoxb-1", "extra": {{"signing_secret": "{SECRET}"}}}}'
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_APP", value)
    monkeypatch.setenv("AIRFLOW_CONN_FEEDBACK_DB", "postgresql://nobody@127.0.0.1:9/gone")
    host = FastAPI()
    for prefix, app in plugin_apps():
        host.mount(prefix, app)
    return TestClient(host, follow_redirects=False)


def test_the_relays_routes_are_walked() -> None:
    assert {("/slack", "POST", "/events"), ("/slack", "GET", "/health")} <= set(routes())


def test_nothing_is_documented_to_strangers() -> None:
    documents = [path for _, _, path in routes() if re.search("docs|openapi|redoc", path)]
    # Behind the login, as every other route: the next test asks for it as a stranger.
    assert sorted(documents) == ["/api/openapi.json", "/openapi.json"]


@pytest.mark.parametrize(("prefix", "method", "path"), routes())
def test_a_stranger_is_refused(client: TestClient, prefix: str, method: str, path: str) -> None:
    url = prefix + re.sub(r"\{[^}]*\}", "1", path)

    for body in (b"", b"{}", b"ssl_check=1", b'{"type": "url_verification", "challenge": "c"}'):
        answer = client.request(method, url, content=body)
        if (prefix, path) in OPEN:
            assert answer.status_code == 200
            assert method == "HEAD" or answer.json() == OPEN[prefix, path]
        else:
            assert answer.status_code in (401, 403), f"{method} {url}: {answer.status_code}"
            assert b"challenge" not in answer.content
