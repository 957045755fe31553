"""Every message that shows an entry says how it stands now: changed when that changes.

A message is rendered anew from the database and queued as a change where it differs from what is
shown, so calling this once too often costs nothing, and nothing is told twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from include.durable.api import hook_token
from include.entries.attention import asked_person, is_unposted
from include.entries.state import question_state, state_of, states_of
from include.entries.thread_reply import tell_thread
from include.entries.tokens import tokens_of
from include.entries.waiting_card import card_of, newest_card
from include.outbox.messages import queue_update
from include.slack.cards.entry_card import LINES, entry_card, group_card, summary_card
from include.store.models import Entry, Hook, Message, MessageKind

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from include.durable.types import HookView
    from include.slack.cards.blocks import Rendered

CARDS = ("question", "attached", "created", "set_aside")
"""Purposes of the messages that show a person one entry."""

SUMMARY = "summary"


def show(session: Session, entry: Entry) -> list[int]:
    """Queue what has to change in every message about an entry; the ids of the changes.

    The newest card has the buttons; an older one says the same without them.
    """
    session.flush()
    queued = [tell_thread(session, entry)]
    cards = session.scalars(
        select(Message)
        .where(
            Message.entry_id == entry.id,
            Message.kind == MessageKind.POST,
            Message.purpose.in_(CARDS),
        )
        .order_by(Message.id.desc())
    ).all()
    state = state_of(session, entry.id)
    tokens = tokens_of(session, [state])[entry.id]
    for number, message in enumerate(cards):
        card = entry_card(state, tokens if number == 0 else None)
        queued.append(change(session, message, card))
    hook = None
    if state.question is not None:
        hook = session.get_one(Hook, state.question.hook_id, populate_existing=True)
    if hook is not None and is_unposted(hook):
        queued.append(show_waiting(session, asked_person(hook)))
    elif hook is not None and state.question is not None and state.question.together > 1:
        asked = session.scalars(
            select(Message).where(Message.key == card_key(hook.id))
        ).one_or_none()
        if asked is not None:
            queued.append(change(session, asked, question_card(session, hook)))
    if entry.told_in is not None:
        summary = session.get_one(Message, entry.told_in)
        if summary.purpose == SUMMARY:
            queued.append(change(session, summary, summary_of(session, summary.id)))
    return [one for one in queued if one is not None]


def show_question(session: Session, hook: HookView | Hook) -> list[int]:
    """Queue what has to change in the messages about a question's entries."""
    session.flush()
    entry_ids = [int(entry_id) for entry_id, _ in hook.question["entries"]]
    entries = session.scalars(select(Entry).where(Entry.id.in_(entry_ids)).order_by(Entry.id)).all()
    if len(entries) == 1:
        return show(session, entries[0])
    queued = [tell_thread(session, entry) for entry in entries]
    return [*(one for one in queued if one is not None), *show_question_card(session, hook)]


def show_question_card(session: Session, hook: HookView | Hook) -> list[int]:
    """Queue what has to change in the card of a question alone, or in the daily one."""
    if is_unposted(hook):
        queued = show_waiting(session, asked_person(hook))
        return [] if queued is None else [queued]
    message = session.scalars(select(Message).where(Message.key == card_key(hook.id))).one_or_none()
    if message is None:
        return []
    queued = change(session, message, question_card(session, hook))
    return [] if queued is None else [queued]


def show_waiting(session: Session, person: str | None) -> int | None:
    """Queue what has to change in the newest daily card of a person or the review channel."""
    session.flush()
    message = newest_card(session, person)
    return None if message is None else change(session, message, card_of(session, person))


def question_card(session: Session, hook: HookView | Hook) -> Rendered:
    """The card of a question, about one entry or several, as it stands."""
    entry_ids = [int(entry_id) for entry_id, _ in hook.question["entries"]]
    states = states_of(session, entry_ids[:LINES])
    tokens = tokens_of(session, states)
    if len(entry_ids) == 1:
        return entry_card(states[0], tokens[entry_ids[0]])
    return group_card(
        states,
        tokens,
        question=question_state(hook),
        token=hook_token(session, hook.id),
        count=len(entry_ids),
    )


def summary_of(session: Session, message_id: int) -> Rendered:
    """The message about many entries, as they stand."""
    ids = session.scalars(
        select(Entry.id).where(Entry.told_in == message_id).order_by(Entry.id)
    ).all()
    states = states_of(session, ids)
    return summary_card(states, tokens_of(session, states))


def card_key(hook_id: UUID) -> str:
    """The ledger's key of a question's card."""
    return f"question:{hook_id}"


def change(session: Session, message: Message, card: Rendered) -> int | None:
    """Queue the change of a message, unless that is what it shows, or will; its id."""
    newest: Any = session.execute(
        select(Message.id, Message.body, Message.blocks)
        .where((Message.id == message.id) | (Message.target_id == message.id))
        .order_by(Message.id.desc())
        .limit(1)
    ).one()
    if (newest.body, newest.blocks) == (card.text, card.blocks):
        return None
    return queue_update(
        session,
        key=f"{message.key}:{newest.id}",
        target_key=message.key,
        body=card.text,
        blocks=card.blocks,
        entry_id=message.entry_id,
        hook_id=message.hook_id,
    )
