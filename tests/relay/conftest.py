"""The relay with a real database, real signatures, and stand-ins for Slack and Airflow."""

from __future__ import annotations

import json
import socket
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import uvicorn
from starlette.testclient import TestClient

from include.engine import airflow_api
from include.entries.decisions import match_key, record_decision
from include.entries.questions import ask, plan_groups
from include.relay import background
from include.relay import workspace as workspace_of_token
from include.relay.asgi import build
from include.store.models import Entry, Hook, Message, Request, User
from include.store.session import session_scope
from sandbox.slack.running import running_sandbox
from tests.db.conftest import feedback_db, template  # noqa: F401 - fixtures used by name
from tests.relay.support import SECRET, Caller, FakeAirflow, running_airflow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

    from sandbox.slack.client import SlackSandbox


SETTINGS = {"approvers": ["U0CARLA"], "web_base_url": "https://feedback.example.com"}


@pytest.fixture(scope="session")
def running_slack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlackSandbox]:
    folder = tmp_path_factory.mktemp("slack")
    with running_sandbox(
        folder, "http://127.0.0.1:9/slack/events", signing_secret=SECRET
    ) as sandbox:
        yield sandbox


@pytest.fixture
def slack(running_slack: SlackSandbox, monkeypatch: pytest.MonkeyPatch) -> SlackSandbox:
    """A fresh workspace, set as the connection ``slack_app``."""
    running_slack.reset()
    connect_slack(monkeypatch, running_slack.api_url)
    return running_slack


def connect_slack(monkeypatch: pytest.MonkeyPatch, base_url: str) -> None:
    # What another test's Slack said of the same token.
    workspace_of_token.forget()
    value = {
        "conn_type": "slack",
        "password": "xoxb-sandbox",
        "extra": {"signing_secret": SECRET, "base_url": base_url},
    }
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_APP", json.dumps(value))
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", json.dumps(SETTINGS))
    monkeypatch.setenv("AIRFLOW_CONN_EMBEDDINGS_API", "http://x:y@127.0.0.1:9")


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAirflow]:
    """An Airflow that only notes what it is asked, set as the connection ``airflow_api``."""
    airflow_api._tokens.clear()
    with running_airflow() as fake:
        connect_airflow(monkeypatch, fake.port)
        yield fake


def connect_airflow(monkeypatch: pytest.MonkeyPatch, port: int, password: str = "") -> None:
    value = {
        "conn_type": "http",
        "host": "127.0.0.1",
        "port": port,
        "login": "relay",
        "password": password or "relay-password",
    }
    monkeypatch.setenv("AIRFLOW_CONN_AIRFLOW_API", json.dumps(value))


@pytest.fixture
def relay(feedback_db: URL, slack: SlackSandbox, airflow: FakeAirflow) -> Iterator[Caller]:  # noqa: F811
    """Calls the relay in this process; nothing of it runs any more when the test ends."""
    with TestClient(build()) as client:
        yield Caller(client)
        assert background.drain(30)


@dataclass(frozen=True)
class Asked:
    """An open question to Ann about a request, its card in her direct messages."""

    hook_id: str
    entry_id: int
    request_id: int
    token: str


@pytest.fixture
def asked(relay: Caller) -> Asked:
    """A question as ``process_customer_entry`` asks it."""
    from include.durable.api import hook_token
    from include.outbox.sender import deliver

    with session_scope() as session:
        ann = User(slack_user_id="U0ANN", name="Ann")
        request = Request(slug="csv-export", title="Export tables as CSV")
        session.add_all([ann, request])
        session.flush()
        entry = Entry(
            idempotency_key="test:1",
            source="slack",
            customer_pain="They copy tables by hand & lose hours.",
            severity="medium",
            submitter_id=ann.id,
            status="waiting",
            dag_id="process_customer_entry",
            run_id="test_1",
        )
        session.add(entry)
        session.flush()
        record_decision(
            session,
            key=match_key(entry.id),
            entry_id=entry.id,
            step="match",
            route="ask",
            request_id=request.id,
            confidence=0.86,
            reason="Both ask for tables outside the product.",
            actor_kind="system",
        )
        run = {"dag_id": "process_customer_entry", "run_id": "test_1"}
        message_ids = [ask(session, group, **run) for group in plan_groups(session, **run)]
        hook_id = session.get_one(Message, message_ids[0]).hook_id
        assert hook_id is not None
        asked = Asked(str(hook_id), entry.id, request.id, hook_token(session, hook_id))
    deliver(message_ids)
    return asked


def hook_of(asked: Asked) -> Hook:
    with session_scope() as session:
        return session.get_one(Hook, asked.hook_id)


@pytest.fixture(scope="session")
def relay_socket() -> Iterator[socket.socket]:
    """Where each test's relay listens in turn."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        yield listening


@pytest.fixture(scope="session")
def calling_slack(
    relay_socket: socket.socket, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SlackSandbox]:
    """A sandbox that calls the relay; a process of its own, which takes a second to start."""
    folder = tmp_path_factory.mktemp("slack")
    url = f"http://127.0.0.1:{relay_socket.getsockname()[1]}/events"
    domain = ("--unfurl-domain", "feedback.example.com")
    with running_sandbox(folder, url, signing_secret=SECRET, extra=domain) as sandbox:
        yield sandbox


@pytest.fixture
def workspace(
    relay: Caller,
    relay_socket: socket.socket,
    calling_slack: SlackSandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[SlackSandbox]:
    """A fresh workspace whose clicks reach the relay over HTTP."""
    calling_slack.reset()
    connect_slack(monkeypatch, calling_slack.api_url)
    server = uvicorn.Server(uvicorn.Config(build(), log_level="error", ws="none"))
    # A copy: the server closes what it listens on.
    thread = threading.Thread(target=server.run, args=([relay_socket.dup()],), daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < deadline, "the relay did not start"
        time.sleep(0.01)
    yield calling_slack
    # What Slack still repeats, it repeats to nobody.
    calling_slack.reset()
    background.drain()
    server.should_exit = True
    thread.join(10)
