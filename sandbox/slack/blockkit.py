"""Slack's limits on Block Kit, checked as Slack checks them.

Limits as published in Slack's Block Kit reference; each complaint carries a JSON pointer.
"""

from __future__ import annotations

from typing import Any

from sandbox.slack.errors import SlackError

Json = dict[str, Any]

MAX_BLOCKS = {"message": 50, "modal": 100, "home": 100}
_TEXT_TYPES = ("plain_text", "mrkdwn")
_BLOCKS = frozenset(
    [
        "section",
        "header",
        "divider",
        "context",
        "actions",
        "image",
        "input",
        "rich_text",
        "markdown",
        "video",
        "file",
    ]
)
_SELECTS = ("static_select", "multi_static_select", "radio_buttons", "checkboxes")
_OPTION_LIMIT = {"overflow": 5, "radio_buttons": 10, "checkboxes": 10}
_ELEMENTS = frozenset(
    [
        "button",
        "overflow",
        "static_select",
        "multi_static_select",
        "external_select",
        "multi_external_select",
        "users_select",
        "multi_users_select",
        "conversations_select",
        "channels_select",
        "datepicker",
        "timepicker",
        "radio_buttons",
        "checkboxes",
        "plain_text_input",
        "email_text_input",
        "url_text_input",
        "number_input",
        "image",
    ]
)


class _Check:
    """Collects complaints while it walks the blocks."""

    def __init__(self) -> None:
        self.complaints: list[str] = []

    def complain(self, what: str, pointer: str) -> None:
        self.complaints.append(f"[ERROR] {what} [json-pointer:{pointer}]")

    def text(self, value: Any, pointer: str, limit: int, *, plain: bool = False) -> None:
        if not isinstance(value, dict) or value.get("type") not in _TEXT_TYPES:
            return self.complain("missing or malformed text object", pointer)
        if plain and value["type"] != "plain_text":
            self.complain("must be of type plain_text", f"{pointer}/type")
        content = value.get("text")
        if not isinstance(content, str) or not content:
            self.complain("must be more than 0 characters", f"{pointer}/text")
        elif len(content) > limit:
            self.complain(f"must be less than {limit + 1} characters", f"{pointer}/text")

    def string(self, owner: Json, name: str, pointer: str, limit: int) -> None:
        value = owner.get(name)
        if value is None:
            return
        if not isinstance(value, str):
            self.complain("must be a string", f"{pointer}/{name}")
        elif len(value) > limit:
            self.complain(f"must be less than {limit + 1} characters", f"{pointer}/{name}")

    def count(self, value: Any, pointer: str, limit: int) -> list[Any]:
        if not isinstance(value, list) or not value:
            self.complain("must have at least 1 item", pointer)
            return []
        if len(value) > limit:
            self.complain(f"no more than {limit} items allowed", pointer)
        return value

    def options(self, element: Json, pointer: str) -> None:
        groups = element.get("option_groups")
        if isinstance(groups, list) and groups:
            for i, group in enumerate(groups):
                self.text(group.get("label"), f"{pointer}/option_groups/{i}/label", 75, plain=True)
                self.option_list(group, f"{pointer}/option_groups/{i}", 100)
        else:
            self.option_list(element, pointer, _OPTION_LIMIT.get(element["type"], 100))

    def option_list(self, owner: Json, pointer: str, limit: int) -> None:
        for i, option in enumerate(self.count(owner.get("options"), f"{pointer}/options", limit)):
            at = f"{pointer}/options/{i}"
            self.text(option.get("text"), f"{at}/text", 75)
            if not isinstance(option.get("value"), str) or not option["value"]:
                self.complain("must be more than 0 characters", f"{at}/value")
            self.string(option, "value", at, 150)

    def element(self, element: Any, pointer: str, *, interactive: bool = False) -> None:
        kind = element.get("type") if isinstance(element, dict) else None
        if kind not in _ELEMENTS or (interactive and kind == "image"):
            return self.complain(f"unsupported type: {kind}", f"{pointer}/type")
        self.string(element, "action_id", pointer, 255)
        if kind == "button":
            self.text(element.get("text"), f"{pointer}/text", 75, plain=True)
            self.string(element, "value", pointer, 2000)
            self.string(element, "url", pointer, 3000)
            if element.get("style", "primary") not in ("primary", "danger"):
                self.complain("must be primary or danger", f"{pointer}/style")
        elif kind in (*_SELECTS, "overflow"):
            self.options(element, pointer)
        elif kind == "image":
            self.image(element, pointer)
        if "placeholder" in element:
            self.text(element["placeholder"], f"{pointer}/placeholder", 150, plain=True)
        confirm = element.get("confirm")
        if confirm is not None:
            limits = {"title": 100, "text": 300, "confirm": 30, "deny": 30}
            for name, limit in limits.items():
                if name in confirm or name == "text":
                    self.text(confirm.get(name), f"{pointer}/confirm/{name}", limit)

    def image(self, owner: Json, pointer: str) -> None:
        if not owner.get("image_url") and not owner.get("slack_file"):
            self.complain("missing required field: image_url", pointer)
        if not owner.get("alt_text"):
            self.complain("missing required field: alt_text", pointer)
        self.string(owner, "image_url", pointer, 3000)
        self.string(owner, "alt_text", pointer, 2000)

    def section(self, block: Json, pointer: str) -> None:
        if "text" in block:
            self.text(block["text"], f"{pointer}/text", 3000)
        if "fields" in block:
            for i, field in enumerate(self.count(block["fields"], f"{pointer}/fields", 10)):
                self.text(field, f"{pointer}/fields/{i}", 2000)
        if "text" not in block and "fields" not in block:
            self.complain("missing required field: text", pointer)
        if "accessory" in block:
            self.element(block["accessory"], f"{pointer}/accessory")

    def block(self, block: Any, pointer: str) -> None:
        kind = block.get("type") if isinstance(block, dict) else None
        if kind not in _BLOCKS:
            return self.complain(f"unsupported type: {kind}", f"{pointer}/type")
        self.string(block, "block_id", pointer, 255)
        if kind == "section":
            self.section(block, pointer)
        elif kind == "header":
            self.text(block.get("text"), f"{pointer}/text", 150, plain=True)
        elif kind == "context":
            for i, part in enumerate(self.count(block.get("elements"), f"{pointer}/elements", 10)):
                if isinstance(part, dict) and part.get("type") == "image":
                    self.image(part, f"{pointer}/elements/{i}")
                else:
                    self.text(part, f"{pointer}/elements/{i}", 3000)
        elif kind == "actions":
            for i, part in enumerate(self.count(block.get("elements"), f"{pointer}/elements", 25)):
                self.element(part, f"{pointer}/elements/{i}", interactive=True)
        elif kind == "image":
            self.image(block, pointer)
        elif kind == "input":
            self.text(block.get("label"), f"{pointer}/label", 2000, plain=True)
            self.element(block.get("element"), f"{pointer}/element", interactive=True)

    def unique_ids(self, blocks: list[Any]) -> None:
        seen: set[str] = set()
        for i, block in enumerate(blocks):
            name = block.get("block_id") if isinstance(block, dict) else None
            if name and name in seen:
                self.complain(f"`block_id` {name} already exists", f"/blocks/{i}/block_id")
            seen.add(name or "")
            elements = block.get("elements") if isinstance(block, dict) else None
            ids = [e.get("action_id") for e in elements or () if isinstance(e, dict)]
            named = [a for a in ids if a]
            if len(named) != len(set(named)):
                self.complain("`action_id` already exists", f"/blocks/{i}/elements")


def _walk(blocks: Any, surface: str) -> list[str]:
    check = _Check()
    if not isinstance(blocks, list):
        check.complain("must be an array", "/blocks")
        return check.complaints
    if len(blocks) > MAX_BLOCKS[surface]:
        check.complain(f"no more than {MAX_BLOCKS[surface]} items allowed", "/blocks")
    for i, block in enumerate(blocks):
        check.block(block, f"/blocks/{i}")
    check.unique_ids(blocks)
    return check.complaints


def check_message_blocks(blocks: Any) -> None:
    """Refuse blocks a message may not have.

    Raises:
        SlackError: ``invalid_blocks`` with one line per complaint.
    """
    complaints = _walk(blocks, "message")
    if complaints:
        raise SlackError("invalid_blocks", complaints)


def check_view(view: Any) -> None:
    """Refuse a modal or App Home that Slack would refuse.

    Raises:
        SlackError: ``invalid_arguments`` with one line per complaint.
    """
    kind = view.get("type") if isinstance(view, dict) else None
    if kind not in ("modal", "home"):
        raise SlackError(
            "invalid_arguments", ["[ERROR] must be modal or home [json-pointer:/type]"]
        )
    check = _Check()
    blocks = view.get("blocks")
    if kind == "modal":
        check.text(view.get("title"), "/title", 24, plain=True)
        for name in ("submit", "close"):
            if view.get(name) is not None:
                check.text(view[name], f"/{name}", 24, plain=True)
        has_input = any(isinstance(b, dict) and b.get("type") == "input" for b in blocks or ())
        if has_input and not view.get("submit"):
            check.complain("missing required field: submit (there is an input block)", "/submit")
    check.string(view, "private_metadata", "", 3000)
    check.string(view, "callback_id", "", 255)
    check.string(view, "external_id", "", 255)
    complaints = check.complaints + _walk(blocks, kind)
    if complaints:
        raise SlackError("invalid_arguments", complaints)
