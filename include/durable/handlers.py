"""Who hears about a hook's reminder, expiry, cancellation and reopening.

A hook's row names its handler by a registered word, never by a place in the code: code moves, rows
stay. A handler is called in a thread of the triggerer, or in a task of the sweep. It may be called
more than once for the same event (a restart in the middle), so what it does must be keyed: it
writes to the message ledger, it does not post.
"""

from __future__ import annotations

import logging
import pkgutil
from typing import TYPE_CHECKING

from include.base.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.durable.parking import Sessions
    from include.durable.types import HookEvent, HookView

    Handler = Callable[[HookView, HookEvent], None]

log = logging.getLogger(__name__)

MARK_TOLD = "UPDATE hooks SET told_at = durable_now() WHERE id = "

_registered: dict[str, str | Handler] = {}


def register(word: str, target: str | Handler) -> None:
    """Let hooks whose ``handler`` is ``word`` tell ``target``.

    Args:
        word: What rows say; it must keep its meaning for as long as rows hold it.
        target: The function, or ``package.module:function`` to import it at its first call.

    Raises:
        ValueError: the word stands for something else already.
    """
    if _registered.setdefault(word, target) != target:
        raise ValueError(f"hook handler {word!r} is registered as {_registered[word]!r} already")


def resolve_handler(word: str) -> Handler:
    """The function that is registered under a word.

    Raises:
        FatalError: nothing is registered under it, or what is registered cannot be imported.
    """
    target = _registered.get(word)
    if target is None:
        raise FatalError(
            f"no hook handler is registered as {word!r}, only {sorted(_registered)}: a plugin "
            "registers them, so see that plugins_folder holds this release's plugins everywhere"
        )
    if not isinstance(target, str):
        return target
    try:
        handler: Handler = pkgutil.resolve_name(target)
    except (ImportError, AttributeError, ValueError) as error:
        raise FatalError(f"hook handler {word!r} cannot be loaded from {target!r}") from error
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
