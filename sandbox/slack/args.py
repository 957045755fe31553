"""The arguments of a Web API call, whichever way they were sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sandbox.slack.errors import SlackError

if TYPE_CHECKING:
    from starlette.requests import Request


class Args:
    """Arguments by name, with Slack's complaints about the malformed ones."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def text(self, name: str, default: str = "") -> str:
        """A string; empty when missing."""
        value = self.values.get(name)
        return default if value is None else str(value)

    def required(self, name: str) -> str:
        """A string that must be there, or ``invalid_arguments``."""
        value = self.text(name)
        if not value:
            raise SlackError("invalid_arguments", [f"[ERROR] missing required field: {name}"])
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean in any of the spellings clients use."""
        value = self.values.get(name)
        if value is None or value == "":
            return default
        return str(value).lower() in ("1", "true", "yes")

    def number(self, name: str, default: int, limit: int) -> int:
        """A whole number between 1 and the limit, or ``invalid_limit``."""
        raw = self.values.get(name)
        if raw in (None, ""):
            return default
        try:
            value = int(str(raw))
        except ValueError:
            raise SlackError("invalid_limit") from None
        if value < 1:
            raise SlackError("invalid_limit")
        return min(value, limit)

    def document(self, name: str, error: str = "invalid_arguments") -> Any:
        """A JSON value, sent as such or as text; ``None`` when missing."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise SlackError(error, [f"[ERROR] {name} is not valid JSON"]) from None


async def read_args(request: Request) -> Args:
    """Collect query, form and JSON arguments; later ones win.

    Raises:
        SlackError: ``invalid_json`` or ``json_not_object``.
    """
    values: dict[str, Any] = dict(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        body = await request.body()
        if body:
            try:
                document = json.loads(body)
            except ValueError:
                raise SlackError("invalid_json") from None
            if not isinstance(document, dict):
                raise SlackError("json_not_object")
            values |= document
    elif kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        async with request.form() as form:
            values |= {k: v for k, v in form.items() if isinstance(v, str)}
    return Args(values)
