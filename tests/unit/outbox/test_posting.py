"""A message is found again however much was said since."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

from include.outbox import posting

PAGES = 11


class Pages:
    """Slack's Web API with one message of ours on the last of many pages."""

    def conversations_history(self, *, cursor: str | None, **_: Any) -> dict[str, Any]:
        page = int(cursor or 1)
        if page < PAGES:
            return {"messages": [{"ts": "1"}], "response_metadata": {"next_cursor": str(page + 1)}}
        ours = {"event_type": posting.EVENT_TYPE, "event_payload": {"key": "k"}}
        return {"messages": [{"ts": "9", "metadata": ours}]}

    def conversations_list(self, *, cursor: str | None, **_: Any) -> dict[str, Any]:
        page = int(cursor or 1)
        if page < PAGES:
            return {
                "channels": [{"name": "x"}],
                "response_metadata": {"next_cursor": str(page + 1)},
            }
        return {"channels": [{"name": "sales", "id": "C9"}]}


def test_a_message_and_a_channel_are_found_on_any_page() -> None:
    message = SimpleNamespace(created_at=datetime(2026, 1, 1, tzinfo=UTC), thread_ts=None, key="k")
    found = posting._find(cast("Any", Pages()), "#sales", cast("Any", message))
    assert found == posting.Posted("C9", "9", found=True)
    message.key = "another"
    assert posting._find(cast("Any", Pages()), "#sales", cast("Any", message)) is None
