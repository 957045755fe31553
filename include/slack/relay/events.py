"""The table of received calls: stored before the acknowledgement, once each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import null, select
from sqlalchemy.dialects.postgresql import insert

from include.store.models.slack import SlackEvent

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.slack.relay.incoming import Incoming


def store_event(session: Session, incoming: Incoming) -> int:
    """Store the call, or find it if it is a repeat; the event's id either way."""
    statement = (
        insert(SlackEvent)
        .values(
            key=incoming.key,
            kind=incoming.kind,
            team_id=incoming.team_id,
            user_id=incoming.user_id,
            channel_id=incoming.channel_id,
            payload=incoming.payload,
            dag_id=incoming.dag_id,
            run_id=incoming.run_id,
            # A JSON column turns None into JSON's null, which is not SQL's.
            run_conf=null() if incoming.run_conf is None else incoming.run_conf,
        )
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(SlackEvent.id)
    )
    inserted = session.execute(statement).scalar_one_or_none()
    if inserted is not None:
        return inserted
    existing = session.execute(select(SlackEvent.id).where(SlackEvent.key == incoming.key))
    return existing.scalar_one()
