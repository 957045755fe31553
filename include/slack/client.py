"""Slack's Web API and secrets, from the Airflow connection ``slack_app``.

The password is the bot token; the extra holds ``signing_secret`` and, when wanted, ``base_url``
(another Slack, such as the sandbox's).
"""

from __future__ import annotations

import logging

from slack_sdk import WebClient

from include.base.connections import (
    SLACK_APP,
    ConnectionInfo,
    MissingConnection,
    get_connection,
)
from include.base.tls import tls_context

TIMEOUT_SECONDS = 10

# At debug level the SDK logs whole messages, that is customers' words.
_quiet = logging.getLogger(f"{__name__}.sdk")
_quiet.setLevel(logging.WARNING)


def slack_client(
    info: ConnectionInfo | None = None, *, timeout: int = TIMEOUT_SECONDS
) -> WebClient:
    """A Web API client that does not repeat calls by itself: the ledger decides what is repeated.

    Args:
        info: Another connection than ``slack_app``.
        timeout: Most seconds for a call.

    Raises:
        MissingConnection: ``slack_app`` is not defined or has no token.
    """
    info = info or get_connection(SLACK_APP)
    token = _required(info.password, "password (the bot token, xoxb-...)")
    return WebClient(
        token=token,
        base_url=str(info.extra.get("base_url") or WebClient.BASE_URL),
        timeout=timeout,
        retry_handlers=[],
        ssl=tls_context(),
        logger=_quiet,
    )


def signing_secret(info: ConnectionInfo | None = None) -> str:
    """The secret Slack signs its calls with.

    Raises:
        MissingConnection: ``slack_app`` is not defined or its extra has no ``signing_secret``.
    """
    info = info or get_connection(SLACK_APP)
    return _required(str(info.extra.get("signing_secret") or ""), "extra 'signing_secret'")


def _required(value: str, what: str) -> str:
    if not value.strip():
        raise MissingConnection(
            f"Airflow connection '{SLACK_APP}' has no {what}; see docs/slack.md for the set-up."
        )
    return value.strip()


def app_token(info: ConnectionInfo | None = None) -> str:
    """The app-level token of Socket Mode.

    Raises:
        MissingConnection: ``slack_app`` is not defined or its extra has no ``app_token``.
    """
    info = info or get_connection(SLACK_APP)
    token = str(info.extra.get("app_token") or "").strip()
    if not token:
        raise MissingConnection(
            f"Airflow connection '{SLACK_APP}' has no extra 'app_token' (xapp-…); see docs/slack.md"
        )
    return token
