"""Slack's own words: notices of joins, topics and calls, which are nobody's feedback."""

from __future__ import annotations

from typing import Any

_PEOPLES = frozenset(
    {
        *("bot_message", "me_message", "file_share", "file_comment", "file_mention"),
        *("thread_broadcast", "reply_broadcast", "document_comment_root", "list_record_comment"),
    }
)
_SLACKS = frozenset(
    {
        *("tombstone", "message_deleted", "ekm_access_denied", "slackbot_response"),
        *("reminder_add", "reminder_delete", "assistant_app_thread", "mpdm_move"),
    }
)
_SLACKS_FAMILIES = (
    *("channel_", "group_", "bot_add", "bot_remove", "bot_enable", "bot_disable", "sh_room_"),
    *("huddle", "shared_channel", "external_", "joiner_", "pinned_", "unpinned_", "canvas_"),
    *("app_conversation_", "tabbed_canvas", "convert_", "unconverted_", "im_", "mpim_"),
)
_SENTENCES = frozenset(
    {
        "this content can't be displayed.",
        "this message contains interactive elements.",
        "this message was deleted.",
        "this message can't be displayed.",
        "[no preview available]",
        "a file was commented on",
        "a huddle started",
        "a huddle happened",
    }
)


def is_notice(message: dict[str, Any]) -> bool:
    """Whether Slack, and nobody of the workspace, says what stands in ``text``.

    A subtype that is not known is a notice, unless a person's client or an app posted it.
    """
    if message.get("user") == "USLACKBOT" or message.get("hidden") is True:
        return True
    subtype = message.get("subtype")
    if not isinstance(subtype, str) or not subtype or subtype in _PEOPLES:
        return False
    if subtype in _SLACKS or subtype.startswith(_SLACKS_FAMILIES):
        return True
    return not (message.get("client_msg_id") or message.get("bot_id"))


def is_stock_sentence(text: str) -> bool:
    """Whether a text is what Slack writes where it cannot show something."""
    return text.strip().replace("\u2019", "'").casefold() in _SENTENCES
