"""Who hears about a hook's reminder, expiry, cancellation and reopening.

A hook names a module below ``include``; its function ``on_hook_event(hook, event)`` is called in
a thread of the triggerer. It may be called more than once for the same event (a restart in the
middle), so what it does must be keyed: it writes to the message ledger, it does not post.
"""

from __future__ import annotations

import importlib
import logging
import re
from typing import TYPE_CHECKING

from include.base.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.durable.parking import Sessions
    from include.durable.types import HookEvent, HookView

log = logging.getLogger(__name__)

MARK_TOLD = "UPDATE hooks SET told_at = durable_now() WHERE id = "
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


def tell_closed(sessions: Sessions, hook: HookView) -> bool:
    """Tell the handler that a hook expired or was cancelled, and note that it has heard.

    False when the handler failed: the sweep tells it again (``catch_up``).
    """
    from sqlalchemy import text

    try:
        notify_handler(hook, "expired" if hook.status == "expired" else "cancelled")
    except Exception as error:
        log.warning(
            "durable hook %s: handler failed on %s (%s); the sweep will call it again",
            hook.id,
            hook.status,
            type(error).__name__,
        )
        return False
    with sessions() as session:
        session.execute(text(MARK_TOLD + ":id"), {"id": hook.id})
    return True
