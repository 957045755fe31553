"""Undo on the card that says that feedback was attached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.entries.correct import undo_attachment
from include.relay.accept import accept
from include.relay.incoming import from_action
from include.slack.cards.blocks import UNDO_ATTACHMENT

if TYPE_CHECKING:
    from slack_bolt import Ack, App
    from sqlalchemy.orm import Session

    from include.outbox.replies import AnswerReply, Effect
    from include.store.models.slack import SlackEvent


def register(app: App) -> None:
    """Attach the listener."""
    app.action(UNDO_ATTACHMENT)(receive)


def receive(ack: Ack, body: dict[str, Any]) -> None:
    """Take the click."""
    accept(ack, from_action(body))


def effect(session: Session, event: SlackEvent) -> AnswerReply:
    """Take the attachment back in the caller's transaction."""
    return undo_attachment(
        session, token=event.payload["value"] or "", slack_user_id=event.user_id or ""
    )


EFFECTS: dict[str, Effect] = {f"action:{UNDO_ATTACHMENT}": effect}
