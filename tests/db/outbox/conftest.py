"""The sandbox's Slack as the counterpart of the sender."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.slack.running import running_sandbox
from tests.db.outbox.support import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import URL

    from sandbox.slack.client import SlackSandbox


@pytest.fixture(scope="module")
def running_slack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlackSandbox]:
    folder: Path = tmp_path_factory.mktemp("slack")
    with running_sandbox(folder, "http://127.0.0.1:9/slack/events") as slack:
        yield slack


@pytest.fixture
def slack(
    running_slack: SlackSandbox, feedback_db: URL, monkeypatch: pytest.MonkeyPatch
) -> SlackSandbox:
    """A fresh workspace, set as the connection ``slack_app``; the database is fresh too."""
    running_slack.reset()
    connect(monkeypatch, running_slack.api_url)
    return running_slack
