"""The cards that apps show for their links: a ticket's title, what it is, and its fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.slack.reading.blocks import read_any, read_text
from include.slack.reading.values import dict_of, dicts_of, lines, link, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.slack.reading.values import Names

_FRAME = frozenset({"layout_type", "header_title", "hover_subtitle", "actions", "footer"})
"""What every card of an app has around its words."""

_APART = frozenset({"title", "subtitle", "fields", "custom_fields", "attributes", *_FRAME})


def read_work_object(value: object, names: Names) -> str:
    """The lines of a card, as Slack lays it out or as the app handed it in."""
    entity = dict_of(value)
    layout = _layout(entity) or dict_of(entity.get("entity_payload"))
    shown = {**dict_of(layout.get("attributes")), **layout}
    url = text_of(entity.get("external_url")) or text_of(entity.get("url"))
    title = read_text(shown.get("title"), names)
    return lines(
        link(url, title) if title else "",
        read_text(shown.get("subtitle"), names) or text_of(shown.get("display_id")),
        *(read_any(one, names) for key, one in layout.items() if key not in _APART),
        *_fields(shown.get("fields"), names),
        *_fields(shown.get("custom_fields"), names),
    )


def _layout(entity: dict[str, Any]) -> dict[str, Any]:
    """The fullest of the card's layouts."""
    layouts = dict_of(entity.get("layouts"))
    named = [layouts.get("expanded"), layouts.get("compact"), *layouts.values()]
    return next((one for one in named if isinstance(one, dict) and one), {})


def _fields(value: object, names: Names) -> Iterator[str]:
    held = dict_of(value)
    if "elements" in held:
        value = held["elements"]
    elif held:
        value = [{"label": key, **dict_of(one)} for key, one in held.items()]
    for field in dicts_of(value):
        label = text_of(field.get("label")).replace("_", " ").strip()
        rest = {key: one for key, one in field.items() if key not in ("label", "key", "type")}
        said = text_of(rest.get("value")) or read_any(rest, names)
        if said.strip():
            yield f"{label}: {said}" if label else said
