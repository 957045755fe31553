"""The two ways a request to the sandbox can be refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class SlackError(Exception):
    """A Web API method answers ``{"ok": false, "error": code}``, as Slack does.

    Args:
        code: Slack's error code, e.g. ``channel_not_found``.
        messages: Detail for ``response_metadata.messages``.
    """

    def __init__(self, code: str, messages: Sequence[str] = ()) -> None:
        super().__init__(code)
        self.code = code
        self.messages = list(messages)


class ActError(Exception):
    """A person cannot do that: there is no such button, message, user or field.

    Nothing was sent to the relay. Asking again without a change does not help.
    """
