"""A person presses a button in the sandbox's Slack, which calls the relay as Slack would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.relay import background
from include.store.models import Entry, User
from include.store.session import session_scope
from tests.relay.conftest import hook_of

if TYPE_CHECKING:
    from sandbox.slack.client import SlackSandbox
    from tests.relay.conftest import Asked
    from tests.relay.support import FakeAirflow


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
    with session_scope() as session:
        entry = session.get_one(Entry, run["conf"]["entry_id"])
        ben = session.get_one(User, entry.submitter_id)
    assert (ben.slack_user_id, ben.email, ben.name) == (
        "U0BEN",
        "ben.okafor@example.com",
        "Ben Okafor",
    )
