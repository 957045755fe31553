"""An object that an API wraps its list in: ``{"count": 2, "tickets": [{…}, {…}]}``."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_KEY = re.compile(r'\s*"((?:[^"\\]|\\.){0,200})"\s*:\s*')
_OPENS_LIST = re.compile(r"\[\s*\{")
_MORE = re.compile(r"\s*,")
_DEEPEST = 4
_DECODER = json.JSONDecoder()


def list_inside(start: str, is_field: Callable[[str], bool]) -> tuple[str, int] | None:
    """The name of the first list of objects, and where it opens; ``None`` where there is none.

    Args:
        start: The beginning of a file, from its ``{`` on.
        is_field: Whether a name belongs to a record, so that the object is one itself.
    """
    return _in_object(start, 0, is_field, 0) if start.startswith("{") else None


def _in_object(
    start: str, at: int, is_field: Callable[[str], bool], depth: int
) -> tuple[str, int] | None:
    at += 1
    while key := _KEY.match(start, at):
        at = key.end()
        if is_field(key[1]) or depth > _DEEPEST:
            return None
        if _OPENS_LIST.match(start, at):
            return key[1], at + 1
        if start.startswith("{", at) and (found := _in_object(start, at, is_field, depth + 1)):
            return found
        try:
            _, at = _DECODER.raw_decode(start, at)
        except (ValueError, RecursionError):
            return None
        more = _MORE.match(start, at)
        if more is None:
            return None
        at = more.end()
    return None
