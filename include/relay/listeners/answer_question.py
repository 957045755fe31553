"""The buttons of a question: add to the request, create a new one, or no feedback at all."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from include.entries.questions import answer_question
from include.relay.accept import accept
from include.relay.home import publish_home
from include.relay.incoming import from_action
from include.slack.cards.entry_card import ANSWER_ATTACH, ANSWER_CREATE, ANSWER_SET_ASIDE

if TYPE_CHECKING:
    from slack_bolt import Ack, App
    from sqlalchemy.orm import Session

    from include.outbox.replies import AnswerReply
    from include.people.actor import Actor
    from include.relay.events import Effect
    from include.store.models.slack import SlackEvent

_CHOICES = {
    f"action:{ANSWER_ATTACH}": "attach",
    f"action:{ANSWER_CREATE}": "create",
    f"action:{ANSWER_SET_ASIDE}": "set_aside",
}


def register(app: App) -> None:
    """Attach the listener."""
    for action_id in (ANSWER_ATTACH, ANSWER_CREATE, ANSWER_SET_ASIDE):
        app.action(action_id)(receive)


def receive(ack: Ack, body: dict[str, Any]) -> None:
    """Take the click."""
    accept(ack, from_action(body))


def effect(session: Session, event: SlackEvent, actor: Actor) -> AnswerReply:
    """Record the answer, its decision and the locked card in the caller's transaction."""
    reply = answer_question(
        session,
        token=event.payload["value"] or "",
        choice=_CHOICES[event.kind],
        actor=actor,
    )
    if event.payload.get("surface") == "home":
        return replace(reply, after=partial(publish_home, actor))
    return reply


EFFECTS: dict[str, Effect] = dict.fromkeys(_CHOICES, effect)
