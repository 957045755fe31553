"""Notes to one person alone. They are not in the ledger: a lost note changes nothing."""

from __future__ import annotations

import logging
from typing import Any

from slack_sdk.errors import SlackApiError

from include.base.connections import MissingConnection
from include.slack.cards.markup import escape
from include.slack.client import slack_client
from include.slack.errors import read_trouble

log = logging.getLogger(__name__)


def send_note(
    channel: str | None, user: str, text: str, blocks: list[dict[str, Any]] | None = None
) -> bool:
    """Show ``text`` to ``user`` only: in the channel, or in a DM where that fails.

    What is not ``Markup`` is escaped. With ``blocks`` the text is what notifications show of them.

    Never raises because of Slack; false when the person could not be told.
    """
    said = escape(text)
    try:
        client = slack_client()
        if channel:
            try:
                client.chat_postEphemeral(channel=channel, user=user, text=said, blocks=blocks)
            except SlackApiError as error:
                log.info("No private note in the channel: %s", read_trouble(error, 1).code)
            else:
                return True
        opened = client.conversations_open(users=user)
        client.chat_postMessage(channel=str(opened["channel"]["id"]), text=said, blocks=blocks)
    except MissingConnection as error:
        log.warning("No private note: %s", error)
        return False
    # A note is a courtesy; whatever stops it, the recorded outcome stands.
    except Exception as error:
        log.warning("No private note: %s", read_trouble(error, 1).code)
        return False
    return True
