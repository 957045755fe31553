"""*Process it anyway* on the card of an entry that was set aside, and in App Home."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from include.entries.set_aside import press_restore
from include.relay.accept import accept
from include.relay.home import publish_home
from include.relay.incoming import from_action
from include.slack.cards.entry_card import RESTORE_ENTRY

if TYPE_CHECKING:
    from slack_bolt import Ack, App
    from sqlalchemy.orm import Session

    from include.outbox.replies import AnswerReply
    from include.people.actor import Actor
    from include.relay.events import Effect
    from include.store.models.slack import SlackEvent


def register(app: App) -> None:
    """Attach the listener."""
    app.action(RESTORE_ENTRY)(receive)


def receive(ack: Ack, body: dict[str, Any]) -> None:
    """Take the click."""
    accept(ack, from_action(body))


def effect(session: Session, event: SlackEvent, actor: Actor) -> AnswerReply:
    """Restore the entry in the caller's transaction; its run is started afterwards."""
    reply = press_restore(session, token=event.payload["value"] or "", actor=actor)
    if event.payload.get("surface") != "home":
        return reply
    start = reply.after

    def after() -> None:
        if start is not None:
            start()
        publish_home(actor)

    return replace(reply, after=after)


EFFECTS: dict[str, Effect] = {f"action:{RESTORE_ENTRY}": effect}
