"""Blocks of the type ``rich_text``, which Slack's own composer makes. Nothing is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.slack.reading.values import DEEPEST, date_said, dict_of, dicts_of, link, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.slack.reading.values import Names

BULLET, INDENT = "•", "    "
_BOXES = {"checked": "\u2611", "unchecked": "\u2610"}


def read_rich_text(block: dict[str, Any], names: Names, depth: int = 0) -> str:
    """The lines of a rich text, or of one of its sections, lists, quotes or code blocks."""
    if depth > DEEPEST:
        return ""
    kind = block.get("type")
    if kind == "rich_text_list":
        return _list(block, names, depth)
    rows: list[str] = []
    inline = ""
    for element in dicts_of(block.get("elements")):
        if _is_box(element):
            box = read_rich_text(element, names, depth + 1) or _own_words(element)
            rows += [inline, box]
            inline = ""
        else:
            inline += _inline(element, names, depth)
    found = "\n".join(kept for row in [*rows, inline] if (kept := row.strip("\n")).strip())
    return _quoted(found) if kind == "rich_text_quote" else found


def _is_box(element: dict[str, Any]) -> bool:
    """Whether an element stands on lines of its own; those that are new are named so, too."""
    kind = text_of(element.get("type"))
    return kind == "rich_text" or kind.startswith("rich_text_")


def _list(block: dict[str, Any], names: Names, depth: int) -> str:
    first, indent = _count(block.get("offset")) + 1, INDENT * _count(block.get("indent"))
    style = text_of(block.get("style"))
    rows = []
    for number, item in enumerate(dicts_of(block.get("elements")), start=first):
        nested = item.get("type") == "rich_text_list"
        text = read_rich_text({"elements": [item]}, names, depth + 1)
        mark = f"{number}." if style == "ordered" else _BOXES.get(style, BULLET)
        rows.append(_indented(text, INDENT) if nested else f"{indent}{mark} {text}")
    return "\n".join(rows)


def _count(value: object) -> int:
    return min(value, 8) if isinstance(value, int) and value > 0 else 0


def _indented(text: str, by: str) -> str:
    return "\n".join(by + line for line in text.split("\n"))


def _quoted(text: str) -> str:
    return _indented(text, "> ") if text else ""


def _inline(element: dict[str, Any], names: Names, depth: int) -> str:
    read = _INLINE.get(str(element.get("type")))
    if read is not None:
        return read(element, names)
    own = _own_words(element)
    inner = read_rich_text({"elements": element.get("elements")}, names, depth + 1)
    return own + inner or _referred_to(element, names)


def _own_words(element: dict[str, Any]) -> str:
    """The words of a kind that Slack added later: a text, or an object that holds one."""
    for key in ("text", "label", "title", "fallback", "name", "value", "tag"):
        value = element.get(key)
        if text := text_of(value) or text_of(dict_of(value).get("text")):
            return text
    return ""


def _referred_to(element: dict[str, Any], names: Names) -> str:
    """Whom or what a kind that Slack added later names, if it says nothing itself."""
    person, channel = text_of(element.get("user_id")), text_of(element.get("channel_id"))
    if person:
        return names.user(person)
    return text_of(element.get("url")) or (names.channel(channel) if channel else "")


def _emoji(element: dict[str, Any], _: Names) -> str:
    name, tone = text_of(element.get("name")), _count(element.get("skin_tone"))
    if name:
        return f":{name}::skin-tone-{tone}:" if tone and "::" not in name else f":{name}:"
    try:
        return "".join(chr(int(one, 16)) for one in text_of(element.get("unicode")).split("-"))
    except (ValueError, OverflowError):
        return ""


def _date(element: dict[str, Any], _: Names) -> str:
    return text_of(element.get("fallback")) or date_said(
        element.get("timestamp"), text_of(element.get("format"))
    )


def _link(element: dict[str, Any], _: Names) -> str:
    return link(text_of(element.get("url")), text_of(element.get("text")))


_INLINE: dict[str, Callable[[dict[str, Any], Names], str]] = {
    "text": lambda element, _: text_of(element.get("text")),
    "link": _link,
    "emoji": _emoji,
    "date": _date,
    "user": lambda element, names: names.user(text_of(element.get("user_id"))),
    "channel": lambda element, names: names.channel(text_of(element.get("channel_id"))),
    "usergroup": lambda element, names: names.group(text_of(element.get("usergroup_id"))),
    "team": lambda element, names: names.group(text_of(element.get("team_id"))),
    "broadcast": lambda element, _: f"@{text_of(element.get('range'))}",
    "color": lambda element, _: text_of(element.get("value")),
}
