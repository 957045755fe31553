"""*Pick another request*: the button opens a search, its submission is an answer or a move."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from include.durable.api import get_hook, signing_keys
from include.durable.keys import InvalidToken, verify_hook_token
from include.entries.correct import pick_request, quote_for_pick
from include.entries.question_cards import quotes_of
from include.entries.questions import answer_question, not_yours
from include.entries.state import question_state
from include.outbox.replies import AnswerReply
from include.people.actor import Action, may
from include.people.signed_in import slack_actor
from include.relay import background
from include.relay.accept import accept
from include.relay.asking import may_read
from include.relay.home import publish_home
from include.relay.incoming import MalformedPayload, field_of, from_view, metadata_of
from include.relay.open_form import open_soon
from include.requests.search_now import search_now, warm_up
from include.slack.cards import modals
from include.slack.cards.entry_card import PICK_FOR_FEEDBACK, PICK_FOR_QUESTION
from include.slack.cards.markup import markup
from include.slack.cards.words import closed_words
from include.store.session import session_scope

if TYPE_CHECKING:
    from slack_bolt import Ack, App
    from sqlalchemy.orm import Session

    from include.people.actor import Actor
    from include.relay.events import Effect
    from include.store.models.slack import SlackEvent

QUESTION, FEEDBACK = "question", "feedback"
_SUBJECTS = {PICK_FOR_QUESTION: QUESTION, PICK_FOR_FEEDBACK: FEEDBACK}
FOUND = 15


def register(app: App) -> None:
    """Attach the listeners."""
    for action_id in _SUBJECTS:
        app.action(action_id)(press)
    app.options(modals.REQUEST)(suggest)
    app.view(modals.PICK_VIEW)(submit)


def press(ack: Ack, body: dict[str, Any]) -> None:
    """Open the search; whoever may not pick is told so. Nothing is stored."""
    action, trigger = body["actions"][0], body.get("trigger_id")
    token, user = action.get("value"), body["user"]["id"]
    if not (isinstance(trigger, str) and isinstance(token, str)):
        raise MalformedPayload("a click has no trigger_id or value")
    channel = body.get("channel")
    where = channel.get("id") if isinstance(channel, dict) else None
    ack()
    subject = _SUBJECTS[action["action_id"]]
    background.submit_delivery(warm_up)
    open_soon(trigger, user, where, lambda: _view(subject, token, slack_actor(user)))


def suggest(ack: Ack, body: dict[str, Any]) -> None:
    """Requests for what was typed, best first."""
    found = []
    if may_read(body["user"]["id"]):
        found = search_now(str(body.get("value") or ""), limit=FOUND)
    ack(options=modals.options((str(one.id), _label(one.title, one.status)) for one in found))


def submit(ack: Ack, body: dict[str, Any]) -> None:
    """Take the pick."""
    view = body["view"]
    chosen, told = field_of(view, "request"), metadata_of(view)
    if chosen is None:
        ack(response_action="errors", errors={"request": "Please choose a request."})
        return
    subject, token = told.get("subject"), told.get("token")
    known = subject in _SUBJECTS.values() and isinstance(token, str)
    if not known or not chosen.isascii() or not chosen.isdigit() or len(chosen) > 18:
        raise MalformedPayload("a pick names no request or nothing to pick it for")
    payload = {"subject": subject, "token": token, "request_id": int(chosen)}
    accept(ack, from_view(body, payload))


def effect(session: Session, event: SlackEvent, actor: Actor) -> AnswerReply:
    """Answer the question with the pick, or move the feedback, in the caller's transaction."""
    token, request_id = event.payload["token"], event.payload["request_id"]
    if event.payload["subject"] == QUESTION:
        reply = answer_question(
            session, token=token, choice="attach", actor=actor, request_id=request_id
        )
        return replace(reply, after=partial(publish_home, actor))
    return pick_request(session, token=token, actor=actor, request_id=request_id)


EFFECTS: dict[str, Effect] = {f"view:{modals.PICK_VIEW}": effect}


def _view(subject: str, token: str, actor: Actor) -> dict[str, Any] | str:
    with session_scope() as session:
        if subject == QUESTION:
            quote = _quote_of_question(session, token, actor)
        else:
            quote = quote_for_pick(session, token=token, actor=actor)
    if isinstance(quote, AnswerReply):
        return quote.note or ""
    return modals.pick_modal(quote=quote, subject=subject, token=token)


def _quote_of_question(session: Session, token: str, actor: Actor) -> str | AnswerReply:
    try:
        hook = get_hook(session, verify_hook_token(token, signing_keys(session)))
    except InvalidToken:
        hook = None
    if hook is None:
        return AnswerReply("unknown", "This button is no longer valid. Nothing was changed.")
    if not may(session, actor, Action.ANSWER, hook):
        return AnswerReply("not_allowed", not_yours(actor, hook))
    if not hook.is_open:
        return AnswerReply(
            "too_late", markup("This question is closed. {}", closed_words(question_state(hook)))
        )
    return quotes_of(session, hook)[0]


def _label(title: str, status: str) -> str:
    return title if status == "open" else f"{title} ({status})"
