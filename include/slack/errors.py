"""What Slack's answers mean for a message: try again, tell the operator, or give up. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from http.client import HTTPException

from slack_sdk.errors import SlackApiError

UNKNOWN_ATTEMPTS = 8
"""An error code this product does not know is tried this often before it counts as permanent."""

# The recipient cannot be reached; another recipient could be.
_UNREACHABLE = frozenset(
    {
        "cannot_dm_bot",
        "channel_not_found",
        "is_archived",
        "messages_tab_disabled",
        "method_not_supported_for_channel_type",
        "user_disabled",
        "user_not_found",
        "user_not_visible",
        "users_not_found",
    }
)
# The message itself is refused; the same message will be refused again.
_REFUSED = frozenset(
    {
        "cant_update_message",
        "edit_window_closed",
        "invalid_arguments",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_metadata_format",
        "message_not_found",
        "metadata_too_large",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "thread_not_found",
    }
)
# An operator can put it right; the message waits, its error is visible.
_NO_ACCESS = frozenset(
    {
        "access_denied",
        "account_inactive",
        "invalid_auth",
        "not_authed",
        "token_expired",
        "token_revoked",
    }
)
_OPERATOR = frozenset(
    {
        "missing_scope",
        "no_permission",
        "not_in_channel",
        "restricted_action",
        "team_access_not_granted",
    }
)
_OUTAGE = frozenset(
    {"fatal_error", "internal_error", "request_timeout", "service_unavailable", "team_added_to_org"}
)
_CODE = re.compile(r"[a-z0-9_]{1,60}")


class Verdict(StrEnum):
    """What to do with a message that Slack did not take."""

    RETRY = "retry"
    STOP = "stop"
    """Try again, and leave Slack alone until then: it would not take other messages either."""
    UNREACHABLE = "unreachable"
    REFUSED = "refused"


@dataclass(frozen=True)
class Trouble:
    """A call that failed: Slack's code (never its text) and how long it asked to wait."""

    code: str
    verdict: Verdict
    retry_after: float | None = None


def read_trouble(error: Exception, attempts: int) -> Trouble:
    """What an exception of ``slack_sdk`` means for a message at its ``attempts``-th attempt."""
    if isinstance(error, SlackApiError):
        return _from_answer(error, attempts)
    if isinstance(error, (OSError, HTTPException)):
        return Trouble(f"unreachable: {type(error).__name__}", Verdict.STOP)
    return _unknown(f"unexpected: {type(error).__name__}", attempts)


def _from_answer(error: SlackApiError, attempts: int) -> Trouble:
    response = error.response
    status = int(getattr(response, "status_code", 200) or 200)
    code = str(response.get("error") or "")
    if status == 429 or code == "ratelimited":
        return Trouble("ratelimited", Verdict.RETRY, _retry_after(response))
    if status >= 500:
        return Trouble(f"http_{status}", Verdict.STOP)
    if not _CODE.fullmatch(code):
        return Trouble("unreadable_answer", Verdict.STOP)
    if code in _OUTAGE or code in _NO_ACCESS:
        return Trouble(code, Verdict.STOP)
    if code in _UNREACHABLE:
        return Trouble(code, Verdict.UNREACHABLE)
    if code in _REFUSED:
        return Trouble(code, Verdict.REFUSED)
    if code in _OPERATOR:
        return Trouble(code, Verdict.RETRY)
    return _unknown(code, attempts)


def _unknown(code: str, attempts: int) -> Trouble:
    return Trouble(code, Verdict.RETRY if attempts < UNKNOWN_ATTEMPTS else Verdict.REFUSED)


def _retry_after(response: object) -> float:
    headers = getattr(response, "headers", None) or {}
    for name, value in headers.items():
        if str(name).lower() == "retry-after":
            first = value[0] if isinstance(value, list) else value
            try:
                return max(1.0, float(first))
            except ValueError:
                break
    return 30.0
