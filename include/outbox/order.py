"""Whose turn it is: posts to one address go one by one, a change after the message it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from include.store.models.slack import Message

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from sqlalchemy.orm import Session


def before_and_with(session: Session, message_ids: Sequence[int]) -> list[int]:
    """The given messages and everything that has to go before them, oldest first."""
    return list(session.scalars(_SCOPE, {"ids": list(message_ids)}))


def next_message(session: Session, scope: Sequence[int], pace: timedelta) -> list[Message]:
    """The next message of ``scope`` that may go now, locked; none when none may.

    Args:
        session: The transaction that claims it.
        scope: Ids.
        pace: Least time between two posts to one address.
    """
    message_id = session.scalar(_NEXT, {"scope": list(scope), "pace": pace})
    return [] if message_id is None else [session.get_one(Message, message_id)]


def is_soon(session: Session, scope: Sequence[int]) -> bool:
    """Whether a message of ``scope`` waits for a moment only: for the pace, or another process."""
    return bool(session.scalar(_SOON, {"scope": list(scope)}))


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
    (m.state IN ('pending', 'sending')
     AND (m.not_before IS NULL OR m.not_before <= statement_timestamp()))
"""

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
                      AND o.not_before > statement_timestamp())
           END
     ORDER BY m.id LIMIT 1
       FOR UPDATE OF m SKIP LOCKED
    """
)

# What waits because Slack asked for it is pending; what another process is sending is not.
_SOON = text(
    f"""
    SELECT EXISTS (
        SELECT 1 FROM messages m
         WHERE m.id = ANY(:scope) AND (m.state = 'sending' OR {_READY})
           AND NOT EXISTS (
               {_EARLIER} AND e.state = 'pending' AND e.not_before > statement_timestamp())
           AND NOT EXISTS (
               SELECT 1 FROM messages t
                WHERE t.id = m.target_id AND t.state = 'pending'
                  AND t.not_before > statement_timestamp()))
    """
)
