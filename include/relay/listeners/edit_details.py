"""*Account, severity…* on a card: a form with what is known, and what was filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.entries.details import details_of, set_details
from include.outbox.replies import AnswerReply
from include.people.signed_in import slack_actor
from include.relay.accept import accept
from include.relay.incoming import MalformedPayload, field_of, from_view, metadata_of
from include.relay.listeners.add_feedback import deal_errors
from include.relay.open_form import open_soon
from include.slack.cards import modals
from include.slack.cards.entry_card import EDIT_DETAILS
from include.store.session import session_scope

if TYPE_CHECKING:
    from slack_bolt import Ack, App
    from sqlalchemy.orm import Session

    from include.people.actor import Actor
    from include.relay.events import Effect
    from include.store.models.slack import SlackEvent


def register(app: App) -> None:
    """Attach the listeners."""
    app.action(EDIT_DETAILS)(press)
    app.view(modals.DETAILS_VIEW)(submit)


def press(ack: Ack, body: dict[str, Any]) -> None:
    """Open the form; whoever may not change the entry is told so. Nothing is stored."""
    action, trigger = body["actions"][0], body.get("trigger_id")
    token, user = action.get("value"), body["user"]["id"]
    if not (isinstance(trigger, str) and isinstance(token, str)):
        raise MalformedPayload("a click has no trigger_id or value")
    channel = body.get("channel")
    where = channel.get("id") if isinstance(channel, dict) else None
    ack()
    open_soon(trigger, user, where, lambda: _view(token, slack_actor(user)))


def submit(ack: Ack, body: dict[str, Any]) -> None:
    """Take what was filled in."""
    view = body["view"]
    token, severity = metadata_of(view).get("token"), field_of(view, "severity")
    if not isinstance(token, str) or severity not in modals.SEVERITIES:
        raise MalformedPayload("a form names no entry or no severity")
    values = {
        "token": token,
        "severity": severity,
        "account_id": field_of(view, "account"),
        "opportunity_id": field_of(view, "opportunity"),
    }
    errors = deal_errors(values["account_id"], values["opportunity_id"])
    if errors:
        ack(response_action="errors", errors=errors)
        return
    accept(ack, from_view(body, values))


def effect(session: Session, event: SlackEvent, actor: Actor) -> AnswerReply:
    """Set the details in the caller's transaction."""
    return set_details(session, actor=actor, **event.payload)


EFFECTS: dict[str, Effect] = {f"view:{modals.DETAILS_VIEW}": effect}


def _view(token: str, actor: Actor) -> dict[str, Any] | str:
    with session_scope() as session:
        state = details_of(session, token=token, actor=actor)
    if isinstance(state, AnswerReply):
        return state.note or ""
    return modals.details_modal(state, token)
