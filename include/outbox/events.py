"""Analytics events: a row once by its key, and an optional HTTP sink that gets each row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects.postgresql import insert

from include.base.connections import get_connection
from include.base.errors import FatalError
from include.outbox.effects import LONGEST_WAIT, Fate, Kind, Outcome
from include.outbox.http_sinks import ANALYTICS_SINK, post_json
from include.store.models import AnalyticsEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

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


class AnalyticsEvents(Kind[AnalyticsEvent]):
    """Events for the sink, a hundred in one call.

    The sink sees an event again if its answer was lost; the event's ``key`` tells.
    """

    name = "analytics event"
    model = AnalyticsEvent
    done_at = "delivered_at"
    batch = 100

    def prepare(self) -> None:
        """Without the sink's connection the events are kept and nothing is claimed."""
        get_connection(ANALYTICS_SINK)

    def carry_out(self, rows: Sequence[AnalyticsEvent]) -> Outcome:
        """Post them."""
        body = {"events": [_as_dict(event) for event in rows]}
        key = f"events-{rows[-1].id}"
        skipped = post_json(ANALYTICS_SINK, DEFAULT_PATH, body, idempotency_key=key)
        return Outcome(Fate.LATER, skipped, stop=True) if skipped else Outcome(Fate.DONE)

    def read_error(self, rows: Sequence[AnalyticsEvent], error: Exception) -> Outcome:
        """A sink that refuses them is set up wrongly: they wait until an operator has mended it."""
        if isinstance(error, FatalError):
            return Outcome(Fate.LATER, str(error), LONGEST_WAIT, stop=True)
        return super().read_error(rows, error)


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
