"""``/shipped <request>``: words, a slug or an address; asked before anybody is told.

The command only finds the request and says whom shipping it would tell. Its button starts
``mark_shipped``, which tells whoever pressed what came of it. *Open it again* on a card about a
shipped request starts ``reopen_request`` in the same way.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select

from include.base.settings import load_settings
from include.durable.api import signing_keys
from include.durable.keys import InvalidToken, sign, verify
from include.outbox import notes
from include.people.actor import Action, may, refusal_words
from include.relay import background
from include.relay.accept import accept
from include.relay.asking import NOT_NOW, asking
from include.relay.incoming import from_action
from include.requests.pages import slug_in
from include.requests.search_now import search_now
from include.requests.ship_preview import find_titled, preview
from include.requests.still_hurting import REOPEN
from include.slack.cards.markup import Markup, escape, markup
from include.slack.cards.shipping import (
    CHOOSE_SHIPPED,
    REOPEN_REQUEST,
    SHIP_REQUEST,
    ask_first,
    pick_list,
)
from include.store.models import Request
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_bolt import Ack, App

    from include.slack.cards.blocks import Rendered

COMMAND = "/shipped"
PURPOSE = "ship"


class Change(NamedTuple):
    """What a button changes: by which DAG, what its token is for, and what is said meanwhile."""

    dag_id: str
    purpose: str
    doing: Callable[[str], Markup]


CHANGES = {
    SHIP_REQUEST: Change(
        "mark_shipped", PURPOSE, lambda title: markup("Marking *{}* as shipped.", title)
    ),
    REOPEN_REQUEST: Change(
        "reopen_request", REOPEN, lambda title: markup("Opening *{}* again.", title)
    ),
}

USAGE = (
    "Tell me which request has shipped: some words of it, its slug, or the address of its page: "
    "`/shipped csv export`"
)
CANNOT_REOPEN = (
    "This installation cannot open shipped requests again: its workflow `reopen_request` is not "
    "there. Nothing was changed. Please tell an operator."
)
ABSENT = (
    "This installation cannot mark requests as shipped: its workflow `mark_shipped` is not there. "
    "Nothing was changed. Please tell an operator."
)
_AROUND = " \t\n\"'`\u201c\u201d\u2018\u2019*_"
"""Quotes and marks that people put around a title."""

GONE = "This button is no longer valid. Nothing was changed."


def register(app: App) -> None:
    """Attach the listeners."""
    app.command(COMMAND)(receive)
    for action_id in CHOOSE_SHIPPED:
        app.action(action_id)(choose)
    for action_id in CHANGES:
        app.action(action_id)(press)


def receive(ack: Ack, body: dict[str, Any]) -> None:
    """Find the request and ask, or offer those that may be meant. Nothing is stored."""
    said = str(body.get("text") or "").replace("\x00", "").strip(_AROUND)
    if not said or said.lower() in ("help", "?"):
        ack(text=USAGE, response_type="ephemeral")
        return
    refusal = _refusal(body["user_id"])
    if refusal:
        ack(text=escape(refusal), response_type="ephemeral")
        return
    found = _find(said)
    if isinstance(found, str):
        ack(text=found, response_type="ephemeral")
        return
    card = _ask(found[0]) if len(found) == 1 else _offer(said, found)
    ack(text=card.text, blocks=card.blocks, response_type="ephemeral")


def choose(ack: Ack, body: dict[str, Any]) -> None:
    """Ask about the one that was picked; shown to whoever picked it alone."""
    ack()
    background.submit_delivery(partial(_show_choice, body))


def press(ack: Ack, body: dict[str, Any]) -> None:
    """Start the workflow of the button, once for each card that asked.

    No person is in its conf, which Airflow shows: the run's id leads to the stored press.
    """
    incoming = from_action(body)
    change = CHANGES[body["actions"][0]["action_id"]]
    user_id = body["user"]["id"]
    refusal = _refusal(user_id)
    request_id = _id_in(incoming.payload["value"] or "", change.purpose)
    with session_scope() as session:
        request = session.get(Request, request_id) if request_id is not None else None
    if refusal or request is None:
        ack()
        note = refusal or GONE
        background.submit_delivery(partial(notes.send_note, incoming.channel_id, user_id, note))
        return
    place = f"{incoming.channel_id}:{incoming.payload['message_ts']}"
    run = replace(
        incoming,
        dag_id=change.dag_id,
        run_conf={"request": request.slug},
        run_key=f"{change.purpose}:{request.id}:{user_id}:{place}",
    )
    accept(ack, run)
    note = markup("{} I will tell you what came of it.", change.doing(request.title))
    background.submit_delivery(partial(notes.send_note, incoming.channel_id, user_id, note))


def _refusal(slack_user_id: str) -> str:
    """Why somebody may not ship; empty when they may."""
    actor = asking(slack_user_id)
    if actor is None:
        return NOT_NOW
    with session_scope() as session:
        return "" if may(session, actor, Action.SHIP) else refusal_words(actor, Action.SHIP)


def _find(said: str) -> list[int] | Markup:
    """The requests that may be meant, the likeliest first; or why there is none."""
    slug = slug_in(said, load_settings().pages_url)
    if slug is None and "://" in said:
        return markup("`{}` is not the page of one of our requests. {}", said[:80], USAGE)
    with session_scope() as session:
        by_slug = session.scalar(select(Request.id).where(Request.slug == slug)) if slug else None
        titled = [by_slug] if by_slug is not None else list(find_titled(session, said))
    if len(titled) == 1:
        return titled
    words = said.replace("-", " ") if slug else said
    found = [one.id for one in search_now(words, limit=len(CHOOSE_SHIPPED))]
    return found or markup("I know no request like `{}`. {}", said[:80], USAGE)


def _ask(request_id: int) -> Rendered:
    with session_scope() as session:
        shown = preview(session, request_id)
        return ask_first(shown, sign(PURPOSE, str(shown.ship_id), signing_keys(session)[0]))


def _offer(said: str, request_ids: list[int]) -> Rendered:
    with session_scope() as session:
        key = signing_keys(session)[0]
        titles = {
            row.id: row.title
            for row in session.execute(
                select(Request.id, Request.title).where(Request.id.in_(request_ids))
            )
        }
        found = [(titles[one], sign(PURPOSE, str(one), key)) for one in request_ids]
    return pick_list(said, found)


def _show_choice(body: dict[str, Any]) -> None:
    incoming = from_action(body)
    request_id = _id_in(incoming.payload["value"] or "")
    user = body["user"]["id"]
    refusal = _refusal(user) or (GONE if request_id is None else "")
    if refusal or request_id is None:
        notes.send_note(incoming.channel_id, user, refusal)
        return
    card = _ask(request_id)
    notes.send_note(incoming.channel_id, user, card.text, card.blocks)


def _id_in(token: str, purpose: str = PURPOSE) -> int | None:
    with session_scope() as session:
        try:
            return int(verify(purpose, token, signing_keys(session)))
        except (InvalidToken, ValueError):
            return None
