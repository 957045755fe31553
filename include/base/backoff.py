"""How long to wait before trying again: the one rule of tasks and of calls inside a task."""

from __future__ import annotations

from datetime import timedelta

from include.base.errors import TransientError

FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(minutes=10)
LONGEST_ASKED = timedelta(hours=1)


def delay_before_retry(error: BaseException, try_number: int) -> timedelta:
    """As long as the other side asked for; without that 5 s, then three times as long each time."""
    if isinstance(error, TransientError) and error.retry_after is not None:
        asked = min(max(0.0, error.retry_after), LONGEST_ASKED.total_seconds())
        return timedelta(seconds=asked)
    factor: int = 3 ** max(0, try_number - 1)
    return min(FIRST_DELAY * factor, LONGEST_DELAY)
