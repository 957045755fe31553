"""The emoji on a captured message that says how far it is: at most one of the app's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slack_sdk.errors import SlackApiError

from include.slack.errors import Verdict, read_trouble

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_sdk import WebClient

WORKING = "hourglass_flowing_sand"
ASKING = "question"
DONE = "white_check_mark"
REFUSED = "no_entry_sign"
FAILED = "warning"

_FINE = frozenset({"already_reacted", "no_reaction"})


def show(client: WebClient, channel: str, ts: str, shown: str | None, wanted: str | None) -> bool:
    """Replace the emoji ``shown`` by ``wanted``; true when it stands or never can.

    The new one comes first, so that the message is never without. A deleted message or a channel
    the app has left is not tried again; false says that another try may help.
    """
    if wanted is not None and not _try(
        lambda: client.reactions_add(channel=channel, timestamp=ts, name=wanted)
    ):
        return False
    # A crash after the first one came may have kept that from being noted.
    stale = shown or WORKING
    if stale != wanted:
        return _try(lambda: client.reactions_remove(channel=channel, timestamp=ts, name=stale))
    return True


def _try(work: Callable[[], object]) -> bool:
    try:
        work()
    except Exception as error:
        if isinstance(error, SlackApiError) and error.response.get("error") in _FINE:
            return True
        trouble = read_trouble(error, 1)
        return trouble.verdict not in (Verdict.RETRY, Verdict.STOP) or trouble.code in (
            "not_in_channel",
            "missing_scope",
            "too_many_reactions",
            "too_many_emoji",
            "invalid_name",
        )
    return True
