"""The calls to Slack for one message, and whether an earlier attempt had arrived."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slack_sdk import WebClient

    from include.store.models.slack import Message

EVENT_TYPE = "gtm_feedback"
"""Slack message metadata of every post: its payload's ``key`` finds the post again."""

_USER = re.compile(r"[UW][A-Z0-9]+")
# Slack's clock and the database's may differ; the key is unique, so looking further is harmless.
_CLOCK_MARGIN = timedelta(minutes=5)
_PAGE = 200
_LIST_PAGE = 1000


@dataclass(frozen=True)
class Posted:
    """Where a message is; ``found`` when an earlier attempt had arrived after all."""

    channel: str
    ts: str
    found: bool = False


def is_user(address: str | None) -> bool:
    """Whether an address is a person, who is written to in a DM."""
    return bool(_USER.fullmatch(address or ""))


def post(client: WebClient, message: Message, *, give_up_at: float = math.inf) -> Posted:
    """Post the message. Raises what ``slack_sdk`` raises.

    Args:
        client: Slack's Web API.
        message: Claimed; its ``attempts`` count this one.
        give_up_at: On the monotonic clock: nothing is posted later, because the claim could be
            taken over while the post is on its way; ``TimeoutError`` instead.
    """
    channel = _open(client, message.address or "")
    if message.attempts > 1:
        # Every earlier attempt may have arrived although no answer did: look before posting again.
        found = _find(client, channel, message)
        if found:
            return found
    if time.monotonic() > give_up_at:
        raise TimeoutError("the calls before the post took most of the claim's lease")
    answer = client.chat_postMessage(
        channel=channel,
        text=message.body,
        blocks=message.blocks or None,
        thread_ts=message.thread_ts,
        metadata=_metadata(message.key),
        unfurl_links=False,
        unfurl_media=False,
    )
    return Posted(str(answer["channel"]), str(answer["ts"]))


def show_update(client: WebClient, message: Message, target: Message) -> Posted:
    """Show the message in the place of ``target``. Raises what ``slack_sdk`` raises."""
    channel, ts = target.channel or "", target.ts or ""
    client.chat_update(
        channel=channel,
        ts=ts,
        text=message.body,
        blocks=message.blocks,
        metadata=_metadata(target.key),
    )
    return Posted(channel, ts)


def _metadata(key: str) -> dict[str, Any]:
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key}}


def _open(client: WebClient, address: str) -> str:
    if not is_user(address):
        return address
    return str(client.conversations_open(users=address)["channel"]["id"])


def _find(client: WebClient, channel: str, message: Message) -> Posted | None:
    channel = _channel_id(client, channel)
    if not channel:
        return None
    oldest = str((message.created_at - _CLOCK_MARGIN).timestamp())
    cursor: str | None = None
    # To the end, however much was said since: who stops early posts a second time.
    while True:
        options: dict[str, Any] = {
            "channel": channel,
            "oldest": oldest,
            "include_all_metadata": True,
            "limit": _PAGE,
            "cursor": cursor,
        }
        answer = (
            client.conversations_replies(ts=message.thread_ts, **options)
            if message.thread_ts
            else client.conversations_history(**options)
        )
        for shown in answer.get("messages") or []:
            if _key_of(shown) == message.key:
                return Posted(channel, str(shown["ts"]), found=True)
        cursor = (answer.get("response_metadata") or {}).get("next_cursor") or None
        if not cursor:
            return None


def _channel_id(client: WebClient, channel: str) -> str:
    """The id of a channel given by name (``#name``), which reading its history needs."""
    if not channel.startswith("#"):
        return channel
    cursor: str | None = None
    while True:
        answer = client.conversations_list(
            types="public_channel,private_channel", limit=_LIST_PAGE, cursor=cursor
        )
        for found in answer.get("channels") or []:
            if found.get("name") == channel[1:]:
                return str(found["id"])
        cursor = (answer.get("response_metadata") or {}).get("next_cursor") or None
        if not cursor:
            return ""


def _key_of(message: dict[str, Any]) -> str | None:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != EVENT_TYPE:
        return None
    key = (metadata.get("event_payload") or {}).get("key")
    return str(key) if key is not None else None
