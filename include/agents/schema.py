"""The JSON schema of an answer, and an answer's text back into the typed value."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic import BaseModel

    T = TypeVar("T", bound=BaseModel)

ANSWER_MAX = 100_000
_UNSUPPORTED = ("default", "title", "minLength", "maxLength", "examples")
_MOST_PROBLEMS = 5
_MOST_TRIES = 50
_THOUGHT = re.compile(r"\A.{0,40}?<(think|thinking|reasoning)>.*?</\1>", re.S)
# Where thoughts end that began in the prompt, and where a channel of gpt-oss begins.
_THOUGHT_ENDS = re.compile(
    r"</(?:\w+:)?(?:think|thinking|thoughts?|reasoning|reflection|scratchpad|analysis)>"
    r"|\[/THINK\]|\u25c1/think\u25b7|<\|message\|>",
    re.I,
)
# Models write line breaks into strings as they are.
_DECODER = json.JSONDecoder(strict=False)
_OPENS = re.compile(r"""[{"]""")


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
    """The typed value of an answer: the JSON object in it that fits.

    Models put words, fences, lists, quotation marks and stop tokens around what was asked for.

    Args:
        text: What the model said.
        model: What was asked for.
        show: Fills hidden values in again.

    Raises:
        MalformedAnswer: It has no JSON, nothing of the form, or more than one answer.
    """
    from pydantic import ValidationError

    if len(text) > ANSWER_MAX:
        raise MalformedAnswer(f"the answer has more than {ANSWER_MAX} characters")
    problem = "the answer is not JSON"

    def fitting(value: Any) -> T | None:
        nonlocal problem
        try:
            return model.model_validate(show(value))
        except ValidationError as error:
            problem = _problems(error)
        except RecursionError:
            problem = "the answer is nested too deeply"
        return None

    def found_in(said: str) -> T | None:
        found: T | None = None
        for value in _objects(said):
            # Some answer in an envelope, named like the task or like a call.
            inner = (one for one in value.values() if isinstance(one, dict))
            fits = next((one for each in (value, *inner) if (one := fitting(each))), None)
            if fits is not None and found is not None:
                raise MalformedAnswer("the answer holds more than one JSON value")
            found = fits or found
        return found

    ends = [end.end() for end in _THOUGHT_ENDS.finditer(text)]
    found = found_in(text[ends[-1] :]) if ends else None
    # What looks like the end of a thought may be a customer's word.
    found = found or found_in(_THOUGHT.sub("", text))
    if found is None:
        raise MalformedAnswer(problem)
    return found


def _objects(text: str, depth: int = 0) -> Iterator[dict[str, Any]]:
    """The JSON objects of a text in order, also those that are written inside a JSON string."""
    at = 0
    for _ in range(_MOST_TRIES):
        opens = _OPENS.search(text, at)
        if opens is None:
            return
        at = opens.start() + 1
        try:
            value, end = _DECODER.raw_decode(text, opens.start())
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield value
            at = end
        elif depth == 0 and "{" in value:
            yield from _objects(value, depth + 1)
            at = end


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
