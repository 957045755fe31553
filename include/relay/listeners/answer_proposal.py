"""The buttons of a card that proposes thresholds: accept, leave as it is, take back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.entries.proposal_cards import ACCEPT, DECLINE, UNDO, answer
from include.relay.accept import accept
from include.relay.incoming import from_action
from include.slack.cards.proposal import ACCEPT_PROPOSAL, DECLINE_PROPOSAL, UNDO_PROPOSAL

if TYPE_CHECKING:
    from slack_bolt import Ack, App
    from sqlalchemy.orm import Session

    from include.outbox.replies import AnswerReply
    from include.people.actor import Actor
    from include.relay.events import Effect
    from include.store.models.slack import SlackEvent

_CHOICES = {
    f"action:{ACCEPT_PROPOSAL}": ACCEPT,
    f"action:{DECLINE_PROPOSAL}": DECLINE,
    f"action:{UNDO_PROPOSAL}": UNDO,
}


def register(app: App) -> None:
    """Attach the listener."""
    for action_id in (ACCEPT_PROPOSAL, DECLINE_PROPOSAL, UNDO_PROPOSAL):
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
