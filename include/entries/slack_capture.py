"""A Slack message marked as feedback: read once, processed as one entry, answered in its thread.

The text stays in the product's database; the DAG's tasks hand on the capture's id only.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from include.agents.extract import ThreadMessage
from include.base.errors import FatalError
from include.outbox.messages import queue_message
from include.slack.cards import blocks, status_emoji
from include.slack.cards.markup import escape, markup
from include.store.models import Entry, SlackCapture

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from include.agents.extract import Extraction
    from include.slack.reading.thread import ReadThread

log = logging.getLogger(__name__)

REFUSALS = {
    "message_not_found": "that message is not there any more",
    "not_in_channel": "I am not in that channel; invite me with `/invite`, then react again",
    "channel_not_found": "I cannot see that channel; invite me with `/invite`, then react again",
    "own_message": "that message is my own",
    "no_words": "there is nothing in words in that message or its thread, only files, emoji or a "
    "nod to something that is not there",
    "slacks_own": "those are Slack's own words, not somebody's feedback",
    "bot": "it was a bot that marked it",
}
"""Why nothing came of a message, in words for the person who marked it."""


_SILENT = frozenset({"bot", "own_message"})


def message_key(channel: str, ts: str) -> str:
    """What makes captures the same: the message, whoever marks it and however often."""
    return f"message:{channel}:{ts}"


def open_capture(
    session: Session, conf: Mapping[str, Any], *, dag_id: str, run_id: str, key: str | None = None
) -> SlackCapture:
    """The capture of a run's message, made on first use; ``key`` is the form's that began there.

    A message that was refused or failed before, and is marked again, begins anew with this run.

    Raises:
        FatalError: the parameters do not name a message and a person.
    """
    channel, ts, user = (str(conf.get(name) or "") for name in ("channel", "message_ts", "user"))
    if not (channel and ts and user):
        raise FatalError("channel, message_ts and user are all needed to find the message")
    key = key or message_key(channel, ts)
    values = {
        "channel": channel,
        "message_ts": ts,
        "slack_user_id": user,
        "is_internal": conf.get("is_internal") is True,
        "dag_id": dag_id,
        "run_id": run_id,
        "emoji_wanted": status_emoji.WORKING,
    }
    session.execute(insert(SlackCapture).values(key=key, **values).on_conflict_do_nothing())
    capture = session.scalars(
        select(SlackCapture).where(SlackCapture.key == key).with_for_update()
    ).one()
    if capture.run_id != run_id and _ended_badly(capture):
        for name, value in values.items():
            setattr(capture, name, value)
        capture.refusal, capture.updated_at = None, func.now()
    return capture


def may_begin_anew(session: Session, key: str) -> bool:
    """Whether marking this message again is another attempt: nothing came of it so far."""
    capture = session.scalars(select(SlackCapture).where(SlackCapture.key == key)).one_or_none()
    return capture is not None and _ended_badly(capture)


def _ended_badly(capture: SlackCapture) -> bool:
    return capture.refusal is not None or capture.emoji_wanted == status_emoji.FAILED


def get_capture(session: Session, capture_id: int, *, lock: bool = False) -> SlackCapture:
    """The capture, or a :class:`FatalError` that names the id."""
    statement = select(SlackCapture).where(SlackCapture.id == capture_id)
    capture = session.scalars(statement.with_for_update() if lock else statement).one_or_none()
    if capture is None:
        raise FatalError(f"capture {capture_id} does not exist; was the database restored?")
    return capture


def entry_of(session: Session, capture: SlackCapture) -> int | None:
    """The entry that was made of it, if one was."""
    return session.scalar(
        select(Entry.id).where(Entry.source == "slack", Entry.external_id == capture.key)
    )


def forget_words(capture: SlackCapture) -> None:
    """Its entry holds the customer's words from now on."""
    capture.thread, capture.pain, capture.summary = [], None, None


def keep_thread(
    session: Session, capture_id: int, thread: ReadThread, permalink: str | None, own_app: str
) -> None:
    """Store what was read. The app's own cards, and Slack's notices, are no customer's words."""
    capture = get_capture(session, capture_id, lock=True)
    marked = next(m for m in thread.messages if m["ts"] == capture.message_ts)
    if own_app and own_app in (marked["user"], marked["app_id"]):
        refuse(session, capture_id, "own_message")
        return
    if marked["is_notice"]:
        refuse(session, capture_id, "slacks_own")
        return
    capture.thread_ts, capture.permalink = thread.thread_ts, permalink
    capture.thread = [
        message
        for message in thread.messages
        if own_app not in (message["user"], message["app_id"]) and not message["is_notice"]
    ]
    capture.refusal, capture.updated_at = None, func.now()


def thread_of(session: Session, capture_id: int) -> list[ThreadMessage]:
    """What was read; empty when it was refused."""
    capture = get_capture(session, capture_id)
    if capture.refusal is not None:
        return []
    return [
        ThreadMessage(m["text"], m["user"], is_marked=m["ts"] == capture.message_ts)
        for m in capture.thread
    ]


def keep_extraction(session: Session, capture_id: int, found: Extraction | None) -> bool:
    """Store the pain that was taken out; false when there is none or it was refused before."""
    capture = get_capture(session, capture_id, lock=True)
    if capture.refusal is not None:
        return False
    if found is None:
        refuse(session, capture_id, "no_words")
        return False
    capture.summary, capture.pain = found.summary, found.pain_description
    capture.is_customer_specific, capture.updated_at = found.is_customer_specific, func.now()
    return True


def refuse(session: Session, capture_id: int, code: str) -> None:
    """Note that nothing comes of it, and tell the person why, once."""
    capture = get_capture(session, capture_id, lock=True)
    capture.refusal, capture.updated_at = code, func.now()
    capture.emoji_wanted = None if code in _SILENT else status_emoji.REFUSED
    if code in _SILENT:
        return
    reason = REFUSALS.get(code, f"Slack did not show it to me ({code})")
    tell_person(session, capture, "refused", f"I could not take that as feedback: {reason}.")


def tell_person(session: Session, capture: SlackCapture, what: str, text: str) -> int:
    """Queue one direct message about a capture."""
    said = escape(text)
    if capture.permalink:
        said = markup("{} (<{}|the message>)", said, capture.permalink)
    return queue_message(
        session,
        key=f"{what}:{capture.key}:{capture.run_id}",
        purpose="capture",
        address=capture.slack_user_id,
        body=said,
        blocks=[blocks.section(said)],
    )


def fail(session: Session, dag_id: str, run_id: str) -> int | None:
    """Show that taking a message failed for good; the message to deliver, if there is one."""
    capture = session.scalars(
        select(SlackCapture).where(SlackCapture.dag_id == dag_id, SlackCapture.run_id == run_id)
    ).one_or_none()
    if capture is None:
        return None
    capture.emoji_wanted, capture.updated_at = status_emoji.FAILED, func.now()
    text = "I could not take that message as feedback just now. An operator can see why."
    return tell_person(session, capture, "failed", text)
