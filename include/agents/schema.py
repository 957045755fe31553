"""The JSON schema of an answer, and an answer's text back into the typed value."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

    T = TypeVar("T", bound=BaseModel)

ANSWER_MAX = 100_000
_UNSUPPORTED = ("default", "title", "minLength", "maxLength", "examples")
_MOST_PROBLEMS = 5
_FENCED = re.compile(r"\A```[a-zA-Z]*\s*\n(.*)\n\s*```\Z", re.S)


class MalformedAnswer(Exception):
    """The answer is not what was asked for; the message quotes nothing of it."""


@cache
def answer_schema(model: type[BaseModel]) -> tuple[dict[str, Any], bool]:
    """The schema to send, and whether it can be enforced strictly.

    In the strict form every object is closed and names all its fields as required, and limits that
    servers do not know are left out; `read_answer` checks them afterwards. Do not change it: it is
    made once for each model.
    """
    schema = model.model_json_schema()
    strict = _tighten(schema)
    return schema, strict


def read_answer(text: str, model: type[T], show: Callable[[Any], Any]) -> T:
    """The typed value of an answer.

    Args:
        text: What the model said: one JSON object, perhaps inside a Markdown fence.
        model: What was asked for.
        show: Fills hidden values in again.

    Raises:
        MalformedAnswer: It is no JSON, two objects, or of another form.
    """
    from pydantic import ValidationError

    bare = text.strip()
    inside = _FENCED.match(bare)
    bare = inside[1].strip() if inside else bare
    if len(bare) > ANSWER_MAX:
        raise MalformedAnswer(f"the answer has more than {ANSWER_MAX} characters")
    try:
        value, end = json.JSONDecoder().raw_decode(bare)
    except (ValueError, RecursionError):
        raise MalformedAnswer("the answer is not JSON") from None
    if bare[end:].strip():
        raise MalformedAnswer("the answer holds more than one JSON value")
    try:
        return model.model_validate(show(value))
    except ValidationError as error:
        raise MalformedAnswer(_problems(error)) from None
    except RecursionError:
        raise MalformedAnswer("the answer is nested too deeply") from None


def _problems(error: Any) -> str:
    """Where the answer is wrong, without what stands there."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    shown = [
        f"{'.'.join(str(part) for part in one['loc'] if _own(part)) or 'answer'}: {one['type']}"
        for one in found[:_MOST_PROBLEMS]
    ]
    more = [f"and {len(found) - _MOST_PROBLEMS} more"] if len(found) > _MOST_PROBLEMS else []
    return "; ".join([*shown, *more])


def _own(part: object) -> bool:
    """Whether a part of a place is a number or one of our names; an invented one may be text."""
    return isinstance(part, int) or (isinstance(part, str) and part.isidentifier())


def _tighten(node: Any) -> bool:
    """Close objects in place; false when something cannot be said strictly."""
    if isinstance(node, list):
        return all([_tighten(item) for item in node])
    if not isinstance(node, dict):
        return True
    strict = True
    if node.get("type") == "object" or "properties" in node:
        open_ended = node.get("additionalProperties") not in (None, False)
        strict = not open_ended and "properties" in node
        if strict:
            node["additionalProperties"] = False
            node["required"] = list(node["properties"])
    for name in _UNSUPPORTED:
        node.pop(name, None)
    for name, item in node.items():
        if name == "properties":
            # Here the keys are names of fields, and a field may be called "title".
            strict = all([_tighten(field) for field in item.values()]) and strict
        elif name != "required":
            strict = _tighten(item) and strict
    return strict
