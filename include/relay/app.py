"""The Bolt app: built once a process, without a network call, the same for HTTP and Socket Mode."""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from slack_bolt import App, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError

from include.base.errors import TransientError, UnstorableValue
from include.base.safe_log import describe, where
from include.relay.accept import act_with
from include.relay.dispatch import dispatch
from include.relay.incoming import MalformedPayload
from include.relay.listeners import register_all
from include.store.refusals import RETRY_SECONDS

if TYPE_CHECKING:
    from slack_bolt import Ack

log = logging.getLogger(__name__)

# Bolt logs whole bodies, that is customers' words, at levels below this one.
_quiet = logging.getLogger(f"{__name__}.bolt")
_quiet.setLevel(logging.ERROR)

# What reading a payload of the wrong shape raises; nothing is stored by then.
_SENSELESS = (
    MalformedPayload,
    UnstorableValue,
    UnicodeEncodeError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
)

_ANYTHING = re.compile(r".*", re.DOTALL)
UNKNOWN_COMMAND = "I do not know this command. I listen to `/feedback` and `/shipped`."


@lru_cache(maxsize=2)
def app_for(signing_secret: str) -> App:
    """The app that verifies with this secret; a rotated secret makes a new one."""
    app = App(
        name="gtm_feedback",
        logger=_quiet,
        signing_secret=signing_secret,
        authorize=_authorize,
        # The listener stores before it acknowledges, so it runs before the response is sent.
        process_before_response=True,
        raise_error_for_unhandled_request=True,
        # Bolt answers ssl_check before it verifies the signature.
        ssl_check_enabled=False,
        ignoring_self_events_enabled=False,
    )
    app.error(_on_error)
    act_with(dispatch)
    register_all(app)
    # Buttons that only open a page report their click too; nothing is to be done or kept.
    app.action(_ANYTHING)(_ignore)
    app.event(_ANYTHING)(_ignore)
    app.command(_ANYTHING)(_unknown_command)
    return app


def _authorize() -> AuthorizeResult:
    """One workspace, whose token the sender reads itself: nothing to look up."""
    return AuthorizeResult(enterprise_id=None, team_id=None)


def _ignore(ack: Ack) -> None:
    ack()


def _unknown_command(ack: Ack) -> None:
    ack(text=UNKNOWN_COMMAND, response_type="ephemeral")


def _on_error(error: Exception) -> BoltResponse:
    if isinstance(error, BoltUnhandledRequestError):
        return BoltResponse(status=200, body="")
    if isinstance(error, _SENSELESS):
        log.warning("A signed call of Slack is malformed: %s\n%s", describe(error), where(error))
        return BoltResponse(status=400, body={"error": "malformed"})
    log.error("Slack call not taken: %s\n%s", describe(error), where(error))
    if isinstance(error, TransientError):
        answer = BoltResponse(status=503, body={"error": "not stored"})
        answer.headers["retry-after"] = [str(RETRY_SECONDS)]
        return answer
    return BoltResponse(status=500, body={"error": "not stored"})
