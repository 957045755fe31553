"""The one way a call is taken: stored and committed, acknowledged, then acted upon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.relay import background
from include.relay.store_calls import store_call

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_bolt import Ack

    from include.relay.incoming import Incoming


_act: list[Callable[[int], object]] = []


def act_with(act: Callable[[int], object]) -> None:
    """Name the function that acts on a stored event, by its id; the app does so when it is built.

    It knows every listener, and every listener calls :func:`accept`, so it cannot be imported here.
    """
    _act[:] = [act]


def accept(ack: Ack, incoming: Incoming, **answer: Any) -> None:
    """Store, acknowledge with ``answer``, and leave the rest to the background.

    When the database cannot take it, the exception keeps the call from being acknowledged, and
    Slack shows the person an error or sends the event again. A repeat is acknowledged again; if
    the first time was cut short, it is also finished.
    """
    event_id = store_call(incoming)
    ack(**answer)
    background.submit(_act[0], event_id)
