"""Looking up whether people can be asked now, without ever holding a question back."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from include.base.connections import MissingConnection
from include.base.errors import TransientError
from include.base.safe_log import describe
from include.slack.client import slack_client
from include.slack.presence import Presence, read_offset, read_presence

if TYPE_CHECKING:
    from datetime import timedelta

    from slack_sdk import WebClient

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 3
"""A question waits no longer for each answer of Slack's."""


class Lookups:
    """Slack's word about people, asked for once each; from the first trouble on nobody is asked.

    Who was not looked up counts as here: the question then goes to whom it would have gone.
    """

    def __init__(self) -> None:
        """Nothing is asked yet."""
        self._known: dict[str, Presence] = {}
        self._client: WebClient | None = None
        self._is_up = True

    def presence(self, slack_user_id: str) -> Presence:
        """Whether a person can be asked now."""
        if slack_user_id not in self._known and self._is_up:
            try:
                now = datetime.now(UTC)
                self._known[slack_user_id] = read_presence(self._slack(), slack_user_id, now)
            except (TransientError, MissingConnection) as error:
                self._stop(error)
        return self._known.get(slack_user_id, Presence.HERE)

    def offset(self, slack_user_id: str) -> timedelta | None:
        """How far a person's clock is ahead of UTC; None where nobody says it now."""
        if not self._is_up:
            return None
        try:
            return read_offset(self._slack(), slack_user_id)
        except (TransientError, MissingConnection) as error:
            self._stop(error)
            return None

    def _slack(self) -> WebClient:
        self._client = self._client or slack_client(timeout=PATIENCE_SECONDS)
        return self._client

    def _stop(self, error: Exception) -> None:
        self._is_up = False
        log.warning("Who is away is not known now: %s", describe(error))
