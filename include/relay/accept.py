"""The one way a call is taken: stored and committed, acknowledged, then acted upon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.relay import background
from include.relay.events import store_event
from include.store.session import session_scope

if TYPE_CHECKING:
    from slack_bolt import Ack

    from include.relay.incoming import Incoming


def accept(ack: Ack, incoming: Incoming, **answer: Any) -> None:
    """Store, acknowledge with ``answer``, and leave the rest to the background.

    When the database cannot take it, the exception keeps the call from being acknowledged, and
    Slack shows the person an error or sends the event again. A repeat is acknowledged again; if
    the first time was cut short, it is also finished.
    """
    from include.relay.dispatch import dispatch

    with session_scope() as session:
        event_id = store_event(session, incoming)
    ack(**answer)
    background.submit(dispatch, event_id)
