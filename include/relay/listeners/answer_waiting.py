"""The button of the daily card that answers all questions on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.entries.waiting_questions import answer_shown
from include.relay.accept import accept
from include.relay.incoming import from_action
from include.slack.cards.waiting import ANSWER_SHOWN

if TYPE_CHECKING:
    from slack_bolt import Ack, App
    from sqlalchemy.orm import Session

    from include.outbox.replies import AnswerReply
    from include.people.actor import Actor
    from include.relay.events import Effect
    from include.store.models.slack import SlackEvent


def register(app: App) -> None:
    """Attach the listener."""
    app.action(ANSWER_SHOWN)(receive)


def receive(ack: Ack, body: dict[str, Any]) -> None:
    """Take the click."""
    accept(ack, from_action(body))


def effect(session: Session, event: SlackEvent, actor: Actor) -> AnswerReply:
    """Record the answers, and queue the changed card, in the caller's transaction."""
    return answer_shown(session, token=event.payload["value"] or "", actor=actor)


EFFECTS: dict[str, Effect] = {f"action:{ANSWER_SHOWN}": effect}
