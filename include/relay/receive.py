"""From raw bytes to an answer: verified before anything is parsed, then Bolt's dispatch."""

from __future__ import annotations

import logging
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slack_bolt import BoltRequest
from slack_sdk.signature import SignatureVerifier

from include.base.connections import MissingConnection
from include.base.safe_log import describe
from include.relay.app import app_for
from include.relay.incoming import MalformedPayload, check_shape, parse_body
from include.relay.workspace import is_ours
from include.slack.client import signing_secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

log = logging.getLogger(__name__)

TIMESTAMP, SIGNATURE = "x-slack-request-timestamp", "x-slack-signature"
_READ_HEADERS = ("content-type", TIMESTAMP, SIGNATURE)


WINDOW_SECONDS = 300
CLOCK_LOG_SECONDS = 60
_EPOCH = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def receive(raw: bytes, headers: Mapping[str, str]) -> Answer:
    """Handle one call. Blocking: run it in a thread.

    Args:
        raw: The body as it arrived; the signature is over exactly these bytes.
        headers: By lower-case name.

    Returns:
        401 for a missing, wrong or stale signature, 503 while no signing secret is set (nothing
        can be verified, so nothing is taken), 400 for a signed body that makes no sense, 403 for
        another workspace, 500 when it could not be stored, otherwise what the listener
        acknowledged with.
    """
    try:
        secret = signing_secret()
    except MissingConnection as error:
        log.error("A call of Slack cannot be verified: %s", error)
        return Answer(503)
    except Exception as error:
        log.error("The connection 'slack_app' cannot be read: %s", describe(error))
        return Answer(503)
    if not is_genuine(secret, raw, headers):
        _tell_of_clock(headers)
        return Answer(401)
    try:
        body = parse_body(raw.decode("utf-8"), headers.get("content-type", ""))
        check_shape(body)
    except (MalformedPayload, UnicodeDecodeError) as error:
        log.warning("A signed call of Slack is malformed: %s", describe(error))
        return Answer(400)
    if not is_ours(body):
        log.warning("A signed call comes from another workspace and is refused")
        return Answer(403)
    kept: dict[str, str | Sequence[str]] = {
        name: headers[name] for name in _READ_HEADERS if name in headers
    }
    try:
        request = BoltRequest(body=raw.decode("utf-8"), headers=kept)
        response = app_for(secret).dispatch(request)
    except Exception as error:
        # The listeners' own errors are answered by the app; this is Bolt reading the payload.
        log.warning("A signed call of Slack is malformed: %s", describe(error))
        return Answer(400)
    return Answer(
        status=response.status,
        body=response.body,
        headers={name: values[0] for name, values in response.headers.items() if values},
    )


def is_genuine(secret: str, raw: bytes, headers: Mapping[str, str]) -> bool:
    """Whether Slack signed these bytes within the last five minutes.

    The check is Slack's own (``slack_sdk``, which Bolt uses too). It is made here as well because
    Bolt parses before it verifies, and what is not a number or not ASCII must be a refusal.
    """
    timestamp, signature = headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, "")
    if not (_EPOCH.fullmatch(timestamp) and signature.isascii()):
        return False
    try:
        return SignatureVerifier(secret).is_valid(raw, timestamp, signature)
    except UnicodeDecodeError:
        return False


def _tell_of_clock(headers: Mapping[str, str]) -> None:
    """Say, at most once a minute, that calls are refused because the clocks do not agree."""
    timestamp = headers.get(TIMESTAMP, "")
    now = time.time()
    if not _EPOCH.fullmatch(timestamp) or abs(now - int(timestamp)) <= WINDOW_SECONDS:
        return
    if _told_at and now - _told_at[-1] < CLOCK_LOG_SECONDS:
        return
    _told_at[:] = [now]
    log.warning(
        "A call was refused: its timestamp is %.0f minutes from this machine's clock, and more "
        "than five are not accepted. If it is Slack's, set the clock right.",
        (now - int(timestamp)) / 60,
    )


_told_at: list[float] = []
