"""``make slack-check`` says what is missing in a workspace, and how to mend it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from include.operations.slack_check import Finding, check, main, wanted_scopes
from include.store.models import Area
from include.store.session import session_scope
from sandbox.slack.running import running_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import URL

    from sandbox.slack.client import SlackSandbox

SECRET = "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlackSandbox]:
    folder: Path = tmp_path_factory.mktemp("slack")
    manifest = ("--manifest", "slack/manifest.yaml")
    with running_sandbox(folder, "http://127.0.0.1:9/x", extra=manifest) as running:
        yield running


@pytest.fixture
def connected(
    sandbox: SlackSandbox, feedback_db: URL, monkeypatch: pytest.MonkeyPatch
) -> SlackSandbox:
    sandbox.reset()
    connect(monkeypatch, sandbox)
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", "{}")
    return sandbox


def connect(monkeypatch: pytest.MonkeyPatch, sandbox: SlackSandbox, **more: Any) -> None:
    extra = {"signing_secret": SECRET, "app_token": "xapp-sandbox", "base_url": sandbox.api_url}
    value = {"conn_type": "slack", "password": more.pop("password", "xoxb-sandbox")}
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_APP", json.dumps(value | {"extra": extra | more}))


def found() -> dict[str, Finding]:
    findings: list[Finding] = []
    complete = check(findings.append)
    assert complete == all(finding.ok for finding in findings)
    return {finding.what: finding for finding in findings}


def missing() -> dict[str, str]:
    return {what: finding.detail for what, finding in found().items() if not finding.ok}


def test_a_complete_workspace_is_said_to_be_so(
    connected: SlackSandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    with session_scope() as session:
        session.add(Area(slug="reporting", name="Reporting", slack_channel="#eng-reporting"))
    assert main() == 0
    told = capsys.readouterr().out
    assert "ok       bot token: gtm-feedback in Lumen Demo" in told
    assert "ok       channel of area reporting: #eng-reporting" in told
    assert told.endswith("Slack is set up.\n")
    assert "xoxb" not in told
    assert SECRET not in told


def test_missing_channels_and_memberships_are_named(
    connected: SlackSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session_scope() as session:
        session.add(Area(slug="deals", name="Deals", slack_channel="C0DEALS"))
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"review_channel": "#nowhere"}')
    assert missing() == {
        "review channel": "#nowhere is not there, or the app cannot see it",
        "channel of area deals": "the app is not in C0DEALS",
    }


@pytest.mark.parametrize(
    ("changed", "what", "detail"),
    [
        ({"password": "xoxb-wrong"}, "bot token", "Slack answers invalid_auth"),
        ({"password": " "}, "bot token", "has no password"),
        ({"signing_secret": "my client secret"}, "signing secret", "does not look like one"),
        ({"signing_secret": ""}, "signing secret", "has no extra 'signing_secret'"),
        ({"app_token": "xapp-wrong"}, "Socket Mode", "Slack answers invalid_auth"),
    ],
)
def test_wrong_secrets_are_told_apart(
    connected: SlackSandbox,
    monkeypatch: pytest.MonkeyPatch,
    changed: dict[str, str],
    what: str,
    detail: str,
) -> None:
    connect(monkeypatch, connected, **changed)
    assert detail in missing()[what]


def test_missing_scopes_are_listed(
    feedback_db: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_sandbox(tmp_path / "bare", "http://127.0.0.1:9/x") as bare:
        connect(monkeypatch, bare)
        monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", "{}")
        assert missing()["scopes"] == f"missing: {', '.join(sorted(wanted_scopes()))}"
