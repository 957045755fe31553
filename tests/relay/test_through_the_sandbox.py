"""A person presses a button in the sandbox's Slack, which calls the relay as Slack would."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
import uvicorn

from include.sandbox.slack.running import free_port, running_sandbox
from include.slack.relay import background
from include.slack.relay.asgi import build
from tests.relay.conftest import connect_slack, hook_of
from tests.relay.support import SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.sandbox.slack.client import SlackSandbox
    from tests.relay.conftest import Asked
    from tests.relay.support import Caller, FakeAirflow


@pytest.fixture
def workspace(
    relay: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SlackSandbox]:
    """A workspace whose clicks reach the relay over HTTP."""
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(build(), "127.0.0.1", port, log_level="error", ws="none")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < deadline, "the relay did not start"
        time.sleep(0.02)
    url = f"http://127.0.0.1:{port}/events"
    with running_sandbox(tmp_path / "slack", url, signing_secret=SECRET) as sandbox:
        connect_slack(monkeypatch, sandbox.api_url)
        yield sandbox
    background.drain()
    server.should_exit = True
    thread.join(10)


def test_a_question_is_answered_with_one_press(workspace: SlackSandbox, asked: Asked) -> None:
    card = workspace.wait_for_message(lambda m: bool(m.get("blocks")), channel="D0ANN")

    pressed = workspace.click("U0ANN", "D0ANN", card["ts"], "answer_attach", repeat=1)
    locked = workspace.wait_for_message(lambda m: "Answered" in m["text"], channel="D0ANN")

    assert [delivery["status"] for delivery in pressed["deliveries"]] == [200, 200]
    assert max(delivery["elapsed_ms"] for delivery in pressed["deliveries"]) < 3000
    assert "answer_attach" not in str(locked["blocks"])
    assert hook_of(asked).answer == {"choice": "attach"}


@pytest.mark.parametrize("how", ["wrong_signature", "stale", "no_signature"])
def test_a_forged_press_changes_nothing(workspace: SlackSandbox, asked: Asked, how: str) -> None:
    card = workspace.dm("U0ANN")[0]

    pressed = workspace.click("U0ANN", "D0ANN", card["ts"], "answer_attach", **{how: True})

    assert [delivery["status"] for delivery in pressed["deliveries"]] == [401]
    assert hook_of(asked).status == "pending"


def test_the_command_starts_a_run(workspace: SlackSandbox, airflow: FakeAirflow) -> None:
    workspace.command("U0BEN", "/feedback", "Exports time out")
    assert background.drain()

    (run,) = airflow.runs.values()
    assert run["conf"]["submitter"] == {"slack_user_id": "U0BEN", "name": "ben"}
