"""A message as Slack sends it, turned into what a person reads there and who said it. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from include.slack.reading.attachments import read_attachments, read_files
from include.slack.reading.blocks import read_blocks
from include.slack.reading.mrkdwn import read_mrkdwn, read_references
from include.slack.reading.notices import is_notice, is_stock_sentence
from include.slack.reading.parts import Part, Place, ReadMessage
from include.slack.reading.values import Names, dict_of, dicts_of, lines, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_WRAPPED = frozenset({"message_changed", "message_replied"})


def read_message(message: dict[str, Any], names: Names | None = None) -> ReadMessage:
    """Every word that a person sees in a message, once and in reading order.

    ``text`` is what Slack shows where it cannot show the blocks, so it is read only without them.
    Of Slack's own notices nothing is read, except an e-mail that Slack delivered.

    Args:
        message: As ``conversations.replies``, an event or a message shortcut has it.
        names: Names of people and channels by id; ids that have none are noted in it.
    """
    if text_of(message.get("subtype")) in _WRAPPED and isinstance(message.get("message"), dict):
        message = message["message"]
    names = names if names is not None else Names()
    notice = is_notice(message)
    parts = (
        [part for part in read_files(message.get("files"), names) if part.place is Place.EMAIL]
        if notice
        else list(_parts(message, names))
    )
    return ReadMessage(
        ts=text_of(message.get("ts")),
        author=_author(message),
        parts=tuple(replace(part, text=_storable(part.text)) for part in parts),
        is_notice=notice and not parts,
    )


def _parts(message: dict[str, Any], names: Names) -> Iterator[Part]:
    body = read_blocks(message.get("blocks"), names)
    if not body:
        text = text_of(message.get("text"))
        # Without mrkdwn the markers are letters; references and escapes are Slack's all the same.
        read = read_references if message.get("mrkdwn") is False else read_mrkdwn
        body = "" if is_stock_sentence(text) else read(text, names)
    comment = read_mrkdwn(text_of(dict_of(message.get("comment")).get("comment")), names)
    if comment.strip() and comment not in body:
        body = lines(body, comment)
    if body.strip():
        yield Part(body.strip("\n"), Place.BODY)
    yield from read_attachments(message.get("attachments"), names)
    files = message.get("files") or message.get("file")
    yield from read_files(list(dicts_of(files)), names)


def _author(message: dict[str, Any]) -> str | None:
    profile = dict_of(message.get("bot_profile"))
    said_by = (
        message.get("user"),
        dict_of(message.get("comment")).get("user"),
        message.get("username"),
        profile.get("name"),
        message.get("bot_id"),
    )
    return next((one for one in said_by if isinstance(one, str) and one), None)


def _storable(text: str) -> str:
    """Without what PostgreSQL cannot store: NUL and halves of a character."""
    text = text.replace("\x00", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
