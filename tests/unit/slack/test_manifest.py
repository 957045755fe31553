"""The manifest, the listeners and the page about Slack say the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from include.relay.listeners import LISTENERS, add_feedback, feedback_command, shipped_command
from sandbox.slack.seed import read_features

ROOT = Path(__file__).resolve().parents[3]
MANIFEST = ROOT / "slack" / "manifest.yaml"


def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    return loaded


def test_every_scope_is_explained_and_has_a_reason_beside_it() -> None:
    scopes = manifest()["oauth_config"]["scopes"]["bot"]
    page = (ROOT / "docs" / "slack.md").read_text(encoding="utf-8")
    assert len(scopes) == len(set(scopes)) >= 15
    assert [scope for scope in scopes if f"`{scope}`" not in page] == []
    lines = MANIFEST.read_text(encoding="utf-8").splitlines()
    start = lines.index("    bot:")
    assert lines[start + 1].strip().startswith("#")


def test_what_the_manifest_offers_is_listened_to() -> None:
    features = read_features(MANIFEST)
    assert {(one.kind, one.callback_id) for one in features.shortcuts} == {
        ("global", add_feedback.GLOBAL),
        ("message", add_feedback.MESSAGE),
    }
    assert set(features.commands) == {feedback_command.COMMAND, shipped_command.COMMAND}
    heard = (ROOT / "include" / "relay" / "listeners").glob("*.py")
    code = "\n".join(path.read_text(encoding="utf-8") for path in heard)
    for event in manifest()["settings"]["event_subscriptions"]["bot_events"]:
        assert f'app.event("{event.split(".")[0]}")' in code, event
    assert len(LISTENERS) == len(list((Path(add_feedback.__file__).parent).glob("[a-z]*.py")))


def test_every_address_leads_to_the_relay() -> None:
    text = MANIFEST.read_text(encoding="utf-8")
    addresses = [line.split(": ", 1)[1] for line in text.splitlines() if "url: https" in line]
    assert len(addresses) == 5
    assert set(addresses) == {"https://airflow.example.com/slack/events"}
