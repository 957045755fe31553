"""Web API: ``conversations.*``."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from sandbox.slack import seed
from sandbox.slack.errors import SlackError

if TYPE_CHECKING:
    from sandbox.slack.args import Args
    from sandbox.slack.hub import Hub

Json = dict[str, Any]


def _shown(channel: Json) -> Json:
    shown = {k: v for k, v in channel.items() if k != "members"}
    shown["is_member"] = seed.BOT_USER in channel["members"]
    shown["num_members"] = len(channel["members"])
    return shown


def _cursor(kind: str, value: str) -> str:
    return base64.b64encode(f"{kind}:{value}".encode()).decode()


def _read_cursor(kind: str, cursor: str) -> str:
    try:
        found, _, value = base64.b64decode(cursor, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise SlackError("invalid_cursor") from None
    if found != kind or not value:
        raise SlackError("invalid_cursor")
    return value


def _readable(hub: Hub, channel: str) -> str:
    found = hub.workspace.channel(channel)
    if seed.BOT_USER not in found["members"]:
        raise SlackError("not_in_channel")
    return str(found["id"])


def _between(messages: list[Json], args: Args) -> list[Json]:
    oldest, latest = args.text("oldest"), args.text("latest")
    inclusive = args.flag("inclusive")

    def inside(ts: str) -> bool:
        at = float(ts)
        if inclusive and ts in (oldest, latest):
            return True
        return not (oldest and at <= float(oldest)) and not (latest and at >= float(latest))

    try:
        return [m for m in messages if inside(m["ts"])]
    except ValueError:
        raise SlackError("invalid_ts_latest") from None


def open_conversation(hub: Hub, args: Args) -> Json:
    """``conversations.open``: by users, or by an existing channel."""
    if args.text("channel"):
        found = hub.workspace.channel(args.text("channel"))
        return {"no_op": True, "already_open": True, "channel": {"id": found["id"]}}
    users = args.values.get("users") or []
    listed = users if isinstance(users, list) else str(users).split(",")
    named = [str(u).strip() for u in listed if str(u).strip()]
    if not named:
        raise SlackError("users_list_not_supplied")
    found, already = hub.workspace.open_dm(named)
    channel = _shown(found) if args.flag("return_im") else {"id": found["id"]}
    return {"no_op": already, "already_open": already, "channel": channel}


def info(hub: Hub, args: Args) -> Json:
    """``conversations.info``."""
    return {"channel": _shown(hub.workspace.channel(args.text("channel")))}


def list_conversations(hub: Hub, args: Args) -> Json:
    """``conversations.list``."""
    types = {t.strip() for t in args.text("types", "public_channel").split(",")}

    def kind(channel: Json) -> str:
        if channel["is_im"]:
            return "im"
        if channel.get("is_mpim"):
            return "mpim"
        return "private_channel" if channel["is_private"] else "public_channel"

    found = sorted(
        (c for c in hub.workspace.channels.values() if kind(c) in types), key=lambda c: str(c["id"])
    )
    if args.text("cursor"):
        after = _read_cursor("channel", args.text("cursor"))
        found = [c for c in found if c["id"] > after]
    limit = args.number("limit", 100, 1000)
    page = found[:limit]
    more = len(found) > limit
    cursor = _cursor("channel", page[-1]["id"]) if more else ""
    return {"channels": [_shown(c) for c in page], "response_metadata": {"next_cursor": cursor}}


def history(hub: Hub, args: Args) -> Json:
    """``conversations.history``: newest first."""
    channel = _readable(hub, args.text("channel"))
    found = _between(hub.workspace.timeline(channel), args)[::-1]
    if args.text("cursor"):
        before = float(_read_cursor("ts", args.text("cursor")))
        found = [m for m in found if float(m["ts"]) < before]
    limit = args.number("limit", 100, 999)
    page = found[:limit]
    answer: Json = {
        "messages": [
            hub.workspace.as_slack(channel, m, metadata=args.flag("include_all_metadata"))
            for m in page
        ],
        "has_more": len(found) > limit,
        "pin_count": 0,
    }
    if answer["has_more"]:
        answer["response_metadata"] = {"next_cursor": _cursor("ts", page[-1]["ts"])}
    return answer


def replies(hub: Hub, args: Args) -> Json:
    """``conversations.replies``: the parent, then the replies, oldest first."""
    channel = _readable(hub, args.text("channel"))
    try:
        parent = hub.workspace.message(channel, args.required("ts"))
    except SlackError:
        raise SlackError("thread_not_found") from None
    parent = hub.workspace.message(channel, parent.get("thread_ts") or parent["ts"])
    thread = _between(hub.workspace.replies(channel, parent["ts"]), args)
    if args.text("cursor"):
        after = float(_read_cursor("ts", args.text("cursor")))
        thread = [m for m in thread if float(m["ts"]) > after]
    limit = args.number("limit", 1000, 1000)
    page = thread[:limit]
    more = len(thread) > limit
    answer: Json = {
        "messages": [
            hub.workspace.as_slack(channel, m, metadata=args.flag("include_all_metadata"))
            for m in [parent, *page]
        ],
        "has_more": more,
    }
    if more:
        answer["response_metadata"] = {"next_cursor": _cursor("ts", page[-1]["ts"])}
    return answer


def join(hub: Hub, args: Args) -> Json:
    """``conversations.join``: a public channel only."""
    found = hub.workspace.channel(args.text("channel"))
    if not found.get("is_channel"):
        raise SlackError("method_not_supported_for_channel_type")
    if seed.BOT_USER in found["members"]:
        return {"channel": _shown(found), "warning": "already_in_channel"}
    joined = {**found, "members": [*found["members"], seed.BOT_USER]}
    hub.workspace.save_channel(joined)
    return {"channel": _shown(joined)}


def members(hub: Hub, args: Args) -> Json:
    """``conversations.members``."""
    found = hub.workspace.channel(args.text("channel"))
    return {"members": found["members"], "response_metadata": {"next_cursor": ""}}


METHODS = {
    "conversations.open": open_conversation,
    "conversations.info": info,
    "conversations.list": list_conversations,
    "conversations.history": history,
    "conversations.replies": replies,
    "conversations.join": join,
    "conversations.members": members,
}
