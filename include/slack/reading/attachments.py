"""What hangs on a message: an app's cards, link previews, messages that were shared, and files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from include.slack.reading.blocks import read_blocks
from include.slack.reading.html import read_html
from include.slack.reading.mrkdwn import read_mrkdwn, read_references
from include.slack.reading.notices import is_stock_sentence
from include.slack.reading.parts import Part, Place
from include.slack.reading.values import (
    DEEPEST,
    dict_of,
    dicts_of,
    lines,
    link,
    text_of,
    unescaped,
)
from include.slack.reading.work_objects import read_work_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.slack.reading.values import Names

_HTML = frozenset({"email", "space", "quip", "canvas"})
"""Kinds of file of which Slack shows pages, so that their preview is HTML."""

_SIZE = re.compile(r"\d+x\d+px image")
"""All that Slack says of a picture that a link leads to."""

_SLACK_PUT_BEFORE = re.compile(r"\A\[[^\]\n]*\d{4}[^\]\n]*\] [^:\n]{1,80}:\s*")
"""When and by whom a message was written that is shared."""

_GONE = frozenset({"tombstone", "hidden_by_limit", "access_denied", "not_visible"})


def read_attachments(attachments: object, names: Names, depth: int = 0) -> Iterator[Part]:
    """The parts of all attachments, from top to bottom, with whoever wrote a shared message."""
    if depth > DEEPEST:
        return
    for attachment in dicts_of(attachments):
        yield from _attachment(attachment, names, depth)


def _attachment(one: dict[str, Any], names: Names, depth: int) -> Iterator[Part]:
    shared = bool(one.get("is_msg_unfurl") or one.get("is_share") or one.get("message_blocks"))
    messages = [dict_of(held.get("message")) for held in dicts_of(one.get("message_blocks"))]
    blocks = lines(
        *(_body(message, names) for message in messages), read_blocks(one.get("blocks"), names)
    )
    body = blocks or _mrkdwn(one, "text", names)
    title = link(text_of(one.get("title_link")), _plain(one, "title", names))
    found = lines(
        _mrkdwn(one, "pretext", names),
        # Slack itself says who wrote a shared message, and where it stood.
        "" if shared else _byline(one),
        title,
        body,
        read_work_object(one.get("work_object_entity"), names),
        *_fields(one, names),
        text_of(one.get("alt_text")),
        "" if shared else _plain(one, "footer", names),
    )
    hanging = [
        part
        for message in messages
        for part in (
            *read_attachments(message.get("attachments"), names, depth + 1),
            *read_files(message.get("files"), names),
        )
    ]
    hanging += [
        *read_attachments(one.get("attachments"), names, depth + 1),
        *read_files(one.get("files"), names),
    ]
    if not found and not hanging:
        found = _fallback(one, names)
    if found:
        place = Place.SHARED if shared else Place.ATTACHMENT
        yield Part(found, place, _author(one) if shared else None)
    yield from hanging


def _fallback(one: dict[str, Any], names: Names) -> str:
    """What is said where the attachment cannot be shown, unless it is of buttons or of Slack."""
    if one.get("actions"):
        return ""
    said = _mrkdwn(one, "fallback", names)
    said = _SLACK_PUT_BEFORE.sub("", said, count=1)
    return "" if is_stock_sentence(said) or _SIZE.fullmatch(said.strip()) else said


def _mrkdwn(one: dict[str, Any], key: str, names: Names) -> str:
    return read_mrkdwn(text_of(one.get(key)), names)


def _plain(one: dict[str, Any], key: str, names: Names) -> str:
    """What Slack shows without markup, though with links and escapes."""
    return read_references(text_of(one.get(key)), names)


def _body(message: dict[str, Any], names: Names) -> str:
    """The words of a message inside a shared one; its text where the blocks say nothing."""
    text = text_of(message.get("text"))
    said = "" if is_stock_sentence(text) else read_mrkdwn(text, names)
    return read_blocks(message.get("blocks"), names) or said


def _byline(one: dict[str, Any]) -> str:
    keys = ("service_name", "author_name", "author_subname")
    said = [unescaped(text_of(one.get(key))) for key in keys]
    return " · ".join(dict.fromkeys(name.strip() for name in said if name.strip()))


def _author(one: dict[str, Any]) -> str | None:
    keys = ("author_name", "author_subname", "author_id")
    return next((name for key in keys if (name := unescaped(text_of(one.get(key))).strip())), None)


def _fields(one: dict[str, Any], names: Names) -> Iterator[str]:
    for pair in dicts_of(one.get("fields")):
        title, value = _plain(pair, "title", names), _mrkdwn(pair, "value", names)
        yield f"{title}: {value}" if title.strip() and value.strip() else title or value


def read_files(files: object, names: Names) -> Iterator[Part]:
    """E-mails with subject and text, snippets and transcripts; of any other file its title."""
    for file in dicts_of(files):
        if str(file.get("mode")) in _GONE or str(file.get("file_access")) in _GONE:
            continue
        title = unescaped(text_of(file.get("title")) or text_of(file.get("name")))
        kinds = {text_of(file.get("mode")), text_of(file.get("filetype"))}
        preview = text_of(file.get("preview"))
        if _HTML & kinds:
            preview = read_html(preview or text_of(file.get("simplified_html")))
        if "email" in kinds:
            text = text_of(file.get("plain_text")) or text_of(file.get("preview_plain_text"))
            subject = text_of(file.get("subject")) or title
            text = text or preview
            found, place, author = lines(subject, text), Place.EMAIL, _sender(file)
        else:
            spoken = dict_of(dict_of(file.get("transcription")).get("preview")).get("content")
            shown = text_of(file.get("plain_text")) or preview
            comment = dict_of(file.get("initial_comment")).get("comment")
            text = lines(
                read_mrkdwn(text_of(comment), names), shown, text_of(spoken), _alt(file, title)
            )
            found, author = lines(title, text), None
            place = Place.FILE if text else Place.FILE_NAME
        if found:
            yield Part(found, place, author)


def _alt(file: dict[str, Any], title: str) -> str:
    alt = text_of(file.get("alt_txt"))
    return "" if alt.strip() == title.strip() else alt


def _sender(file: dict[str, Any]) -> str | None:
    for sender in dicts_of(file.get("from")):
        for key in ("name", "address", "original"):
            if name := text_of(sender.get(key)).strip():
                return name
    return None
