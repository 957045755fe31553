"""The one retry policy of all tasks, and the default arguments that carry it."""

from __future__ import annotations

from datetime import timedelta
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from airflow.sdk import RetryDecision, RetryPolicy

from include.base.backoff import FIRST_DELAY, delay_before_retry
from include.base.errors import FatalError

if TYPE_CHECKING:
    from airflow.sdk import Context

RETRIES = 3
ONE_HOUR = timedelta(hours=1)


class Priority(IntEnum):
    """Whose task gets the next free slot (Airflow's ``priority_weight``): the higher one."""

    FOLLOW_UP = 1
    FEEDBACK = 100
    SOMEBODY_WAITS = 500
    MANY_WAIT = 1000


class FeedbackRetryPolicy(RetryPolicy):
    """Permanent errors fail at once, a rate limit waits as long as it asks, the rest backs off."""

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,  # noqa: ARG002
        context: Context | None = None,  # noqa: ARG002
    ) -> RetryDecision:
        """Decide by the exception's type; see ``include.base.errors``."""
        if isinstance(exception, FatalError):
            return RetryDecision.fail(reason=f"permanent: {exception}")
        delay = delay_before_retry(exception, try_number)
        return RetryDecision.retry(delay=delay, reason=f"{type(exception).__name__}, in {delay}")

    def serialize(self) -> dict[str, Any]:
        """Stored with the DAG for display; the scheduler never evaluates it."""
        return {"__type": type(self).__name__}


def default_args(owner: str, priority: Priority = Priority.FOLLOW_UP) -> dict[str, Any]:
    """Arguments every DAG of this repository starts from.

    All tasks of a DAG have one priority: by Airflow's default a task counts by the number of those
    behind it, and the many of ``new_request`` would go before new feedback.
    """
    return {
        "priority_weight": int(priority),
        "weight_rule": "absolute",
        "owner": owner,
        "retries": RETRIES,
        "retry_delay": FIRST_DELAY,
        "retry_policy": FeedbackRetryPolicy(),
        "execution_timeout": timedelta(minutes=10),
    }
