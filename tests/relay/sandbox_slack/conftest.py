"""A sandbox's Slack with a fake relay, for the tests of both of its sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.slack.running import running_sandbox
from tests.unit.sandbox.fake_relay import FakeRelay, running_relay

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.slack.client import SlackSandbox

SECRET = "a-secret-of-this-test"
BUTTONS: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "Same request?"}},
    {
        "type": "actions",
        "block_id": "decide",
        "elements": [
            {
                "type": "button",
                "action_id": "approve",
                "value": "hook-1",
                "style": "primary",
                "text": {"type": "plain_text", "text": "Add to this request"},
            },
            {
                "type": "button",
                "action_id": "decline",
                "value": "hook-1",
                "text": {"type": "plain_text", "text": "Create new request"},
            },
        ],
    },
]
MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "add",
    "private_metadata": "kept",
    "title": {"type": "plain_text", "text": "Add feedback"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [
        {
            "type": "input",
            "block_id": "pain",
            "label": {"type": "plain_text", "text": "Pain"},
            "element": {"type": "plain_text_input", "action_id": "text", "multiline": True},
        },
        {
            "type": "input",
            "block_id": "severity",
            "optional": True,
            "label": {"type": "plain_text", "text": "Severity"},
            "element": {
                "type": "static_select",
                "action_id": "choice",
                "options": [
                    {"text": {"type": "plain_text", "text": "Dealbreaker"}, "value": "high"},
                    {"text": {"type": "plain_text", "text": "Nice to have"}, "value": "low"},
                ],
            },
        },
    ],
}


@pytest.fixture(scope="module")
def shared_relay() -> Iterator[FakeRelay]:
    with running_relay(SECRET) as relay:
        yield relay


@pytest.fixture(scope="module")
def shared_sandbox(
    shared_relay: FakeRelay, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SlackSandbox]:
    state = tmp_path_factory.mktemp("slack")
    with running_sandbox(state, shared_relay.url, signing_secret=SECRET) as sandbox:
        yield sandbox


@pytest.fixture
def relay(shared_relay: FakeRelay) -> FakeRelay:
    shared_relay.clear()
    return shared_relay


@pytest.fixture
def sandbox(shared_sandbox: SlackSandbox, relay: FakeRelay) -> SlackSandbox:
    shared_sandbox.reset()
    return shared_sandbox


@pytest.fixture
def web(sandbox: SlackSandbox) -> WebClient:
    return WebClient("xoxb-sandbox", base_url=sandbox.api_url)


def error_of(call: Any, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    return str(caught.value.response["error"])
