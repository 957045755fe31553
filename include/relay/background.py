"""What happens after the acknowledgement, in small pools: a slow Slack delays no answer."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from include.base.safe_log import describe, where

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

_lock = threading.Lock()
_running: set[Future[None]] = set()


@lru_cache(maxsize=3)
def _pool(name: str) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=4, thread_name_prefix=f"slack-relay-{name}")


def submit(work: Callable[..., Any], *arguments: Any) -> None:
    """Run what follows from a stored event. A crash loses nothing: the sweep finds the event."""
    _submit("effects", work, *arguments)


def submit_delivery(work: Callable[..., Any], *arguments: Any) -> None:
    """Run what talks to Slack."""
    _submit("deliveries", work, *arguments)


def submit_view(work: Callable[..., Any], *arguments: Any) -> None:
    """Run what opens a modal: its trigger is good for three seconds, so it waits behind nothing."""
    _submit("views", work, *arguments)


def drain(timeout: float = 30.0) -> bool:
    """Wait until nothing runs any more; false when that took longer than ``timeout`` seconds."""
    while True:
        with _lock:
            futures = set(_running)
        if not futures:
            return True
        if wait(futures, timeout=timeout).not_done:
            return False


def _submit(pool: str, work: Callable[..., Any], *arguments: Any) -> None:
    future = _pool(pool).submit(_run, work, *arguments)
    with _lock:
        _running.add(future)
    future.add_done_callback(_forget)


def _forget(future: Future[None]) -> None:
    with _lock:
        _running.discard(future)


def _run(work: Callable[..., Any], *arguments: Any) -> None:
    try:
        work(*arguments)
    except Exception as error:
        log.error("%s failed: %s\n%s", work.__name__, describe(error), where(error))
