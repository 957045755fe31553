"""Analytics events: a row once by its key, and an optional HTTP sink that gets each row."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from include.base.connections import find_connection
from include.base.errors import FatalError
from include.outbox.http_sinks import ANALYTICS_SINK, post_json
from include.store.models import AnalyticsEvent
from include.store.session import session_scope

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

BATCH = 100
DEFAULT_PATH = "/events"


def record_event(
    session: Session,
    key: str,
    name: str,
    *,
    request_id: int | None = None,
    entry_id: int | None = None,
    actor: str | None = None,
    **properties: Any,
) -> None:
    """Record that something happened; a second call with the same key changes nothing.

    ``properties`` are numbers, slugs and words of the product, never a customer's words.
    """
    values = {
        "key": key,
        "name": name,
        "request_id": request_id,
        "entry_id": entry_id,
        "actor": actor,
        "properties": properties,
    }
    session.execute(insert(AnalyticsEvent).values(values).on_conflict_do_nothing())


def new_event(session: Session, key: str, name: str) -> bool:
    """Record an event without more to say; true the first time."""
    statement = insert(AnalyticsEvent).values(key=key, name=name).on_conflict_do_nothing()
    return session.scalar(statement.returning(AnalyticsEvent.id)) is not None


def send_events(limit: int = 1000) -> dict[str, Any]:
    """Send what the sink has not got yet, oldest first, in batches of 100.

    The sink sees an event again if its answer was lost; the event's ``key`` tells.

    Raises:
        FatalError: the sink refuses the events.
        TransientError: it cannot take them now.
    """
    if find_connection(ANALYTICS_SINK) is None:
        return {"sent": 0, "skipped": f"connection '{ANALYTICS_SINK}' is not set"}
    sent = 0
    while sent < limit:
        with session_scope() as session:
            events = session.scalars(
                select(AnalyticsEvent)
                .where(AnalyticsEvent.delivered_at.is_(None))
                .order_by(AnalyticsEvent.id)
                .limit(BATCH)
            ).all()
        if not events:
            break
        body = {"events": [_as_dict(event) for event in events]}
        skipped = post_json(
            ANALYTICS_SINK, DEFAULT_PATH, body, idempotency_key=f"events-{events[-1].id}"
        )
        if skipped:
            raise FatalError(skipped)
        with session_scope() as session:
            session.execute(
                update(AnalyticsEvent)
                .where(AnalyticsEvent.id.in_([event.id for event in events]))
                .values(delivered_at=func.now())
            )
        sent += len(events)
    return {"sent": sent, "skipped": None}


def _as_dict(event: AnalyticsEvent) -> dict[str, Any]:
    return {
        "key": event.key,
        "name": event.name,
        "request_id": event.request_id,
        "entry_id": event.entry_id,
        "actor": event.actor,
        "properties": event.properties,
        "occurred_at": event.occurred_at.isoformat(),
    }
