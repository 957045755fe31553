"""Which message of the ledger goes next, and taking it so that no other process takes it too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from include.store.models.slack import Message, MessageKind, MessageState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class SendPolicy:
    """How messages are sent.

    Args:
        lease: A claim older than this was interrupted; must exceed the calls of one attempt.
        pace: Least time between two posts to one address (Slack asks for about a second).
        patience: How long :func:`include.outbox.sender.deliver` waits for its turn before it
            leaves the rest to the sweep.
    """

    lease: timedelta = timedelta(seconds=60)
    pace: timedelta = timedelta(seconds=1)
    patience: timedelta = timedelta(seconds=5)


@dataclass(frozen=True)
class Claim:
    """A message taken by this process. ``attempts`` counts this attempt."""

    id: int
    key: str
    kind: str
    purpose: str
    address: str | None
    thread_ts: str | None
    body: str
    blocks: list[dict[str, Any]]
    attempts: int
    created_at: datetime
    channel: str | None = None
    ts: str | None = None
    target_key: str | None = None


@dataclass(frozen=True)
class Closed:
    """A message that needs no sending any more: superseded, or its target was never posted."""

    id: int
    state: str


def scope_of(session: Session, message_ids: Sequence[int]) -> list[int]:
    """The given messages and everything that has to go before them, oldest first."""
    rows = session.execute(_SCOPE, {"ids": list(message_ids)})
    return [row.id for row in rows]


def due(session: Session, limit: int, policy: SendPolicy) -> list[int]:
    """The oldest messages that could go now, interrupted ones among them."""
    rows = session.execute(_DUE, {"limit": limit, "lease": policy.lease})
    return [row.id for row in rows]


def claim_next(session: Session, scope: Sequence[int], policy: SendPolicy) -> Claim | Closed | None:
    """Take the next message of ``scope`` that may go now; ``None`` when none may."""
    parameters = {"scope": list(scope), "lease": policy.lease, "pace": policy.pace}
    message_id = session.execute(_NEXT, parameters).scalar_one_or_none()
    if message_id is None:
        return None
    message = session.get_one(Message, message_id)
    target = session.get_one(Message, message.target_id) if message.target_id else None
    if target is not None and _has_newer(session, message):
        message.state = MessageState.SUPERSEDED
        return Closed(message.id, message.state)
    if target is not None and target.state != MessageState.SENT:
        message.state, message.error = MessageState.FAILED, "target_not_posted"
        return Closed(message.id, message.state)
    session.execute(_CLAIM, {"id": message_id})
    session.refresh(message)
    return Claim(
        id=message.id,
        key=message.key,
        kind=message.kind,
        purpose=message.purpose,
        address=message.address,
        thread_ts=message.thread_ts,
        body=message.body,
        blocks=message.blocks,
        attempts=message.attempts,
        created_at=message.created_at,
        channel=target.channel if target else None,
        ts=target.ts if target else None,
        target_key=target.key if target else None,
    )


def soon(session: Session, scope: Sequence[int], policy: SendPolicy) -> bool:
    """Whether a message of ``scope`` waits for a moment only: for the pace, or another process."""
    parameters = {"scope": list(scope), "lease": policy.lease}
    return bool(session.execute(_SOON, parameters).scalar_one())


def _has_newer(session: Session, message: Message) -> bool:
    newer = select(Message.id).where(
        Message.target_id == message.target_id,
        Message.kind == MessageKind.UPDATE,
        Message.id > message.id,
        Message.state.in_([MessageState.PENDING, MessageState.SENDING, MessageState.SENT]),
    )
    return session.execute(newer.limit(1)).first() is not None


_SCOPE = text(
    """
    WITH wanted AS (
        SELECT id, address FROM messages WHERE id = ANY(:ids)
        UNION
        SELECT t.id, t.address FROM messages m JOIN messages t ON t.id = m.target_id
         WHERE m.id = ANY(:ids)
    )
    SELECT m.id FROM messages m
     WHERE m.state IN ('pending', 'sending')
       AND (m.id IN (SELECT id FROM wanted)
            OR (m.kind = 'post' AND EXISTS (
                SELECT 1 FROM wanted w WHERE w.address = m.address AND m.id < w.id)))
     ORDER BY m.id
    """
)

_READY = """
    ((m.state = 'pending' AND (m.not_before IS NULL OR m.not_before <= statement_timestamp()))
     OR (m.state = 'sending' AND m.claimed_at < statement_timestamp() - :lease))
"""

_DUE = text(
    f"""
    SELECT m.id FROM messages m
     WHERE m.state IN ('pending', 'sending') AND {_READY}
     ORDER BY m.id LIMIT :limit
    """
)

_EARLIER = """
    SELECT 1 FROM messages e
     WHERE e.state IN ('pending', 'sending') AND e.kind = 'post'
       AND e.address = m.address AND e.id < m.id
"""

_NEXT = text(
    f"""
    SELECT m.id FROM messages m
     WHERE m.id = ANY(:scope) AND {_READY}
       AND CASE m.kind
           WHEN 'post' THEN
               NOT EXISTS ({_EARLIER})
               AND NOT EXISTS (
                   SELECT 1 FROM messages s
                    WHERE s.address = m.address AND s.kind = 'post'
                      AND s.sent_at > statement_timestamp() - :pace)
           ELSE
               (SELECT t.state FROM messages t WHERE t.id = m.target_id)
                   NOT IN ('pending', 'sending')
               AND NOT EXISTS (
                   SELECT 1 FROM messages o
                    WHERE o.target_id = m.target_id AND o.id <> m.id AND o.state = 'sending'
                      AND o.claimed_at >= statement_timestamp() - :lease)
           END
     ORDER BY m.id LIMIT 1
       FOR UPDATE OF m SKIP LOCKED
    """
)

_CLAIM = text(
    "UPDATE messages SET state = 'sending', claimed_at = statement_timestamp(), "
    "attempts = attempts + 1 WHERE id = :id"
)

_SOON = text(
    f"""
    SELECT EXISTS (
        SELECT 1 FROM messages m
         WHERE m.id = ANY(:scope) AND m.state IN ('pending', 'sending')
           AND (m.not_before IS NULL OR m.not_before <= statement_timestamp())
           AND (m.state = 'sending' OR {_READY})
           AND NOT EXISTS ({_EARLIER} AND e.not_before > statement_timestamp())
           AND NOT EXISTS (
               SELECT 1 FROM messages t
                WHERE t.id = m.target_id AND t.state = 'pending'
                  AND t.not_before > statement_timestamp()))
    """
)
