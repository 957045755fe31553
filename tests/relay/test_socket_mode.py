"""The same listeners over Socket Mode, with the sandbox at the other end of the socket."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.builtin.connection import ConnectionState
from sqlalchemy import func, select

from include.base.connections import MissingConnection
from include.relay import background, socket
from include.store.models import SlackEvent
from include.store.session import session_scope
from tests.relay.conftest import hook_of
from tests.relay.test_capture import DAG, SAID, runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.slack.client import SlackSandbox
    from tests.relay.conftest import Asked
    from tests.relay.support import FakeAirflow


def set_app_token(monkeypatch: pytest.MonkeyPatch, token: str | None) -> None:
    value = json.loads(os.environ["AIRFLOW_CONN_SLACK_APP"])
    value["extra"]["app_token"] = token
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_APP", json.dumps(value))


@pytest.fixture
def over_socket(workspace: SlackSandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackSandbox]:
    """The workspace with the app connected through a socket."""
    set_app_token(monkeypatch, "xapp-sandbox")
    client = socket.connect()
    try:
        yield workspace
    finally:
        client.close()
        assert background.drain()


def test_a_press_a_command_and_a_reaction_come_through_the_socket(
    over_socket: SlackSandbox, asked: Asked, airflow: FakeAirflow
) -> None:
    card = over_socket.wait_for_message(lambda m: bool(m.get("blocks")), channel="D0ANN")
    pressed = over_socket.click(
        "U0ANN", "D0ANN", card["ts"], "answer_attach", transport="socket", repeat=2
    )
    said = over_socket.command("U0BEN", "/feedback", "Exports time out", transport="socket")
    ts = over_socket.say("U0BEN", "C0FEEDBACK", SAID)["ts"]
    over_socket.react("U0ANN", "C0FEEDBACK", ts, "gtm-feedback", transport="socket")
    assert background.drain()

    assert [one["ok"] for one in pressed["deliveries"]] == [True] * 3
    assert hook_of(asked).answer == {"choice": "attach"}
    assert json.loads(said["body"])["text"].startswith("Thanks.")
    assert len(runs(airflow, "process_customer_entry")) == 1
    assert len(runs(airflow, DAG)) == 1


def test_the_form_opens_and_shows_its_errors_through_the_socket(over_socket: SlackSandbox) -> None:
    over_socket.shortcut("U0ANN", "add_feedback", transport="socket")
    assert background.drain()
    view = over_socket.view("U0ANN")
    assert view is not None

    over_socket.submit("U0ANN", {"pain": "   "}, transport="socket")

    assert over_socket.state()["view_errors"][view["id"]] == {
        "pain": "This is missing or blank: say in a sentence what hurts."
    }


def test_an_event_that_comes_three_times_over_both_transports_starts_one_run(
    over_socket: SlackSandbox, airflow: FakeAirflow
) -> None:
    ts = over_socket.say("U0BEN", "C0FEEDBACK", SAID)["ts"]
    first = over_socket.react("U0ANN", "C0FEEDBACK", ts, "gtm-feedback", transport="socket")
    envelope = first["sent"]
    again = socket.take(envelope)
    over_http = over_socket.react(
        "U0DEV", "C0FEEDBACK", ts, "gtm-feedback", transport="http", repeat=1
    )
    assert background.drain()

    assert again == {}
    assert over_http["ok"]
    assert len(runs(airflow, DAG)) == 1
    with session_scope() as session:
        keys = session.scalars(
            select(SlackEvent.key).where(SlackEvent.kind == "event:reaction_added")
        ).all()
    assert len(keys) == len(set(keys)) == 2


def test_what_cannot_be_stored_is_not_acknowledged(
    over_socket: SlackSandbox, airflow: FakeAirflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_FEEDBACK_DB", "postgresql://nobody@127.0.0.1:9/gone")
        said = over_socket.command("U0BEN", "/feedback", "Exports time out", transport="socket")
    assert not said["ok"]

    said = over_socket.command("U0BEN", "/feedback", "Exports time out", transport="socket")
    assert said["ok"]


def test_a_senseless_call_is_acknowledged_and_kept_out(over_socket: SlackSandbox) -> None:
    for payload in (None, {}, {"type": 7}, {"type": "event_callback"}, {"type": "block_actions"}):
        assert socket.take(payload) == {}
    with session_scope() as session:
        assert session.scalar(select(func.count(SlackEvent.id))) == 0


def test_connects_again_after_the_socket_was_lost(
    workspace: SlackSandbox, monkeypatch: pytest.MonkeyPatch, airflow: FakeAirflow
) -> None:
    set_app_token(monkeypatch, "xapp-sandbox")
    client = socket.connect()
    try:
        client.connect_to_new_endpoint(force=True)
        said = workspace.command("U0BEN", "/feedback", "Exports time out", transport="socket")
        assert said["ok"]
    finally:
        client.close()


class TakenBack(ConnectionState):
    """Where the receiving thread goes on just after it was told to end, once."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.told = 0

    @property
    def terminated(self) -> bool:
        return self.told > 1

    @terminated.setter
    def terminated(self, value: bool) -> None:
        if value:
            self.told += 1
        else:
            self.began.set()


def test_ends_although_told_so_as_it_begins_to_receive(
    workspace: SlackSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_app_token(monkeypatch, "xapp-sandbox")
    client = socket.connect()
    before, state = client.current_session_state, TakenBack()
    client.current_session_state = state
    before.terminated = True
    assert state.began.wait(10)

    ending = threading.Thread(target=client.close, daemon=True)
    ending.start()
    ending.join(10)

    assert not ending.is_alive()
    assert state.told > 1


def test_a_missing_or_wrong_token_is_told(
    workspace: SlackSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_app_token(monkeypatch, None)
    with pytest.raises(MissingConnection, match="no extra 'app_token'"):
        socket.connect()
    set_app_token(monkeypatch, "xapp-wrong")
    with pytest.raises(SlackApiError, match="invalid_auth"):
        socket.connect()
