"""The relay over Socket Mode: the same listeners, called through a socket that the app opens.

A call is acknowledged as over HTTP: after it is stored. What could not be stored is left without
an acknowledgement, so that Slack sends it again.
"""

from __future__ import annotations

import json
import logging
import secrets
from typing import TYPE_CHECKING, Any

from slack_bolt import BoltRequest, BoltResponse
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse

from include.base.connections import SLACK_APP, ConnectionInfo, get_connection
from include.base.safe_log import describe
from include.relay.app import app_for
from include.relay.incoming import MalformedPayload, check_shape
from include.relay.workspace import is_ours
from include.slack.client import app_token, slack_client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slack_sdk.socket_mode.client import BaseSocketModeClient
    from slack_sdk.socket_mode.request import SocketModeRequest

log = logging.getLogger(__name__)

PING_SECONDS = 5
CONCURRENCY = 10
_CLOSE_SECONDS = 0.1

# At lower levels the SDK logs whole messages, that is customers' words.
_quiet = logging.getLogger(f"{__name__}.sdk")
_quiet.setLevel(logging.ERROR)


class Client(SocketModeClient):
    """The SDK's client, which ends whenever it is told to.

    Its receiving thread takes "terminated" back when it begins to receive. Told to end at that
    very moment, it would wait for ever, and :meth:`close` for it.
    """

    def close(self) -> None:
        """End the connection and its threads."""
        self.closed = True
        self.auto_reconnect_enabled = False
        self.disconnect()
        receiving = self.current_session_runner
        receiving.event.set()
        while receiving.is_alive():
            self.current_session_state.terminated = True
            receiving.thread.join(_CLOSE_SECONDS)
        super().close()


def connect(info: ConnectionInfo | None = None) -> SocketModeClient:
    """A client that is connected, and connects again by itself.

    Raises:
        MissingConnection: see :func:`app_token`.
        SlackApiError: Slack refuses the token.
    """
    info = info or get_connection(SLACK_APP)
    token, web_client = app_token(info), slack_client(info)
    # Without a proxy the client must not find one in the environment for a loopback address.
    client = Client(
        app_token=token,
        web_client=web_client,
        logger=_quiet,
        ping_interval=PING_SECONDS,
        concurrency=CONCURRENCY,
    )
    client.socket_mode_request_listeners.append(handle)
    client.connect()
    return client


def handle(client: BaseSocketModeClient, request: SocketModeRequest) -> None:
    """Take one call, and acknowledge it unless Slack is to send it again."""
    answer = take(request.payload)
    if answer is None:
        return
    client.send_socket_mode_response(
        SocketModeResponse(envelope_id=request.envelope_id, payload=answer or None)
    )


def take(payload: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What to acknowledge a call with; ``None`` when it could not be stored.

    A senseless call is acknowledged: sent again, it would make no more sense.
    """
    body = dict(payload or {})
    try:
        check_shape(body)
    except MalformedPayload as error:
        log.warning("A call of Slack is malformed: %s", describe(error))
        return {}
    if not is_ours(body):
        log.warning("A call comes from another workspace and is refused")
        return {}
    try:
        response = _app().dispatch(BoltRequest(mode="socket_mode", body=body))
    except Exception as error:
        # The listeners' own errors are answered by the app; this is Bolt reading the payload.
        log.warning("A call of Slack is malformed: %s", describe(error))
        return {}
    if response.status >= 500:
        return None
    return _payload(response)


def _app() -> Any:
    # Nothing is signed over a socket; Bolt wants a secret all the same.
    return app_for(_UNUSED_SECRET)


_UNUSED_SECRET = secrets.token_hex(16)


def _payload(response: BoltResponse) -> dict[str, Any]:
    if response.status != 200 or not response.body:
        return {}
    try:
        found = json.loads(response.body)
    except ValueError:
        return {"text": response.body}
    return found if isinstance(found, dict) else {}
