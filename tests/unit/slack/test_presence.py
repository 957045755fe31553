"""Whether somebody can be asked, in the forms in which Slack says it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import create_autospec

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from include.base.errors import TransientError
from include.slack.presence import Presence, read_offset, read_presence

NOW = datetime(2026, 3, 2, 22, tzinfo=UTC)
AT = int(NOW.timestamp())
NIGHT = {"dnd_enabled": True, "next_dnd_start_ts": AT - 60, "next_dnd_end_ts": AT + 60}


def slack(dnd: Any, **user: Any) -> Any:
    client = create_autospec(WebClient, instance=True)
    profile = {"email": "ann@example.com"}
    client.users_info.return_value = {"user": {"id": "U1", "profile": profile, **user}}
    client.dnd_info.side_effect = [dnd]
    return client


def refused(code: str) -> SlackApiError:
    return SlackApiError("x", {"ok": False, "error": code})


@pytest.mark.parametrize(
    ("dnd", "presence"),
    [
        ({"dnd_enabled": False, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1}, Presence.HERE),
        (NIGHT, Presence.AWAY),
        (NIGHT | {"dnd_enabled": False}, Presence.HERE),
        (NIGHT | {"next_dnd_start_ts": AT + 30}, Presence.HERE),
        (NIGHT | {"next_dnd_end_ts": AT}, Presence.HERE),
        ({"snooze_enabled": True, "snooze_endtime": AT + 1}, Presence.AWAY),
        ({"snooze_enabled": True, "snooze_endtime": AT - 1}, Presence.HERE),
        (refused("missing_scope"), Presence.HERE),
        (refused("user_not_found"), Presence.HERE),
    ],
)
def test_do_not_disturb(dnd: Any, presence: Presence) -> None:
    assert read_presence(slack(dnd), "U1", NOW) is presence


@pytest.mark.parametrize("user", [{"deleted": True}, {"is_bot": True}, {"is_restricted": True}])
def test_who_cannot_be_asked_at_all(user: dict[str, Any]) -> None:
    client = slack({}, **user)
    assert read_presence(client, "U1", NOW) is Presence.GONE
    client.dnd_info.assert_not_called()


def test_a_slack_that_is_busy_is_tried_again_by_the_caller() -> None:
    with pytest.raises(TransientError):
        read_presence(slack(refused("ratelimited")), "U1", NOW)


@pytest.mark.parametrize(
    ("said", "offset"),
    [({"tz_offset": -18_000}, timedelta(hours=-5)), ({"tz_offset": 0}, timedelta(0)), ({}, None)],
)
def test_the_offset_of_a_persons_clock(said: dict[str, Any], offset: timedelta | None) -> None:
    assert read_offset(slack({}, **said), "U1") == offset
    gone = slack({})
    gone.users_info.side_effect = refused("user_not_found")
    assert read_offset(gone, "U1") is None
