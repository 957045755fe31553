"""Telling operators what is late, once each: entries, questions, runs to start, messages."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from include.base.settings import load_settings
from include.outbox.events import new_event
from include.outbox.messages import queue_message
from include.slack.cards.blocks import Rendered
from include.slack.cards.markup import escape
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

MOST_SHOWN = 20
TOLD_AT_ONCE = 500

# A failed entry is late at once, another one counts from its last step, a question from half of
# the time between its reminder and its expiry, a message from an hour after it was written.
_LATE = text(
    """
    SELECT key, words, count(*) OVER () AS total FROM (
    SELECT 'entry:' || e.id || ':' || extract(epoch FROM e.updated_at)::bigint AS key,
           'Entry ' || e.id || ' (' || e.status || ') has had no outcome since '
               || to_char(e.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC, run '
               || e.run_id AS words
      FROM entries e
     WHERE e.status = 'failed'
        OR (e.status = 'received' AND e.updated_at < now() - CAST(:stuck AS interval))
    UNION ALL
    SELECT 'question:' || h.id, 'A question to ' || CASE WHEN jsonb_array_length(h.responders) = 0
               THEN 'the review channel' ELSE h.responders ->> 0 END || ' is open since '
               || to_char(h.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC, run '
               || h.run_id
      FROM hooks h
     WHERE h.status = 'pending' AND h.kind = 'approval' AND h.reminded_at IS NOT NULL
       AND durable_now() > h.remind_at + (h.expires_at - h.remind_at) / 2
    UNION ALL
    SELECT 'run:' || s.id, 'Run ' || s.run_id || ' of ' || s.dag_id || ' was not started'
               || coalesce(': ' || s.error, '')
      FROM run_starts s
     WHERE s.state = 'refused'
        OR (s.state = 'pending' AND s.created_at < now() - CAST(:stuck AS interval))
    UNION ALL
    SELECT 'message:' || m.id, 'Message ' || m.id || ' (' || m.purpose || ') is not sent'
               || coalesce(': ' || m.error, '')
      FROM messages m
     WHERE m.state = 'failed'
        OR (m.state IN ('pending', 'sending') AND m.created_at < now() - interval '1 hour')
    ) late
     WHERE NOT :untold
        OR NOT EXISTS (SELECT 1 FROM analytics_events told WHERE told.key = 'late:' || late.key)
     ORDER BY key LIMIT :limit
    """
)


@dataclass(frozen=True)
class Late:
    """Something late: ``key`` tells it apart, ``words`` name it without a customer's words."""

    key: str
    words: str


def find_late(
    session: Session, stuck_minutes: float, *, most: int, untold: bool = False
) -> tuple[list[Late], int]:
    """What is late now, at most so much of it, and how much there is in all.

    With ``untold`` only what no alert has told yet.
    """
    values = {"stuck": f"{stuck_minutes} minutes", "limit": most, "untold": untold}
    rows = session.execute(_LATE, values).all()
    return [Late(row.key, row.words) for row in rows], rows[0].total if rows else 0


def queue_alert(session: Session) -> tuple[int, list[int]]:
    """Queue one message about what is newly late: how many things, and the message's id.

    What does not fit into one message is told by the next sweep.
    """
    settings = load_settings()
    minutes = settings.stuck_after_minutes
    found, _ = find_late(session, minutes, most=TOLD_AT_ONCE, untold=True)
    new = [late for late in found if new_event(session, f"late:{late.key}", "late")]
    if not new:
        return 0, []
    card = late_card(new)
    digest = sha256("\n".join(late.key for late in new).encode()).hexdigest()[:16]
    message_id = queue_message(
        session,
        key=f"late:{digest}",
        purpose="late",
        address=settings.operations_channel or settings.review_channel,
        body=card.text,
        blocks=card.blocks,
    )
    return len(new), [message_id]


def late_card(late: Sequence[Late]) -> Rendered:
    """What operators see: the first twenty, and how many more."""
    lines = [f"• {one.words[:140]}" for one in late[:MOST_SHOWN]]
    if len(late) > MOST_SHOWN:
        lines.append(f"… and {len(late) - MOST_SHOWN} more.")
    body: dict[str, Any] = {"type": "plain_text", "text": "\n".join(lines)[:3000]}
    head = f"{len(late)} late. What to do: docs/operations.md"
    return Rendered(
        text=escape(head),
        blocks=[
            {"type": "section", "text": {"type": "plain_text", "text": head}},
            {"type": "section", "text": body},
        ],
    )


def alert() -> int:
    """Tell operators what is newly late; how many things.

    It also looks whether a language model is configured, which entries themselves do not.
    """
    from include.clients.language_model import note_model_in_use
    from include.outbox.sender import deliver

    note_model_in_use()
    with session_scope() as session:
        count, message_ids = queue_alert(session)
    deliver(message_ids)
    return count
