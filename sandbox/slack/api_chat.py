"""Web API: ``chat.*`` and ``reactions.*``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.slack import seed
from sandbox.slack.blockkit import check_message_blocks
from sandbox.slack.errors import SlackError
from sandbox.slack.files import check_slack_files

if TYPE_CHECKING:
    from sandbox.slack.args import Args
    from sandbox.slack.hub import Hub

Json = dict[str, Any]

POST_LIMIT = 40_000
UPDATE_LIMIT = 4_000


def writable_channel(hub: Hub, channel: str) -> str:
    """The id to post to: a channel the app is in, or the DM of a user id."""
    if channel in hub.workspace.people:
        return str(hub.workspace.open_dm([channel])[0]["id"])
    found = hub.workspace.channel(channel)
    if seed.BOT_USER not in found["members"]:
        raise SlackError("not_in_channel")
    return str(found["id"])


def message_body(args: Args, limit: int) -> Json:
    """Text, blocks, attachments and metadata, checked.

    Raises:
        SlackError: ``no_text``, ``msg_too_long``, ``invalid_blocks``, ``invalid_metadata_format``.
    """
    text = args.text("text") or args.text("markdown_text")
    blocks = args.document("blocks", "invalid_blocks_format")
    attachments = args.document("attachments", "invalid_attachments")
    metadata = args.document("metadata", "invalid_metadata_format")
    if len(text) > limit:
        raise SlackError("msg_too_long")
    if blocks:
        check_message_blocks(blocks)
    for attachment in attachments or ():
        if attachment.get("blocks"):
            check_message_blocks(attachment["blocks"])
    if not text and not blocks and not attachments:
        raise SlackError("no_text")
    if metadata is not None and not (
        isinstance(metadata, dict)
        and isinstance(metadata.get("event_type"), str)
        and isinstance(metadata.get("event_payload"), dict)
    ):
        raise SlackError("invalid_metadata_format")
    return {
        "text": text,
        "blocks": blocks or None,
        "attachments": attachments or None,
        "metadata": metadata,
    }


def _warn(answer: Json, args: Args) -> Json:
    if args.values.get("blocks") and not args.text("text"):
        note = "missing_text_in_message"
        answer |= {"warning": note, "response_metadata": {"warnings": [note]}}
    return answer


def post_message(hub: Hub, args: Args) -> Json:
    """``chat.postMessage``."""
    channel = writable_channel(hub, args.text("channel"))
    body = message_body(args, POST_LIMIT)
    check_slack_files(hub.files, body["blocks"])
    thread = args.text("thread_ts") or None
    if thread and args.flag("reply_broadcast"):
        body["subtype"] = "thread_broadcast"
    message = hub.workspace.post(channel, seed.BOT_USER, thread_ts=thread, **body)
    shown = hub.workspace.as_slack(channel, message, metadata=True)
    return _warn({"channel": channel, "ts": message["ts"], "message": shown}, args)


def post_ephemeral(hub: Hub, args: Args) -> Json:
    """``chat.postEphemeral``."""
    channel = writable_channel(hub, args.text("channel"))
    user = args.required("user")
    if user not in hub.workspace.channel(channel)["members"]:
        raise SlackError("user_not_in_channel")
    message = hub.workspace.post(
        channel,
        seed.BOT_USER,
        ephemeral_to=user,
        thread_ts=args.text("thread_ts") or None,
        **message_body(args, POST_LIMIT),
    )
    return _warn({"message_ts": message["ts"]}, args)


def _own_message(hub: Hub, channel: str, ts: str, error: str) -> None:
    message = hub.workspace.message(channel, ts)
    if "ephemeral_to" in message:
        raise SlackError("message_not_found")
    if message["user"] != seed.BOT_USER:
        raise SlackError(error)


def update(hub: Hub, args: Args) -> Json:
    """``chat.update``: what is not given stays; an empty list removes blocks or attachments."""
    channel = str(hub.workspace.channel(args.text("channel"))["id"])
    ts = args.required("ts")
    _own_message(hub, channel, ts, "cant_update_message")
    body = message_body(args, UPDATE_LIMIT)
    changes: Json = {"text": body["text"]}
    changes |= {k: v for k, v in body.items() if k != "text" and k in args.values}
    changes["edited"] = {"user": seed.BOT_USER, "ts": hub.workspace.next_ts()}
    message = hub.workspace.edit(channel, ts, changes)
    shown = hub.workspace.as_slack(channel, message, metadata=True)
    return _warn({"channel": channel, "ts": ts, "text": shown["text"], "message": shown}, args)


def delete(hub: Hub, args: Args) -> Json:
    """``chat.delete``."""
    channel = str(hub.workspace.channel(args.text("channel"))["id"])
    ts = args.required("ts")
    _own_message(hub, channel, ts, "cant_delete_message")
    hub.workspace.delete(channel, ts)
    return {"channel": channel, "ts": ts}


def get_permalink(hub: Hub, args: Args) -> Json:
    """``chat.getPermalink``."""
    channel = str(hub.workspace.channel(args.text("channel"))["id"])
    message = hub.workspace.message(channel, args.required("message_ts"))
    link = hub.permalink(channel, message["ts"], message.get("thread_ts"))
    return {"channel": channel, "permalink": link}


def unfurl(hub: Hub, args: Args) -> Json:
    """``chat.unfurl``: previews by URL, attached to somebody's message."""
    channel = str(hub.workspace.channel(args.text("channel"))["id"])
    message = hub.workspace.message(channel, args.required("ts"))
    unfurls = args.document("unfurls", "cannot_parse_attachment")
    if not isinstance(unfurls, dict) or not unfurls:
        raise SlackError("missing_unfurls")
    attachments = [a for a in message.get("attachments", []) if a.get("from_url") not in unfurls]
    for url, preview in unfurls.items():
        if url not in message.get("text", "").replace("&amp;", "&"):
            raise SlackError("cannot_unfurl_url")
        if preview.get("blocks"):
            check_message_blocks(preview["blocks"])
        attachments.append({**preview, "from_url": url})
    hub.workspace.edit(channel, message["ts"], {"attachments": attachments})
    return {}


def _reacting(hub: Hub, args: Args) -> tuple[str, str, str]:
    channel = str(hub.workspace.channel(args.text("channel"))["id"])
    name = args.text("name").strip(":")
    if not name:
        raise SlackError("invalid_name")
    return channel, args.required("timestamp"), name


def add_reaction(hub: Hub, args: Args) -> Json:
    """``reactions.add``."""
    hub.workspace.react(*_reacting(hub, args), seed.BOT_USER)
    return {}


def remove_reaction(hub: Hub, args: Args) -> Json:
    """``reactions.remove``."""
    hub.workspace.unreact(*_reacting(hub, args), seed.BOT_USER)
    return {}


def get_reactions(hub: Hub, args: Args) -> Json:
    """``reactions.get``."""
    channel = str(hub.workspace.channel(args.text("channel"))["id"])
    message = hub.workspace.message(channel, args.required("timestamp"))
    return {"type": "message", "channel": channel, "message": message}


METHODS = {
    "chat.postMessage": post_message,
    "chat.postEphemeral": post_ephemeral,
    "chat.update": update,
    "chat.delete": delete,
    "chat.getPermalink": get_permalink,
    "chat.unfurl": unfurl,
    "reactions.add": add_reaction,
    "reactions.remove": remove_reaction,
    "reactions.get": get_reactions,
}
