"""Reading a message with its thread, and who a person is. Raises the product's own errors."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from include.base.errors import TransientError
from include.slack.errors import Verdict, read_trouble
from include.store.models import PersonKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_sdk import WebClient

T = TypeVar("T")

MOST_MESSAGES = 1_000
_PAGE = 200
TEXT_LIMIT = 12_000
_OPERATORS = frozenset({"not_in_channel", "missing_scope", "no_permission", "restricted_action"})


class NotReadable(Exception):
    """Slack will not show it, now or later; ``code`` is Slack's word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class ReadThread:
    """A message's thread, oldest first: ``ts``, ``user``, ``text``, ``app_id``, ``has_files``."""

    thread_ts: str
    messages: list[dict[str, Any]]


@dataclass(frozen=True)
class SlackProfile:
    """What Slack says about a user id."""

    kind: PersonKind
    email: str | None
    name: str


def call(work: Callable[[], T]) -> T:
    """Call Slack, with its troubles sorted by whether trying again helps.

    Raises:
        TransientError: Slack is away, busy, or refuses the app itself (an operator can mend it).
        NotReadable: what was asked for is not there, or not for the app to see.
    """
    try:
        return work()
    except Exception as error:
        trouble = read_trouble(error, 1)
        if trouble.code in _OPERATORS or trouble.verdict in (
            Verdict.UNREACHABLE,
            Verdict.REFUSED,
        ):
            raise NotReadable(trouble.code) from None
        wait = trouble.retry_after
        raise TransientError(f"Slack cannot be used: {trouble.code}", retry_after=wait) from None


def read_thread(client: WebClient, channel: str, ts: str) -> ReadThread:
    """The thread that the message ``ts`` is in; a message without replies is a thread of one.

    Of a very long thread the first 1,000 messages are read, and always the marked one.

    Raises:
        NotReadable: deleted (``message_not_found``), or the app cannot see the channel.
        TransientError: try again.
    """
    found = _replies(client, channel, ts)
    marked = next((message for message in found if message.get("ts") == ts), None)
    if marked is None:
        raise NotReadable("message_not_found")
    root = str(marked.get("thread_ts") or ts)
    if found[0].get("ts") != root:
        found = _replies(client, channel, root)
        if all(message.get("ts") != ts for message in found):
            found.append(marked)
    return ReadThread(root, [_kept(message) for message in found])


def permalink(client: WebClient, channel: str, ts: str) -> str | None:
    """The message's link, ``None`` when Slack gives none."""
    try:
        answer = call(lambda: client.chat_getPermalink(channel=channel, message_ts=ts))
    except (NotReadable, TransientError):
        return None
    return str(answer["permalink"])


def read_profile(client: WebClient, slack_user_id: str) -> SlackProfile:
    """Who a Slack user id is; one that does not exist any more is ``GONE``.

    Raises:
        TransientError: try again.
    """
    try:
        user: dict[str, Any] = call(lambda: client.users_info(user=slack_user_id))["user"]
    except NotReadable as error:
        if error.code in _OPERATORS:
            raise TransientError(
                f"Slack does not say who people are: {error.code}. Reinstall the app with the "
                "scopes of slack/manifest.yaml."
            ) from None
        return SlackProfile(PersonKind.GONE, None, "")
    profile = user.get("profile") or {}
    name = str(user.get("real_name") or profile.get("real_name") or user.get("name") or "")
    email = str(profile.get("email") or "").strip() or None
    return SlackProfile(_kind(user, email), email, name)


def _kind(user: dict[str, Any], email: str | None) -> PersonKind:
    if user.get("is_bot") or user.get("id") == "USLACKBOT":
        return PersonKind.BOT
    if user.get("deleted"):
        return PersonKind.GONE
    if user.get("is_restricted") or user.get("is_ultra_restricted") or user.get("is_stranger"):
        return PersonKind.GUEST
    return PersonKind.PERSON if email else PersonKind.NO_EMAIL


def _replies(client: WebClient, channel: str, ts: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while len(found) < MOST_MESSAGES:
        try:
            answer = call(
                lambda after=cursor: client.conversations_replies(  # type: ignore[misc]
                    channel=channel, ts=ts, limit=_PAGE, cursor=after
                )
            )
        except NotReadable as error:
            code = "message_not_found" if error.code == "thread_not_found" else error.code
            raise NotReadable(code) from None
        page = [message for message in answer.get("messages") or () if isinstance(message, dict)]
        # Every page begins with the parent.
        found += page if not found else [m for m in page if m.get("ts") != found[0].get("ts")]
        cursor = (answer.get("response_metadata") or {}).get("next_cursor") or None
        if cursor is None:
            break
    if not found:
        raise NotReadable("message_not_found")
    return found


def _kept(message: dict[str, Any]) -> dict[str, Any]:
    return {
        "ts": str(message.get("ts") or ""),
        "user": message.get("user"),
        "text": _text(message)[:TEXT_LIMIT].replace("\x00", ""),
        "app_id": message.get("app_id"),
        "has_files": bool(message.get("files")),
    }


def _text(message: dict[str, Any]) -> str:
    """The words of a message; an app's message may have them in attachments or blocks only."""
    text = str(message.get("text") or "")
    if text.strip():
        return text
    parts = []
    for attachment in message.get("attachments") or ():
        if isinstance(attachment, dict):
            parts += [attachment.get("pretext"), attachment.get("text")]
    for block in message.get("blocks") or ():
        inner = block.get("text") if isinstance(block, dict) else None
        parts.append(inner.get("text") if isinstance(inner, dict) else None)
    return html.unescape("\n".join(str(part) for part in parts if part))
