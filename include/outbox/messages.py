"""The ledger of messages: writing down what Slack is to show, in the caller's transaction.

A message is queued together with what it tells of; ``include.outbox.sender`` brings it to Slack
afterwards, once. Nothing here talks to Slack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from include.slack.cards.markup import escape
from include.store.models.slack import Message, MessageKind, MessageState

if TYPE_CHECKING:
    import uuid
    from datetime import datetime

    from sqlalchemy.orm import Session

Blocks = list[dict[str, Any]]


def queue_message(
    session: Session,
    *,
    key: str,
    purpose: str,
    address: str,
    body: str,
    blocks: Blocks,
    entry_id: int | None = None,
    hook_id: uuid.UUID | None = None,
    thread_ts: str | None = None,
    not_before: datetime | None = None,
) -> int:
    """Queue a post; a second call with the same key changes nothing.

    Args:
        session: The caller's transaction.
        key: What makes the effect one and the same, e.g. ``question/<hook id>``.
        purpose: A word for operators: ``question``, ``attached``, ``reminder``, ...
        address: Channel id, or user id for a DM.
        body: Notification text; no more than 4,000 characters, or an update of it is refused.
            What is not ``Markup`` is escaped.
        blocks: At most 50.
        entry_id: The entry it is about.
        hook_id: The question it shows.
        thread_ts: Post as a reply in this thread.
        not_before: Earliest time to send.

    Returns:
        The id of the message with that key, for :func:`include.outbox.sender.deliver`.
    """
    values = {
        "key": key,
        "kind": MessageKind.POST.value,
        "purpose": purpose,
        "address": address,
        "body": str(escape(body)),
        "blocks": blocks,
        "entry_id": entry_id,
        "hook_id": hook_id,
        "thread_ts": thread_ts,
        "not_before": not_before,
    }
    return _insert(session, values)[0]


def queue_update(
    session: Session,
    *,
    key: str,
    target_key: str,
    body: str,
    blocks: Blocks,
    entry_id: int | None = None,
    hook_id: uuid.UUID | None = None,
) -> int | None:
    """Queue a change of the message that was queued under ``target_key``.

    It waits until that message is sent. Pending older changes of the same message are superseded:
    only the newest state is shown. ``None`` when there is no such message.
    """
    # Locked, so that two changes of one message are put in one order.
    target = session.execute(
        select(Message.id, Message.purpose)
        .where(Message.key == target_key, Message.kind == MessageKind.POST)
        .with_for_update(key_share=True)
    ).one_or_none()
    if target is None:
        return None
    values = {
        "key": key,
        "kind": MessageKind.UPDATE.value,
        "purpose": target.purpose,
        "target_id": target.id,
        "body": str(escape(body)),
        "blocks": blocks,
        "entry_id": entry_id,
        "hook_id": hook_id,
    }
    message_id, is_new = _insert(session, values)
    if is_new:
        session.execute(
            update(Message)
            .where(
                Message.target_id == target.id,
                Message.state == MessageState.PENDING,
                Message.id < message_id,
            )
            .values(state=MessageState.SUPERSEDED)
        )
    return message_id


def _insert(session: Session, values: dict[str, Any]) -> tuple[int, bool]:
    statement = insert(Message).values(values).on_conflict_do_nothing(index_elements=["key"])
    inserted = session.execute(statement.returning(Message.id)).scalar_one_or_none()
    if inserted is not None:
        return inserted, True
    existing = session.execute(select(Message.id).where(Message.key == values["key"]))
    return existing.scalar_one(), False
