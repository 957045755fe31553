"""Calling Slack for an answer, with its troubles sorted by whether trying again helps."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from include.base.errors import TransientError
from include.slack.errors import Verdict, read_trouble

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

OPERATORS = frozenset({"not_in_channel", "missing_scope", "no_permission", "restricted_action"})

"""What an operator has to mend in the app's set-up."""


class NotReadable(Exception):
    """Slack will not show it, now or later; ``code`` is Slack's word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def call(work: Callable[[], T]) -> T:
    """Call Slack, with its troubles sorted by whether trying again helps.

    Raises:
        TransientError: Slack is away, busy, or refuses the app itself (an operator can mend it).
        NotReadable: what was asked for is not there, or not for the app to see.
    """
    try:
        return work()
    except Exception as error:
        trouble = read_trouble(error, 1)
        if trouble.code in OPERATORS or trouble.verdict in (
            Verdict.UNREACHABLE,
            Verdict.REFUSED,
        ):
            raise NotReadable(trouble.code) from None
        wait = trouble.retry_after
        raise TransientError(f"Slack cannot be used: {trouble.code}", retry_after=wait) from None
