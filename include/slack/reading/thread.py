"""Fetching a message with its thread, read as a person reads it, names instead of ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.base.errors import TransientError
from include.slack.call import NotReadable, call
from include.slack.profile import read_profile
from include.slack.reading.message import read_message
from include.slack.reading.values import Names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slack_sdk import WebClient

    from include.slack.reading.parts import ReadMessage

MOST_MESSAGES = 1_000
"""Of a longer thread the parent and the messages nearest to the marked one are read."""

_PAGE = 200


@dataclass(frozen=True)
class ReadThread:
    """A message's thread, oldest first: ``ts``, ``user``, ``text``, ``app_id``, ``is_notice``."""

    thread_ts: str
    messages: list[dict[str, Any]]


def read_thread(client: WebClient, channel: str, ts: str) -> ReadThread:
    """The thread that the message ``ts`` is in; a message without replies is a thread of one.

    Raises:
        NotReadable: deleted (``message_not_found``), or the app cannot see the channel.
        TransientError: try again.
    """
    found = _replies(client, channel, ts, marked_ts=ts)
    marked = next((message for message in found if message.get("ts") == ts), None)
    if marked is None:
        raise NotReadable("message_not_found")
    root = str(marked.get("thread_ts") or ts)
    if found[0].get("ts") != root:
        found = _replies(client, channel, root, marked_ts=ts)
        if all(message.get("ts") != ts for message in found):
            found.append(marked)
    read = _with_names(client, found, first=found.index(marked) if marked in found else 0)
    kept = [_kept(message, one) for message, one in zip(found, read, strict=True)]
    return ReadThread(root, kept)


def permalink(client: WebClient, channel: str, ts: str) -> str | None:
    """The message's link, ``None`` when Slack gives none."""
    try:
        answer = call(lambda: client.chat_getPermalink(channel=channel, message_ts=ts))
    except (NotReadable, TransientError):
        return None
    return str(answer["permalink"])


def _replies(client: WebClient, channel: str, ts: str, *, marked_ts: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    is_seen = False
    while not (is_seen and len(found) >= MOST_MESSAGES):
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
        if not is_seen and len(found) + len(page) > MOST_MESSAGES:
            found = [found[0], *found[1 - MOST_MESSAGES + len(page) :]]
        # Every page begins with the parent.
        found += page if not found else [m for m in page if m.get("ts") != found[0].get("ts")]
        is_seen = is_seen or any(message.get("ts") == marked_ts for message in page)
        cursor = (answer.get("response_metadata") or {}).get("next_cursor") or None
        if cursor is None:
            break
    if not found:
        raise NotReadable("message_not_found")
    return found


def _with_names(
    client: WebClient, messages: Sequence[dict[str, Any]], *, first: int
) -> list[ReadMessage]:
    """The messages read; those whom they mention are looked up, the marked message's first."""
    names = Names()
    read_message(messages[first], names)
    read = [read_message(message, names) for message in messages]
    if not names.unknown:
        return read
    for mentioned in names.unknown:
        try:
            if mentioned.startswith(("C", "G")):
                answer = call(
                    lambda one=mentioned: client.conversations_info(channel=one)  # type: ignore[misc]
                )
                names.channels[mentioned] = str(answer["channel"].get("name") or "")
            elif mentioned.startswith(("U", "W")):
                names.users[mentioned] = read_profile(client, mentioned).name
        except NotReadable:
            continue
        except TransientError:
            # A name is a help to the reader; without it the id stands there.
            break
    return [read_message(message, names) for message in messages]


def _kept(message: dict[str, Any], read: ReadMessage) -> dict[str, Any]:
    return {
        "ts": read.ts,
        "user": read.author,
        "text": read.said,
        "app_id": message.get("app_id"),
        "is_notice": read.is_notice,
    }
