"""Timestamps, triggers, threads, forms and settings, with a clock the test holds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.slack import forms
from sandbox.slack.errors import ActError, SlackError
from sandbox.slack.journal import Journal
from sandbox.slack.relay import sign
from sandbox.slack.seed import PEOPLE, read_features
from sandbox.slack.settings import read_settings
from sandbox.slack.views import ViewDesk
from sandbox.slack.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VIEW: dict[str, Any] = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "T"},
    "blocks": [{"type": "divider"}],
}


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "deep" / "w.sqlite")
    yield journal
    journal.close()


@pytest.fixture
def workspace(journal: Journal, clock: Clock) -> Workspace:
    return Workspace(journal, clock)


def test_timestamps_increase_though_the_clock_stands_or_goes_back(
    workspace: Workspace, clock: Clock
) -> None:
    first = workspace.next_ts()
    assert first == "1700000000.000000"
    assert workspace.next_ts() == "1700000000.000001"
    clock.now -= 60
    assert workspace.next_ts() == "1700000000.000002"


def test_a_reloaded_workspace_continues_after_its_last_message(
    workspace: Workspace, journal: Journal, clock: Clock
) -> None:
    ts = workspace.post("C0FEEDBACK", "U0ANN", text="x")["ts"]
    clock.now -= 3600
    again = Workspace(journal, clock)
    assert again.message("C0FEEDBACK", ts)["text"] == "x"
    assert again.next_ts() > ts


def test_a_reset_forgets_messages_yet_never_reuses_a_timestamp(workspace: Workspace) -> None:
    ts = workspace.post("C0FEEDBACK", "U0ANN", text="x")["ts"]
    workspace.reset()
    assert workspace.all_messages("C0FEEDBACK") == []
    assert workspace.next_ts() > ts


def test_every_change_raises_the_version(workspace: Workspace) -> None:
    seen = [workspace.version]
    ts = workspace.post("C0FEEDBACK", "U0ANN", text="x")["ts"]
    seen.append(workspace.version)
    workspace.react("C0FEEDBACK", ts, "eyes", "U0BEN")
    seen.append(workspace.version)
    workspace.delete("C0FEEDBACK", ts)
    seen.append(workspace.version)
    assert seen == sorted(set(seen))


def test_a_trigger_lives_three_seconds(
    workspace: Workspace, journal: Journal, clock: Clock
) -> None:
    views = ViewDesk(workspace, journal)
    fresh, late = views.new_trigger("U0ANN"), views.new_trigger("U0ANN")
    clock.now += 3.0
    assert views.open(fresh, VIEW)["type"] == "modal"
    clock.now += 0.01
    with pytest.raises(SlackError, match="expired_trigger_id"):
        views.open(late, VIEW)


def test_at_most_three_modals_are_stacked(workspace: Workspace, journal: Journal) -> None:
    views = ViewDesk(workspace, journal)
    root = views.open(views.new_trigger("U0ANN"), VIEW)
    views.push(views.new_trigger("U0ANN"), VIEW)
    third = views.push(views.new_trigger("U0ANN"), VIEW)
    assert third["root_view_id"] == root["id"]
    with pytest.raises(SlackError, match="push_limit_reached"):
        views.push(views.new_trigger("U0ANN"), VIEW)
    views.close("U0ANN", everything=True)
    assert views.top("U0ANN") is None


def _field(block: str, **element: Any) -> dict[str, Any]:
    kind = {"type": "plain_text_input", "action_id": "text", **element}
    return {"type": "input", "block_id": block, "element": kind}


def test_a_form_keeps_initial_values_and_demands_the_rest() -> None:
    blocks = [_field("pain", initial_value="as given"), _field("more")]
    with pytest.raises(ActError, match="'more' must be filled in"):
        forms.fill(blocks, {}, require=True)
    state = forms.fill(blocks, {"more": {"text": "typed"}}, require=True)
    assert state["pain"]["text"]["value"] == "as given"
    assert state["more"]["text"]["value"] == "typed"
    with pytest.raises(ActError, match="no such input"):
        forms.fill(blocks, {"mroe": "x"}, require=False)


def test_buttons_of_one_action_id_are_told_apart_by_value_or_block() -> None:
    def row(block: str) -> dict[str, Any]:
        press = {"type": "button", "action_id": "go", "value": f"v-{block}"}
        return {"type": "actions", "block_id": block, "elements": [press]}

    blocks = [row("one"), row("two")]
    assert forms.find(blocks, "go", "two", None)[1]["value"] == "v-two"
    assert forms.find(blocks, "go", None, "v-one")[0]["block_id"] == "one"
    with pytest.raises(ActError, match="several"):
        forms.find(blocks, "go", None, None)


def test_the_signature_covers_version_time_and_body() -> None:
    from slack_sdk.signature import Clock as SdkClock
    from slack_sdk.signature import SignatureVerifier

    class Fixed(SdkClock):
        def now(self) -> float:
            return 1_700_000_000.0

    stamp, body = "1700000000", b"payload=%7B%7D"
    headers = {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": sign("secret", stamp, body),
    }
    verifier = SignatureVerifier("secret", Fixed())
    assert verifier.is_valid_request(body, headers)
    assert not verifier.is_valid_request(body + b"x", headers)


def test_flags_win_over_variables_and_a_secret_file_is_read(tmp_path: Path) -> None:
    env = {
        "SLACK_SANDBOX_PORT": "9001",
        "SLACK_SANDBOX_SIGNING_SECRET": "from-env",
        "SLACK_SANDBOX_RELAY_URL": "http://127.0.0.1:1/x",
    }
    assert read_settings([], env).port == 9001
    assert read_settings([], env).signing_secret == "from-env"
    secret = tmp_path / "secret"
    secret.write_text("from-file\n", encoding="utf-8")
    flags = ["--port", "9002", "--signing-secret-file", str(secret)]
    settings = read_settings(flags, env)
    assert (settings.port, settings.signing_secret) == (9002, "from-file")
    assert settings.relay_url == "http://127.0.0.1:1/x"


@pytest.mark.parametrize("content", [None, ""])
def test_a_secret_file_without_a_secret_stops_the_start(
    tmp_path: Path, content: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "secret"
    if content is not None:
        secret.write_text(content, encoding="utf-8")
    with pytest.raises(SystemExit):
        read_settings(["--signing-secret-file", str(secret)], {})
    assert "--signing-secret-file" in capsys.readouterr().err


def test_a_manifest_names_the_shortcuts_and_commands(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    shortcut = {"name": "Add", "type": "global", "callback_id": "cb", "description": "d"}
    features = {"shortcuts": [shortcut], "slash_commands": [{"command": "/x"}]}
    manifest.write_text(json.dumps({"features": features}), encoding="utf-8")
    read = read_features(manifest)
    assert (read.shortcuts[0].callback_id, read.commands) == ("cb", ("/x",))
    manifest.write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match="not a Slack app manifest"):
        read_features(manifest)


def test_people_are_invented() -> None:
    assert all(p.email is None or p.email.endswith("@example.com") for p in PEOPLE)
    assert {p.id for p in PEOPLE} >= {"U0ANN", "U0BEN", "U0CARLA", "U0DEV"}
