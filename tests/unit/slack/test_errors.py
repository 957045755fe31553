"""What Slack's answers mean for a message."""

from __future__ import annotations

from urllib.error import URLError

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from include.slack.errors import Verdict, read_trouble


def refused(code: str, status: int = 200, headers: dict[str, str] | None = None) -> SlackApiError:
    response = SlackResponse(
        client=WebClient(),
        http_verb="POST",
        api_url="https://slack.com/api/chat.postMessage",
        req_args={},
        data={"ok": False, "error": code},
        headers=headers or {},
        status_code=status,
    )
    return SlackApiError("words of a customer", response)


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("channel_not_found", Verdict.UNREACHABLE),
        ("user_not_found", Verdict.UNREACHABLE),
        ("is_archived", Verdict.UNREACHABLE),
        ("invalid_blocks", Verdict.REFUSED),
        ("msg_too_long", Verdict.REFUSED),
        ("message_not_found", Verdict.REFUSED),
        ("invalid_auth", Verdict.STOP),
        ("internal_error", Verdict.STOP),
        ("not_in_channel", Verdict.RETRY),
        ("missing_scope", Verdict.RETRY),
    ],
)
def test_error_codes(code: str, verdict: Verdict) -> None:
    trouble = read_trouble(refused(code), 3)

    assert (trouble.code, trouble.verdict) == (code, verdict)


@pytest.mark.parametrize(("attempts", "verdict"), [(7, Verdict.RETRY), (8, Verdict.REFUSED)])
def test_an_unknown_code_is_permanent_at_the_eighth_attempt(
    attempts: int, verdict: Verdict
) -> None:
    assert read_trouble(refused("brand_new_error"), attempts).verdict == verdict


def test_a_known_outage_is_never_permanent() -> None:
    assert read_trouble(refused("x", 503), 1000).verdict == Verdict.STOP
    assert read_trouble(URLError("words of a customer"), 1000).verdict == Verdict.STOP


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"Retry-After": "7"}, 7), ({"retry-after": "0"}, 1), ({}, 30), ({"Retry-After": "x"}, 30)],
)
def test_a_rate_limit_waits_as_asked(headers: dict[str, str], seconds: float) -> None:
    trouble = read_trouble(refused("ratelimited", 429, headers), 5)

    assert trouble.verdict == Verdict.RETRY
    assert trouble.retry_after == seconds


@pytest.mark.parametrize(
    "error",
    [
        refused("Received a response in a non-JSON format: words of a customer"),
        refused("words of a customer", 500),
        URLError("words of a customer"),
        ValueError("words of a customer"),
    ],
)
def test_a_code_never_holds_a_text(error: Exception) -> None:
    assert "customer" not in read_trouble(error, 1).code
