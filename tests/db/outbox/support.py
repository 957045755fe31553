"""Helpers of the sender's tests: a workspace, queueing, and looking at rows."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from include.outbox.messages import queue_message, queue_update
from include.outbox.sender import SendPolicy
from include.store.models.slack import Message
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from sandbox.slack.client import SlackSandbox

QUICK = SendPolicy(pace=timedelta(0))
BLOCKS = [{"type": "section", "text": {"type": "mrkdwn", "text": "Same request?"}}]


def connect(monkeypatch: pytest.MonkeyPatch, base_url: str) -> None:
    value = {
        "conn_type": "slack",
        "password": "xoxb-sandbox",
        "extra": {"signing_secret": "s", "base_url": base_url},
    }
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_APP", json.dumps(value))


def queue(key: str, address: str = "C0FEEDBACK", **more: Any) -> int:
    with session_scope() as session:
        values = {"purpose": "test", "body": f"text of {key}", "blocks": BLOCKS} | more
        return queue_message(session, key=key, address=address, **values)


def change(key: str, target_key: str, body: str) -> int | None:
    with session_scope() as session:
        return queue_update(session, key=key, target_key=target_key, body=body, blocks=BLOCKS)


def row(message_id: int) -> Message:
    with session_scope() as session:
        return session.execute(select(Message).where(Message.id == message_id)).scalar_one()


def make_due(message_id: int) -> None:
    """Let the time that a message has to wait, or the lease of its claim, be over."""
    with session_scope() as session:
        session.execute(
            text("UPDATE messages SET not_before = NULL WHERE id = :id"), {"id": message_id}
        )


def texts(slack: SlackSandbox, channel: str = "C0FEEDBACK") -> list[str]:
    return [message["text"] for message in slack.messages(channel)]


def crash(*args: object, **kwargs: object) -> None:
    """What a killed process does: nothing more."""
    raise KeyboardInterrupt


def in_threads(count: int, work: Callable[[], object]) -> list[BaseException]:
    failures: list[BaseException] = []
    start = threading.Barrier(count)

    def run() -> None:
        start.wait(10)
        try:
            work()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return failures
