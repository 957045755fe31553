"""The buttons of a card about two requests that may be one: merge, keep apart, take back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.relay.accept import accept
from include.relay.incoming import from_action
from include.requests.merge_questions import answer
from include.slack.cards.requests import DISMISS_PAIR, MERGE_REQUESTS, UNDO_MERGE

if TYPE_CHECKING:
    from slack_bolt import Ack, App
    from sqlalchemy.orm import Session

    from include.outbox.replies import AnswerReply
    from include.people.actor import Actor
    from include.relay.events import Effect
    from include.store.models.slack import SlackEvent

_CHOICES = {
    f"action:{MERGE_REQUESTS}": "merge",
    f"action:{DISMISS_PAIR}": "dismiss",
    f"action:{UNDO_MERGE}": "undo",
}


def register(app: App) -> None:
    """Attach the listener."""
    for action_id in (MERGE_REQUESTS, DISMISS_PAIR, UNDO_MERGE):
        app.action(action_id)(receive)


def receive(ack: Ack, body: dict[str, Any]) -> None:
    """Take the click."""
    accept(ack, from_action(body))


def effect(session: Session, event: SlackEvent, actor: Actor) -> AnswerReply:
    """Carry the press out, and queue the changed card, in the caller's transaction."""
    return answer(
        session,
        token=event.payload["value"] or "",
        choice=_CHOICES[event.kind],
        actor=actor,
    )


EFFECTS: dict[str, Effect] = dict.fromkeys(_CHOICES, effect)
