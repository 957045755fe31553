"""Whether somebody can be asked now, and what their clock says, as Slack says."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from include.slack.call import NotReadable, call
from include.slack.profile import read_profile
from include.store.models import PersonKind

if TYPE_CHECKING:
    from datetime import datetime

    from slack_sdk import WebClient


class Presence(StrEnum):
    """``away`` does not want to be disturbed now; ``gone`` cannot be asked at all."""

    HERE = "here"
    AWAY = "away"
    GONE = "gone"


def read_presence(client: WebClient, slack_user_id: str, now: datetime) -> Presence:
    """Whether a person can be asked; guests, bots and deactivated accounts are gone.

    An app without the scope ``dnd:read`` finds nobody away.

    Raises:
        TransientError: try again.
    """
    if read_profile(client, slack_user_id).kind not in (PersonKind.PERSON, PersonKind.NO_EMAIL):
        return Presence.GONE
    try:
        said: Any = call(lambda: client.dnd_info(user=slack_user_id))
    except NotReadable:
        return Presence.HERE
    at = now.timestamp()
    is_night = bool(said.get("dnd_enabled")) and (
        float(said.get("next_dnd_start_ts") or 0) <= at < float(said.get("next_dnd_end_ts") or 0)
    )
    is_snoozed = bool(said.get("snooze_enabled")) and float(said.get("snooze_endtime") or 0) > at
    return Presence.AWAY if is_night or is_snoozed else Presence.HERE


def read_offset(client: WebClient, slack_user_id: str) -> timedelta | None:
    """How far a person's clock is ahead of UTC; None where Slack does not say it.

    Raises:
        TransientError: try again.
    """
    try:
        user: dict[str, Any] = call(lambda: client.users_info(user=slack_user_id))["user"]
    except NotReadable:
        return None
    offset = user.get("tz_offset")
    return timedelta(seconds=offset) if isinstance(offset, int) else None
