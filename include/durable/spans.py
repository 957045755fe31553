"""Spans of waits, in the traces of the entries that they are about.

A wait does not know what it is about; whoever opens it does. So the function that says it is
registered under the word of the wait's handler (:mod:`include.durable.handlers`).
"""

from __future__ import annotations

import pkgutil
from typing import TYPE_CHECKING

from include.base import tracing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from include.durable.types import HookView

    About = Callable[[HookView], Iterable[int]]

_about: dict[str, str | About] = {}


def register_about(word: str, target: str | About) -> None:
    """Let ``target`` (or ``package.module:function``) say which entries a hook is about.

    Args:
        word: The ``handler`` of such hooks.
        target: What is called in the triggerer's event loop: it reads the hook, nothing else.
    """
    _about[word] = target


def mark_wait(name: str, hook: HookView, *, since: datetime | None = None) -> None:
    """A span for what has happened to a wait; nothing while tracing is off."""
    target = _about.get(hook.handler or "")
    if target is None or not tracing.is_on():
        return
    about = pkgutil.resolve_name(target) if isinstance(target, str) else target
    entry_ids = about(hook)
    tracing.mark(name, entry_ids, since=since, kind=hook.kind, state=hook.status, round=hook.round)
