"""What happens after the acknowledgement, in small pools: a slow Slack delays no answer.

While calls wait for their acknowledgement, what follows from others waits a little: all of it
shares one interpreter, and Slack gives a call three seconds.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from include.base.safe_log import describe, where

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

log = logging.getLogger(__name__)

STANDS_BACK_SECONDS = 1.0
"""So long at most; under a load that never ends, the rest goes on beside the acknowledgements."""

_lock = threading.Lock()
_running: set[Future[None]] = set()
_calls = [0]
_all_acknowledged = threading.Condition()


@lru_cache(maxsize=3)
def _pool(name: str) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=4, thread_name_prefix=f"slack-relay-{name}")


def submit(work: Callable[..., Any], *arguments: Any) -> None:
    """Run what follows from a stored event. A crash loses nothing: the sweep finds the event."""
    _submit("effects", _after_calls, work, *arguments)


def submit_delivery(work: Callable[..., Any], *arguments: Any) -> None:
    """Run what talks to Slack."""
    _submit("deliveries", _after_calls, work, *arguments)


def submit_view(work: Callable[..., Any], *arguments: Any) -> None:
    """Run what opens a modal: its trigger is good for three seconds, so it waits behind nothing."""
    _submit("views", _run, work, *arguments)


@contextmanager
def acknowledging() -> Iterator[None]:
    """While a call of Slack is taken and answered."""
    with _all_acknowledged:
        _calls[0] += 1
    try:
        yield
    finally:
        with _all_acknowledged:
            _calls[0] -= 1
            if not _calls[0]:
                _all_acknowledged.notify_all()


def drain(timeout: float = 30.0) -> bool:
    """Wait until nothing runs any more; false when that took longer than ``timeout`` seconds."""
    while True:
        with _lock:
            futures = set(_running)
        if not futures:
            return True
        if wait(futures, timeout=timeout).not_done:
            return False


def _submit(pool: str, how: Callable[..., None], *arguments: Any) -> None:
    future = _pool(pool).submit(how, *arguments)
    with _lock:
        _running.add(future)
    future.add_done_callback(_forget)


def _forget(future: Future[None]) -> None:
    with _lock:
        _running.discard(future)


def _after_calls(work: Callable[..., Any], *arguments: Any) -> None:
    with _all_acknowledged:
        _all_acknowledged.wait_for(lambda: not _calls[0], STANDS_BACK_SECONDS)
    _run(work, *arguments)


def _run(work: Callable[..., Any], *arguments: Any) -> None:
    try:
        work(*arguments)
    except Exception as error:
        log.error("%s failed: %s\n%s", work.__name__, describe(error), where(error))
