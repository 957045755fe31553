"""Images for messages: uploaded to Slack without being shared, and shown by a message's block.

A file nobody shared is seen by nobody, so an upload that is repeated changes nothing anyone sees.
"""

from __future__ import annotations

import time
from http.client import HTTPException
from typing import TYPE_CHECKING, TypeVar

from slack_sdk.errors import SlackApiError, SlackClientError

from include.base.errors import TransientError
from include.slack.client import slack_client
from include.slack.errors import read_trouble

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_sdk import WebClient

T = TypeVar("T")

READY_SECONDS = 20.0
_PAUSE_SECONDS = 0.5


def upload_image(content: bytes, *, filename: str, title: str, alt_text: str) -> str:
    """Upload an image; returns the file's id, for a block's ``slack_file``.

    Raises:
        MissingConnection: Slack is not set up.
        TransientError: Slack did not take it; a retry may help.
    """
    return _asking(
        lambda client: str(
            client.files_upload_v2(
                content=content, filename=filename, title=title, alt_txt=alt_text
            )["files"][0]["id"]
        )
    )


def wait_until_ready(
    file_id: str, *, seconds: float = READY_SECONDS, pause: float = _PAUSE_SECONDS
) -> None:
    """Wait until Slack has processed the file; a block that shows it earlier is refused.

    Raises:
        TransientError: it is not ready in time, or Slack does not answer.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = _asking(lambda client: client.files_info(file=file_id)["file"])
        if found.get("mimetype"):
            return
        if time.monotonic() >= deadline:
            raise TransientError(f"Slack has not processed file {file_id} after {seconds:.0f} s")
        time.sleep(pause)


def _asking(call: Callable[[WebClient], T]) -> T:
    client = slack_client()
    try:
        return call(client)
    except (SlackApiError, SlackClientError, OSError, HTTPException) as error:
        trouble = read_trouble(error, 1)
        raise TransientError(
            f"Slack did not take the chart: {trouble.code}. The app needs the scopes files:write "
            "and files:read.",
            retry_after=trouble.retry_after,
        ) from None
