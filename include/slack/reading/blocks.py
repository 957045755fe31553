"""Block Kit as a person reads it, block by block. Buttons and menus are nobody's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.slack.reading.mrkdwn import read_mrkdwn
from include.slack.reading.rich_text import read_rich_text
from include.slack.reading.values import (
    DEEPEST,
    dict_of,
    dicts_of,
    lines,
    link,
    text_of,
    unescaped,
)

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
        *("text", "title", "subtitle", "header", "heading", "label", "description", "alt_text"),
        *("caption", "body", "fallback", "name", "details", "output", "hint", "content", "summary"),
        *("message", "markdown", "question", "answer", "quote", "note", "items", "initial_value"),
    }
)
_UNWORDED = frozenset(
    {"placeholder", "confirm", "format", "style", "style_name", "metadata", "slack_icon"}
)
"""Of these nobody said anything, though texts may stand there."""


def read_blocks(blocks: object, names: Names) -> str:
    """The lines of all blocks, from top to bottom."""
    return lines(*(read_block(block, names) for block in dicts_of(blocks)))


def read_block(block: dict[str, Any], names: Names) -> str:
    """The lines of one block. One of a kind that is not known is searched for texts."""
    kind = str(block.get("type"))
    if kind in _CONTROLS:
        return ""
    read = _READERS.get(kind)
    return read(block, names) if read else read_any(block, names)


def read_text(value: object, names: Names) -> str:
    """A text object: mrkdwn is read as such, plain text is as it stands.

    Slack escapes the same three characters in both.
    """
    if isinstance(value, dict):
        text = text_of(value.get("text"))
        return read_mrkdwn(text, names) if value.get("type") == "mrkdwn" else unescaped(text)
    return text_of(value)


def read_image(block: dict[str, Any], names: Names) -> str:
    """The title and, where it says something else, the words for those who do not see it."""
    return _with_alt(read_text(block.get("title"), names), block)


def _with_alt(shown: str, block: dict[str, Any]) -> str:
    alt = text_of(block.get("alt_text"))
    return shown if alt.strip() in shown.split("\n") else lines(shown, alt)


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
    found = (_element(one, names) for one in elements)
    return " ".join(text for text in found if text.strip())


def _element(one: dict[str, Any], names: Names) -> str:
    if one.get("type") == "user":
        return names.user(text_of(one.get("user_id")))
    return read_text(one, names) if isinstance(one.get("text"), str) else read_block(one, names)


def _video(block: dict[str, Any], names: Names) -> str:
    name = read_text(block.get("title"), names)
    shown = lines(
        text_of(block.get("provider_name")),
        text_of(block.get("author_name")),
        link(text_of(block.get("title_url")), name),
        read_text(block.get("description"), names),
    )
    return (
        shown if text_of(block.get("alt_text")).strip() == name.strip() else _with_alt(shown, block)
    )


def _table(block: dict[str, Any], names: Names) -> str:
    rows = block.get("rows")
    found = [shown] if (shown := read_text(block.get("caption"), names)).strip() else []
    for row in rows if isinstance(rows, list) else ():
        cells = [_cell(cell, names) for cell in dicts_of(row)]
        if any(cell.strip() for cell in cells):
            found.append(" | ".join(cells))
    return "\n".join(found)


def _cell(cell: dict[str, Any], names: Names) -> str:
    if cell.get("type") == "rich_text":
        return read_rich_text(cell, names)
    return read_text(cell, names) or text_of(cell.get("value")) or _any_text(cell, names, 1)


def _chart(block: dict[str, Any], names: Names) -> str:
    """A title, what stands at the axes, and each series or piece with its numbers."""
    chart = dict_of(block.get("chart"))
    axes = dict_of(chart.get("axis_config"))
    rows = [
        f"{text_of(series.get('name'))}: {', '.join(map(_point, dicts_of(series.get('data'))))}"
        for series in dicts_of(chart.get("series"))
    ]
    return lines(
        read_text(block.get("title"), names),
        *(text_of(axes.get(key)) for key in ("x_label", "y_label")),
        *rows,
        *map(_point, dicts_of(chart.get("segments"))),
    )


def _point(point: dict[str, Any]) -> str:
    return f"{text_of(point.get('label'))} {text_of(point.get('value'))}".strip()


def _container(block: dict[str, Any], names: Names) -> str:
    """Its title, of which Slack shows the richer one, and the blocks in it."""
    title = dict_of(block.get("rich_text_title"))
    rich = read_rich_text(title, names) if title else ""
    return lines(
        rich or read_text(block.get("title"), names),
        read_text(block.get("subtitle"), names),
        read_blocks(block.get("child_blocks"), names),
    )


def _file(block: dict[str, Any], _: Names) -> str:
    file = dict_of(block.get("file"))
    return unescaped(text_of(file.get("title")) or text_of(file.get("name")))


def read_any(value: object, names: Names) -> str:
    """The texts of something of no kind that is known."""
    return _any_text(value, names, 0)


def _any_text(value: object, names: Names, depth: int, key: str = "") -> str:
    """The texts of something that is not known: those of worded keys, and whatever has blanks."""
    if depth > DEEPEST or key in _UNWORDED:
        return ""
    if isinstance(value, str):
        is_said = key in _WORDED or len(value.split()) > 1 or not value.isascii()
        return value if is_said else ""
    if isinstance(value, list):
        return lines(*(_any_text(one, names, depth + 1, key) for one in value))
    if not isinstance(value, dict):
        return ""
    kind = str(value.get("type"))
    if kind in _CONTROLS:
        return ""
    if depth and kind in _READERS:
        return _READERS[kind](value, names)
    if kind in ("mrkdwn", "plain_text"):
        return read_text(value, names)
    return lines(*(_any_text(inner, names, depth + 1, str(key)) for key, inner in value.items()))


_READERS: dict[str, Reader] = {
    "rich_text": read_rich_text,
    "section": _section,
    "header": lambda block, names: read_text(block.get("text"), names),
    "context": _context,
    "image": read_image,
    "video": _video,
    "table": _table,
    "data_table": _table,
    "data_visualization": _chart,
    "container": _container,
    "file": _file,
    # Standard Markdown, which is not Slack's: it stays as it was written.
    "markdown": lambda block, _: text_of(block.get("text")),
}
