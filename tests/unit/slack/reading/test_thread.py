"""A thread is fetched around the marked message, and people in it have names."""

from __future__ import annotations

from typing import Any
from unittest.mock import create_autospec

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from include.slack.call import NotReadable
from include.slack.reading.thread import MOST_MESSAGES, read_thread

PAGE = 200


def client_of(thread: list[dict[str, Any]]) -> Any:
    """A Slack that has this thread, knows U9 and #sales, and shows a reply without its parent."""
    client = create_autospec(WebClient, instance=True)

    def replies(*, ts: str, limit: int, cursor: str | None, **_: Any) -> dict[str, Any]:
        if ts != thread[0]["ts"]:
            return {"messages": [one for one in thread if one["ts"] == ts]}
        start = int(cursor or 1)
        page = [thread[0], *thread[start : start + limit]]
        more = start + limit < len(thread)
        following = {"response_metadata": {"next_cursor": str(start + limit)}} if more else {}
        return {"messages": page} | following

    client.conversations_replies.side_effect = replies
    client.conversations_info.return_value = {"channel": {"id": "C9", "name": "sales"}}
    client.users_info.return_value = {"user": {"id": "U9", "real_name": "Ann Ames"}}
    return client


def message(number: int, text: str = "x", **more: Any) -> dict[str, Any]:
    return {"ts": f"{1000 + number}.0", "thread_ts": "1000.0", "user": "U1", "text": text, **more}


def test_people_and_channels_have_their_names() -> None:
    thread = [message(0, "<@U9> said so in <#C9|>"), message(1, "<@U9> again, <#G9|>")]
    client = client_of(thread)
    found = read_thread(client, "C1", "1001.0")
    assert [one["text"] for one in found.messages] == [
        "@Ann Ames said so in #sales",
        "@Ann Ames again, #sales",
    ]
    assert client.users_info.call_count == 1


@pytest.mark.parametrize("error", ["ratelimited", "user_not_found", "missing_scope"])
def test_without_names_the_ids_stand_there(error: str) -> None:
    client = client_of([message(0, "<@U9> cannot export")])
    client.users_info.side_effect = SlackApiError("x", {"ok": False, "error": error})
    [found] = read_thread(client, "C1", "1000.0").messages
    # Somebody who is gone has no name either.
    assert found["text"] == "@U9 cannot export"


@pytest.mark.parametrize("place", [0, 1, MOST_MESSAGES, MOST_MESSAGES + 1, 2_500, 2_999])
def test_of_a_very_long_thread_those_around_the_marked_one_are_read(place: int) -> None:
    thread = [message(number, f"said {number}") for number in range(3_000)]
    found = read_thread(client_of(thread), "C1", thread[place]["ts"])
    read = [one["ts"] for one in found.messages]
    assert read[0] == thread[0]["ts"]
    assert thread[place]["ts"] in read
    # Nothing is left out between the marked message and what was read before it.
    near = [one["ts"] for one in thread[max(0, place - 500) : place + 1]]
    assert [ts for ts in read if ts in near] == near
    assert len(read) <= MOST_MESSAGES + PAGE


def test_slacks_notices_hold_no_words() -> None:
    gone = message(0, "This message was deleted.", subtype="tombstone", user="USLACKBOT")
    found = read_thread(client_of([gone, message(1, "+1")]), "C1", "1001.0")
    assert [(one["text"], one["is_notice"]) for one in found.messages] == [
        ("", True),
        ("+1", False),
    ]


def test_a_message_that_is_gone_is_not_readable() -> None:
    with pytest.raises(NotReadable, match="message_not_found"):
        read_thread(client_of([message(0)]), "C1", "1500.0")
