"""Block Kit as a person reads it, block by block. Buttons and menus are nobody's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.slack.reading.mrkdwn import read_mrkdwn
from include.slack.reading.rich_text import read_rich_text
from include.slack.reading.values import DEEPEST, dict_of, dicts_of, lines, link, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.slack.reading.values import Names

    Reader = Callable[[dict[str, Any], Names], str]

_CONTROLS = frozenset(
    {
        *("actions", "button", "context_actions", "divider", "icon_button", "overflow"),
        *("checkboxes", "radio_buttons", "datepicker", "datetimepicker", "timepicker"),
        *("feedback_buttons", "workflow_button", "static_select", "external_select"),
        *("users_select", "channels_select", "conversations_select", "multi_static_select"),
        *("multi_external_select", "multi_users_select", "multi_channels_select"),
        "multi_conversations_select",
    }
)
_WORDED = frozenset(
    {
        *("text", "title", "subtitle", "header", "label", "description", "alt_text", "caption"),
        *("body", "fallback", "name", "details", "output", "hint"),
    }
)


def read_blocks(blocks: object, names: Names) -> str:
    """The lines of all blocks, from top to bottom."""
    return lines(*(read_block(block, names) for block in dicts_of(blocks)))


def read_block(block: dict[str, Any], names: Names) -> str:
    """The lines of one block. One of a kind that is not known is searched for texts."""
    kind = str(block.get("type"))
    if kind in _CONTROLS:
        return ""
    read = _READERS.get(kind)
    return read(block, names) if read else _any_text(block, names, 0)


def read_text(value: object, names: Names) -> str:
    """A text object: mrkdwn is read as such, plain text is as it stands."""
    if isinstance(value, dict):
        text = text_of(value.get("text"))
        return read_mrkdwn(text, names) if value.get("type") == "mrkdwn" else text
    return text_of(value)


def read_image(block: dict[str, Any], names: Names) -> str:
    """The title and, where it says something else, the words for those who do not see it."""
    title, alt = read_text(block.get("title"), names), text_of(block.get("alt_text"))
    return title if alt.strip() == title.strip() else lines(title, alt)


def _section(block: dict[str, Any], names: Names) -> str:
    fields = block.get("fields")
    rows = [read_text(one, names) for one in fields] if isinstance(fields, list) else []
    accessory = dict_of(block.get("accessory"))
    return lines(
        read_text(block.get("text"), names),
        *rows,
        read_block(accessory, names) if accessory else "",
    )


def _context(block: dict[str, Any], names: Names) -> str:
    elements = dicts_of(block.get("elements"))
    found = (
        read_image(one, names) if one.get("type") == "image" else read_text(one, names)
        for one in elements
    )
    return " ".join(text for text in found if text.strip())


def _video(block: dict[str, Any], names: Names) -> str:
    title = link(text_of(block.get("title_url")), read_text(block.get("title"), names))
    return lines(
        text_of(block.get("provider_name")),
        text_of(block.get("author_name")),
        title,
        read_text(block.get("description"), names),
        text_of(block.get("alt_text")),
    )


def _table(block: dict[str, Any], names: Names) -> str:
    rows = block.get("rows")
    found = []
    for row in rows if isinstance(rows, list) else ():
        cells = [_cell(cell, names) for cell in dicts_of(row)]
        if any(cell.strip() for cell in cells):
            found.append(" | ".join(cells))
    return "\n".join(found)


def _cell(cell: dict[str, Any], names: Names) -> str:
    if cell.get("type") == "rich_text":
        return read_rich_text(cell, names)
    return read_text(cell, names)


def _any_text(value: object, names: Names, depth: int) -> str:
    if depth > DEEPEST:
        return ""
    if isinstance(value, list):
        return lines(*(_any_text(one, names, depth + 1) for one in value))
    if not isinstance(value, dict):
        return ""
    kind = str(value.get("type"))
    if kind in _CONTROLS:
        return ""
    if depth and kind in _READERS:
        return _READERS[kind](value, names)
    if kind in ("mrkdwn", "plain_text"):
        return read_text(value, names)
    found = []
    for key, inner in value.items():
        if isinstance(inner, dict | list):
            found.append(_any_text(inner, names, depth + 1))
        elif key in _WORDED:
            found.append(text_of(inner))
    return lines(*found)


_READERS: dict[str, Reader] = {
    "rich_text": read_rich_text,
    "section": _section,
    "header": lambda block, names: read_text(block.get("text"), names),
    "context": _context,
    "image": read_image,
    "video": _video,
    "table": _table,
    # Standard Markdown, which is not Slack's: it stays as it was written.
    "markdown": lambda block, _: text_of(block.get("text")),
}
