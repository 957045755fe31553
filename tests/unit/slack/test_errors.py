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
        ("user_not_in_channel", Verdict.UNREACHABLE),
        *(
            (code, Verdict.REFUSED)
            for code in (
                *("already_reacted", "no_reaction", "too_many_reactions", "too_many_emoji"),
                *("bad_timestamp", "no_item_specified", "is_inactive", "json_not_object"),
                *("method_deprecated", "deprecated_endpoint", "unknown_method", "too_many_users"),
            )
        ),
        ("missing_scope", Verdict.RETRY),
        # Passing: they wait however long it takes.
        ("rate_limited", Verdict.RETRY),
        ("message_limit_exceeded", Verdict.RETRY),
        ("org_login_required", Verdict.STOP),
        ("team_added_to_org", Verdict.STOP),
        ("external_channel_migrating", Verdict.STOP),
        # For an administrator to mend; Slack takes nothing until then.
        ("ekm_access_denied", Verdict.STOP),
        ("accesslimited", Verdict.STOP),
        ("enterprise_is_restricted", Verdict.STOP),
        ("not_allowed_token_type", Verdict.STOP),
        ("two_factor_setup_required", Verdict.STOP),
        # For good, at once.
        ("restricted_action_read_only_channel", Verdict.UNREACHABLE),
        ("restricted_action_thread_locked", Verdict.UNREACHABLE),
        ("restricted_action_of_tomorrow", Verdict.UNREACHABLE),
        ("cannot_reply_to_message", Verdict.UNREACHABLE),
        ("posting_to_general_channel_denied", Verdict.UNREACHABLE),
        ("slack_connect_file_link_sharing_blocked", Verdict.REFUSED),
        ("too_many_attachments", Verdict.REFUSED),
        ("invalid_metadata_schema", Verdict.REFUSED),
        ("invalid_charset", Verdict.REFUSED),
    ],
)
@pytest.mark.parametrize("attempts", [1, 3, 1000])
def test_error_codes(code: str, verdict: Verdict, attempts: int) -> None:
    trouble = read_trouble(refused(code), attempts)

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
    [
        ({"Retry-After": "7"}, 7),
        ({"retry-after": "0"}, 1),
        ({}, 30),
        ({"Retry-After": "x"}, 30),
        ({"Retry-After": "inf"}, 30),
        ({"Retry-After": ["9"]}, 9),
        ({"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}, 1),
    ],
)
def test_a_rate_limit_waits_as_asked(headers: dict[str, str], seconds: float) -> None:
    for code, status in (("ratelimited", 429), ("rate_limited", 200), ("x", 429)):
        trouble = read_trouble(refused(code, status, headers), 5)
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
