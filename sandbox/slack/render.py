"""Block Kit as HTML. Output is safe: every value of a block is escaped."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sandbox.slack.forms import initial_value, options_of
from sandbox.slack.mrkdwn import emoji, to_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Json = dict[str, Any]

_INPUT_TYPES = {
    "plain_text_input": "text",
    "email_text_input": "email",
    "url_text_input": "url",
    "number_input": "number",
    "datepicker": "date",
    "timepicker": "time",
}


def attributes(**pairs: Any) -> str:
    """HTML attributes; ``None`` and ``False`` are left out, underscores become dashes."""
    out = []
    for name, value in pairs.items():
        if value is None or value is False:
            continue
        key = name.rstrip("_").replace("_", "-")
        out.append(key if value is True else f'{key}="{escape(str(value), quote=True)}"')
    return " ".join(out)


def _safe_url(url: Any) -> str | None:
    text = str(url or "")
    return text if text.startswith(("http://", "https://")) else None


class Renderer:
    """Renders blocks; ``people`` are the options of user pickers as (id, name)."""

    def __init__(self, name_of: Callable[[str], str], people: list[tuple[str, str]]) -> None:
        self._name_of = name_of
        self._people = people

    def mrkdwn(self, text: str) -> str:
        """Text with Slack's markup."""
        return to_html(text, self._name_of)

    def text(self, obj: Json | None) -> str:
        """A text object, either type."""
        if not obj:
            return ""
        if obj.get("type") == "plain_text":
            shown = escape(str(obj.get("text", ""))).replace("\n", "<br>")
            parts = shown.split(":")
            return shown if len(parts) < 3 else self._plain_emoji(shown)
        return self.mrkdwn(str(obj.get("text", "")))

    @staticmethod
    def _plain_emoji(shown: str) -> str:
        from sandbox.slack.mrkdwn import EMOJI

        for name in EMOJI:
            if f":{name}:" in shown:
                shown = shown.replace(f":{name}:", emoji(name))
        return shown

    def blocks(self, blocks: Iterable[Json], errors: dict[str, str] | None = None) -> str:
        """All blocks, one after the other; ``errors`` go under their inputs."""
        return "".join(self._block(b, errors or {}) for b in blocks)

    def _block(self, block: Json, errors: dict[str, str]) -> str:
        kind = str(block.get("type"))
        render = getattr(self, f"_{kind}_block", None)
        if kind == "input":
            body = self._input_block(block, errors.get(block["block_id"]))
        elif render is not None:
            body = render(block)
        else:
            body = f'<div class="unsupported">[{escape(kind)} block]</div>'
        data = attributes(class_=f"block block-{kind}", data_block_id=block.get("block_id"))
        return f"<div {data}>{body}</div>"

    def _section_block(self, block: Json) -> str:
        parts = []
        if block.get("text"):
            parts.append(f'<div class="section-text">{self.text(block["text"])}</div>')
        if block.get("fields"):
            fields = "".join(f"<div>{self.text(f)}</div>" for f in block["fields"])
            parts.append(f'<div class="fields">{fields}</div>')
        body = f'<div class="section-main">{"".join(parts)}</div>'
        if block.get("accessory"):
            body += f'<div class="accessory">{self.element(block, block["accessory"])}</div>'
        return body

    def _header_block(self, block: Json) -> str:
        return f"<h3>{self.text(block['text'])}</h3>"

    def _divider_block(self, block: Json) -> str:
        del block
        return "<hr>"

    def _context_block(self, block: Json) -> str:
        parts = (
            self._picture(e, "context-image") if e["type"] == "image" else self.text(e)
            for e in block["elements"]
        )
        return "".join(f"<span>{p}</span>" for p in parts)

    def _actions_block(self, block: Json) -> str:
        return "".join(self.element(block, e) for e in block["elements"])

    def _image_block(self, block: Json) -> str:
        title = block.get("title")
        head = f'<div class="image-title">{self.text(title)}</div>' if title else ""
        return head + self._picture(block, "block-picture")

    def _markdown_block(self, block: Json) -> str:
        return self.mrkdwn(str(block.get("text", "")))

    def _rich_text_block(self, block: Json) -> str:
        return "".join(self._rich(e) for e in block.get("elements", ()))

    def _rich(self, element: Json) -> str:
        kind = element.get("type")
        inner = "".join(self._rich(e) for e in element.get("elements", ()))
        if kind == "rich_text_quote":
            return f"<blockquote>{inner}</blockquote>"
        if kind == "rich_text_preformatted":
            return f"<pre>{inner}</pre>"
        if kind == "rich_text_list":
            items = "".join(f"<li>{self._rich(e)}</li>" for e in element.get("elements", ()))
            return f"<ul>{items}</ul>"
        if kind == "link":
            return self.mrkdwn(f"<{element['url']}|{element.get('text') or element['url']}>")
        if kind == "user":
            return self.mrkdwn(f"<@{element['user_id']}>")
        if kind == "emoji":
            return emoji(str(element.get("name")))
        if kind == "text":
            shown = escape(str(element.get("text", ""))).replace("\n", "<br>")
            style = element.get("style") or {}
            for name, tag in (("bold", "strong"), ("italic", "em"), ("code", "code")):
                shown = f"<{tag}>{shown}</{tag}>" if style.get(name) else shown
            return shown
        return f"<div>{inner}</div>"

    @staticmethod
    def _picture(owner: Json, css: str) -> str:
        uploaded = str((owner.get("slack_file") or {}).get("id") or "")
        url = f"/files/{quote(uploaded)}/image" if uploaded else _safe_url(owner.get("image_url"))
        alt = owner.get("alt_text", "")
        if url is None:
            return f'<span class="no-picture">{escape(str(alt))}</span>'
        return f"<img {attributes(class_=css, src=url, alt=alt, loading='lazy')}>"

    def _input_block(self, block: Json, error: str | None) -> str:
        element = block["element"]
        field_id = f"f-{block['block_id']}-{element['action_id']}"
        optional = '<span class="optional">(optional)</span>' if block.get("optional") else ""
        out = f"<label {attributes(for_=field_id)}>{self.text(block['label'])} {optional}</label>"
        out += self.element(block, element, field_id)
        if block.get("hint"):
            out += f'<div class="hint">{self.text(block["hint"])}</div>'
        if error:
            out += f'<div class="field-error" role="alert">{escape(error)}</div>'
        return out

    def element(self, block: Json, element: Json, field_id: str | None = None) -> str:
        """An interactive element."""
        kind = str(element.get("type"))
        if kind == "image":
            return self._picture(element, "accessory-picture")
        # In a form nothing is sent until it is submitted, unless the block asks for it.
        quiet = block.get("type") == "input" and not block.get("dispatch_action")
        common: Json = {
            "data_action_id": element.get("action_id"),
            "data_block_id": block.get("block_id"),
            "data_kind": kind,
            "data_quiet": quiet,
            "data_confirm": json.dumps(element["confirm"]) if element.get("confirm") else None,
            "data_testid": f"action-{element.get('action_id')}",
            "id": field_id,
        }
        if kind == "button":
            return self._button(element, common)
        if kind in ("static_select", "users_select", "overflow"):
            return self._select(element, common, kind)
        if kind in ("radio_buttons", "checkboxes", "multi_static_select", "multi_users_select"):
            return self._choices(element, common, kind)
        if kind == "external_select":
            return self._external(element, common)
        return self._typed(element, common, kind)

    def _button(self, element: Json, common: Json) -> str:
        attrs = attributes(
            type="button",
            class_=f"btn {element.get('style', 'default')}",
            data_value=element.get("value"),
            data_url=_safe_url(element.get("url")),
            aria_label=element.get("accessibility_label"),
            **common,
        )
        return f"<button {attrs}>{self.text(element['text'])}</button>"

    def _options(self, element: Json) -> list[tuple[str, str]]:
        if "users" in element["type"]:
            return self._people
        return [(o["value"], str(o["text"]["text"])) for o in options_of(element)]

    @staticmethod
    def _chosen(element: Json) -> set[str]:
        value = initial_value(element)
        values = value if isinstance(value, list) else [value]
        return {v["value"] if isinstance(v, dict) else str(v) for v in values if v is not None}

    def _select(self, element: Json, common: Json, kind: str) -> str:
        overflow = kind == "overflow"
        hint = "⋯" if overflow else str((element.get("placeholder") or {}).get("text", "Choose…"))
        chosen = self._chosen(element)
        options = f'<option value="">{escape(hint)}</option>'
        for value, label in self._options(element):
            attrs = attributes(value=value, selected=value in chosen)
            options += f"<option {attrs}>{escape(label)}</option>"
        label = "More actions" if overflow else hint
        css = "control overflow" if overflow else "control"
        attrs = attributes(class_=css, aria_label=None if common["id"] else label, **common)
        return f"<select {attrs}>{options}</select>"

    def _choices(self, element: Json, common: Json, kind: str) -> str:
        box = "radio" if kind == "radio_buttons" else "checkbox"
        chosen = self._chosen(element)
        group = f"{common['data_block_id']}-{common['data_action_id']}"
        out = ""
        for value, label in self._options(element):
            attrs = attributes(type=box, name=group, value=value, checked=value in chosen)
            out += f"<label><input {attrs}> {escape(label)}</label>"
        return f"<div {attributes(class_='choices', role='group', **common)}>{out}</div>"

    @staticmethod
    def _external(element: Json, common: Json) -> str:
        chosen = initial_value(element)
        hint = str((element.get("placeholder") or {}).get("text", "Type to search"))
        field = attributes(
            type="text",
            class_="control",
            role="combobox",
            aria_expanded="false",
            autocomplete="off",
            placeholder=hint,
            value=chosen["text"]["text"] if chosen else None,
            data_selected=json.dumps(chosen) if chosen else None,
            data_min=element.get("min_query_length", 3),
            **common,
        )
        return (
            f'<div class="combo"><input {field}><div class="combo-list" role="listbox"></div></div>'
        )

    @staticmethod
    def _typed(element: Json, common: Json, kind: str) -> str:
        value = initial_value(element)
        shared = attributes(
            class_="control",
            placeholder=(element.get("placeholder") or {}).get("text"),
            maxlength=element.get("max_length"),
            minlength=element.get("min_length"),
            **common,
        )
        if element.get("multiline"):
            return f'<textarea rows="4" {shared}>{escape(str(value or ""))}</textarea>'
        kind_attrs = attributes(type=_INPUT_TYPES.get(kind, "text"), value=value)
        return f"<input {kind_attrs} {shared}>"
