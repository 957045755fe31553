"""The buttons that change what became of an entry: Undo, move to a named request, Not feedback."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from include.entries.correct import move_to, undo_attachment
from include.entries.withdraw import press_withdraw
from include.relay.accept import accept
from include.relay.home import publish_home
from include.relay.incoming import from_action
from include.slack.cards.entry_card import MOVE_TO, NOT_FEEDBACK, UNDO_ATTACHMENT

if TYPE_CHECKING:
    from slack_bolt import Ack, App
    from sqlalchemy.orm import Session

    from include.outbox.replies import AnswerReply
    from include.people.actor import Actor
    from include.relay.events import Effect
    from include.store.models.slack import SlackEvent

_CORRECTIONS = {
    UNDO_ATTACHMENT: undo_attachment,
    NOT_FEEDBACK: press_withdraw,
    **dict.fromkeys(MOVE_TO, move_to),
}


def register(app: App) -> None:
    """Attach the listener."""
    for action_id in _CORRECTIONS:
        app.action(action_id)(receive)


def receive(ack: Ack, body: dict[str, Any]) -> None:
    """Take the click."""
    accept(ack, from_action(body))


def effect(session: Session, event: SlackEvent, actor: Actor) -> AnswerReply:
    """Carry the change out in the caller's transaction."""
    correction = _CORRECTIONS[event.kind.removeprefix("action:")]
    reply = correction(session, token=event.payload["value"] or "", actor=actor)
    if event.payload.get("surface") == "home":
        return replace(reply, after=partial(publish_home, actor))
    return reply


EFFECTS: dict[str, Effect] = {f"action:{action_id}": effect for action_id in _CORRECTIONS}
