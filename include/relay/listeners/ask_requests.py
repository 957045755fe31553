"""A question to the app, by mention or in a direct message, answered in the thread.

A question about the numbers that is understood to the last word ("what hurts enterprise customers
in EMEA?") is answered by a prepared query; everything else is a search.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from include.agents.readable import readable
from include.base.settings import load_settings
from include.outbox.messages import queue_message
from include.outbox.replies import AnswerReply
from include.people.actor import Action, may
from include.relay.accept import accept
from include.relay.incoming import MalformedPayload, from_event
from include.relay.listeners.reaction_added import is_internal, own_users
from include.requests.search_now import search_now
from include.slack.cards.answer import answer_card
from include.slack.cards.search import EMPTY, HELP, OUTSIDE, REFUSED, search_card
from include.workflows.ask_analytics import answer_question

if TYPE_CHECKING:
    from slack_bolt import Ack, App
    from sqlalchemy.orm import Session

    from include.people.actor import Actor
    from include.relay.events import Effect
    from include.slack.cards.blocks import Rendered
    from include.store.models.slack import SlackEvent

FOUND = 5
QUESTION_LIMIT = 500
# What people say around the words they look for.
_ASKED = (
    r"(?:ask|report|want|need|request|complain|mention|miss|like|look|wait)(?:s|es|ed|ing)?"
    r"(?: (?:for|about|of|to have))?"
)
_LEAD = re.compile(
    r"^(?:hi|hey|hello|ok|please)?[\s,!]*(?:(?:looking for|searching for|where|"
    rf"(?:customers?|clients?|people|users?)(?: (?:who|that))? {_ASKED}|"
    rf"(?:someone|somebody|anyone|anybody|who)(?: (?:has|have|had|else))*(?: {_ASKED})?|"
    r"what|do|does|did|have|has|is|are|there|we|you|can"
    r"|could|show|find|search|look|list|tell|me|us|any|anything|something|requests?|feedback|know"
    r"|for|about|on|of|a|the|got)\b[\s,:]*)+",
    re.I,
)
_TAIL = re.compile(r"[\s,]{1,3}(?:please|pls|thanks|thank you)\W{0,9}$", re.I)
_COUNTED = re.compile(
    r"^(?:so |and )?(?:(?:how many|which|what) (?:of our |of the )?"
    r"(?:customers?|accounts?|clients?|people|users|companies)|who)(?: else)?"
    r"(?: (?:have|has|had|are|is|were|would|do|does|did))?"
    r" (?:want|need|like|request|ask|miss|complain|wait|vot)(?:s|ed|es|ing)?"
    r"(?: (?:for|about|to have|on))?\s+",
    re.I,
)
_HELP = re.compile(
    r"\W*(?:(?:hi|hey|hello|hola|howdy|yo|good (?:morning|afternoon|evening|day))"
    r"(?:[ ,]{1,3}(?:there|all|everyone|everybody|team|bot|again))?"
    r"|(?:please )?help(?: me)?(?: please)?|(?:can|could) you help(?: me)?(?: please)?"
    r"|(?:what|how) (?:can|do|does|could|should) (?:you|i|we|this|it)(?: app| bot)?"
    r"(?: do| work| use you| use this| use it| help| help me| ask you)?"
    r"|how (?:can|do|should|could) (?:i|we) (?:hand in|submit|give|report|add|send|file|leave)"
    r"(?: (?:some|new|customer|a|an))?(?: (?:feedback|requests?|entry))?"
    r"|(?:who|what) (?:are you|is this)(?: app| bot)?|commands?|usage|instructions|ping)\W*",
    re.I,
)
_THANKS = re.compile(
    r"\W*(?:(?:ok|okay|great|cool|perfect|awesome|nice|super|got it|many)[ ,.!]{1,3}){0,2}"
    r"(?:thanks|thank you|thx|ty|cheers|danke|merci|gracias|ok|okay|great|perfect|got it|good bot)"
    r"(?: (?:a lot|so much|very much|all|again|bot))?\W*",
    re.I,
)
# Without one of these a few words name what to look for, also when one of them is an area.
_ASKS = re.compile(r"^\W*(?:so |and )?(?:what|which|who|where|how|top|show|list)\b", re.I)


def register(app: App) -> None:
    """Attach the listeners."""
    app.event("app_mention")(receive)
    app.event("message")(receive_message)


def receive_message(ack: Ack, body: dict[str, Any]) -> None:
    """Take a direct message; what is said elsewhere is nobody's question to the app."""
    if body["event"].get("channel_type") == "im":
        receive(ack, body)
    else:
        ack()


def receive(ack: Ack, body: dict[str, Any]) -> None:
    """Take what a person asks. Bots, edits, and what the app says itself are left alone."""
    event = body["event"]
    user, said = event.get("user"), event.get("text")
    ours = own_users(body)
    # A message with files is a person's; every other subtype tells of an event or an edit.
    odd = event.get("subtype") not in (None, "file_share", "thread_broadcast")
    if odd or event.get("bot_id") or event.get("bot_profile") or user in ours:
        ack()
        return
    if not (isinstance(user, str) and isinstance(said, str)):
        ack()
        return
    if not isinstance(event.get("channel"), str) or not isinstance(event.get("ts"), str):
        raise MalformedPayload("a message names no channel or ts")
    thread = event.get("thread_ts")
    payload = {
        "question": readable(said)[:QUESTION_LIMIT],
        "thread_ts": thread if isinstance(thread, str) else event["ts"],
        "is_internal": is_internal(body),
    }
    accept(ack, from_event(body, payload))


def effect(session: Session, event: SlackEvent, actor: Actor) -> AnswerReply:
    """Answer, queue it for the thread, and forget the question."""
    if not event.payload["is_internal"]:
        card = OUTSIDE
    elif may(session, actor, Action.READ):
        card = _answer(str(event.payload["question"]))
    else:
        card = REFUSED
    message_id = queue_message(
        session,
        key=f"search:{event.key}",
        purpose="search",
        address=event.channel_id or event.user_id or "",
        thread_ts=event.payload["thread_ts"],
        body=card.text,
        blocks=card.blocks,
    )
    event.payload = {name: told for name, told in event.payload.items() if name != "question"}
    return AnswerReply("recorded", None, [message_id])


def _answer(question: str) -> Rendered:
    if _HELP.fullmatch(question):
        return HELP
    wanted = "" if _THANKS.fullmatch(question) else subject_of(question)
    if not wanted:
        return EMPTY
    numbers = None
    if _ASKS.match(question):
        numbers = answer_question(question, complete=True)
    if numbers is not None:
        return answer_card(numbers.words, load_settings())
    return search_card(wanted, search_now(wanted, limit=FOUND), load_settings())


def subject_of(question: str) -> str:
    """What a question looks for, without what people say around it."""
    subject = _TAIL.sub("", _COUNTED.sub("", question.strip()))
    return _LEAD.sub("", subject).strip(" ?!.\n") or subject.strip(" ?!.\n")


EFFECTS: dict[str, Effect] = {"event:app_mention": effect, "event:message": effect}
