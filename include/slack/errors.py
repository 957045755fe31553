"""What Slack's answers mean for a message: try again, tell the operator, or give up. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from http.client import HTTPException

from slack_sdk.errors import SlackApiError

from include.base.http_answers import retry_after_seconds

UNKNOWN_ATTEMPTS = 8
"""An error code this product does not know is tried this often before it counts as permanent."""

# The recipient cannot be reached; another recipient could be.
_UNREACHABLE = frozenset(
    {
        "cannot_dm_bot",
        "cannot_reply_to_message",
        "channel_not_found",
        "is_archived",
        "messages_tab_disabled",
        "method_not_supported_for_channel_type",
        "not_enough_users",
        "posting_to_general_channel_denied",
        "user_disabled",
        "user_not_found",
        "user_not_in_channel",
        "user_not_visible",
        "users_not_found",
    }
)
# The message itself is refused; the same message will be refused again.
_REFUSED = frozenset(
    {
        "already_reacted",
        "bad_timestamp",
        "cant_update_message",
        "duplicate_message_not_found",
        "deprecated_endpoint",
        "edit_window_closed",
        "is_inactive",
        "json_not_object",
        "markdown_text_conflict",
        "message_not_found",
        "metadata_must_be_sent_from_app",
        "metadata_too_large",
        "method_deprecated",
        "missing_charset",
        "missing_post_type",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_item_specified",
        "no_reaction",
        "no_text",
        "thread_not_found",
        "too_many_attachments",
        "too_many_contact_cards",
        "too_many_emoji",
        "too_many_reactions",
        "too_many_users",
        "unknown_method",
        "users_list_not_supplied",
    }
)
_UNREACHABLE_FAMILIES = ("restricted_action_",)
"""Rules of a channel: read only, no threads, a locked thread."""
_REFUSED_FAMILIES = ("invalid_", "slack_connect_")
"""Faults of a message's form, and contents that a shared channel does not take."""
# An operator can put it right; the message waits, its error is visible.
_NO_ACCESS = frozenset(
    {
        "access_denied",
        "accesslimited",
        "account_inactive",
        "ekm_access_denied",
        "enterprise_is_restricted",
        "invalid_auth",
        "not_allowed_token_type",
        "not_authed",
        "token_expired",
        "token_revoked",
        "two_factor_setup_required",
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
    {
        "external_channel_migrating",
        "fatal_error",
        "internal_error",
        "org_login_required",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
    }
)
_BUSY = frozenset({"message_limit_exceeded", "rate_limit_exceeded", "rate_limited", "ratelimited"})
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
    if status == 429 or code in _BUSY:
        code = code if code in _BUSY else "ratelimited"
        return Trouble(code, Verdict.RETRY, _retry_after(response))
    if status >= 500:
        return Trouble(f"http_{status}", Verdict.STOP)
    if not _CODE.fullmatch(code):
        return Trouble("unreadable_answer", Verdict.STOP)
    if code in _OUTAGE or code in _NO_ACCESS:
        return Trouble(code, Verdict.STOP)
    if code in _UNREACHABLE or code.startswith(_UNREACHABLE_FAMILIES):
        return Trouble(code, Verdict.UNREACHABLE)
    if code in _REFUSED or code.startswith(_REFUSED_FAMILIES):
        return Trouble(code, Verdict.REFUSED)
    if code in _OPERATOR:
        return Trouble(code, Verdict.RETRY)
    return _unknown(code, attempts)


def _unknown(code: str, attempts: int) -> Trouble:
    return Trouble(code, Verdict.RETRY if attempts < UNKNOWN_ATTEMPTS else Verdict.REFUSED)


def _retry_after(response: object) -> float:
    given = getattr(response, "headers", None) or {}
    headers = {
        str(name).lower(): str(value[0] if isinstance(value, list) and value else value)
        for name, value in given.items()
    }
    wait = retry_after_seconds(headers)
    return 30.0 if wait is None else max(1.0, wait)
