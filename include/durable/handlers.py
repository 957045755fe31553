"""Who hears about a hook's reminder, expiry, cancellation and reopening.

A hook names a module below ``include``; its function ``on_hook_event(hook, event)`` is called in
a thread of the triggerer. It may be called more than once for the same event (a restart in the
middle), so what it does must be keyed: it writes to the message ledger, it does not post.
"""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING

from include.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.durable.types import HookEvent, HookView

_MODULE = re.compile(r"include(\.[a-z_]+)+")


def resolve_handler(module: str) -> Callable[[HookView, HookEvent], None]:
    """The ``on_hook_event`` of a module below ``include``.

    Raises:
        FatalError: the name is not such a module or it has no such function; the name comes
            from a database row, so anything outside ``include`` is refused.
    """
    if not _MODULE.fullmatch(module):
        raise FatalError(f"hook handler {module!r} is not a module below 'include'")
    try:
        function = importlib.import_module(module).on_hook_event
    except (ImportError, AttributeError) as error:
        raise FatalError(f"hook handler {module!r} has no on_hook_event: {error}") from error
    handler: Callable[[HookView, HookEvent], None] = function
    return handler


def notify_handler(hook: HookView, event: HookEvent) -> None:
    """Tell the hook's handler, if it has one."""
    if hook.handler:
        resolve_handler(hook.handler)(hook, event)
