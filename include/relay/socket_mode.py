"""The relay over Socket Mode as a process of its own: ``python -m include.relay.socket_mode``.

For an Airflow that Slack cannot reach over HTTPS. One process is enough; with several, Slack sends
each call to one of them. Stop it with Ctrl-C or SIGTERM: what it has taken is finished first.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from typing import TYPE_CHECKING

from slack_sdk.errors import SlackApiError

from include.base.connections import MissingConnection, read_as_server
from include.relay import background
from include.relay.socket import connect

if TYPE_CHECKING:
    from types import FrameType

log = logging.getLogger("slack_socket")

DRAIN_SECONDS = 30.0


def main() -> int:
    """Serve until told to stop; 1 when Slack refuses the tokens or they are not set."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    stop = threading.Event()
    read_as_server()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    try:
        client = connect()
    except MissingConnection as error:
        log.error("%s", error)
        return 1
    except SlackApiError as error:
        code = str(error.response.get("error") or "no code")
        log.error(
            "Slack refuses Socket Mode (%s). Is Socket Mode switched on, and is extra 'app_token' "
            "an app-level token with the scope connections:write?",
            code,
        )
        return 1
    log.info("Connected to Slack over Socket Mode")
    stop.wait()
    log.info("Stopping; finishing what was taken")
    client.close()
    return 0 if background.drain(DRAIN_SECONDS) else 1


if __name__ == "__main__":
    sys.exit(main())
