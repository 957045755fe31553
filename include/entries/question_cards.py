"""The card of a question, and whom a question is about and for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from include.base.settings import load_settings
from include.entries.asked import entry_ids, only_entry
from include.entries.attention import asked_person, is_unposted
from include.entries.show import card_key, question_card, show_waiting
from include.outbox.messages import queue_message
from include.store.models import Entry

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.durable.types import HookView

QUOTES = 8


def quotes_of(session: Session, hook: HookView) -> list[str]:
    """The first customers' words a question is about, by entry."""
    first = entry_ids(hook)[:QUOTES]
    said = select(Entry.customer_pain).where(Entry.id.in_(first)).order_by(Entry.id)
    return list(session.scalars(said))


def queue_card(session: Session, hook: HookView) -> int | None:
    """Queue what shows a question to the person, else to the review channel; the message's id.

    That is its card, or, for one over the day's limit, a change of the daily card if there is one.
    """
    if is_unposted(hook):
        return show_waiting(session, asked_person(hook))
    card = question_card(session, hook)
    return queue_message(
        session,
        key=card_key(hook.id),
        purpose="question",
        address=asked_person(hook) or load_settings().review_channel,
        body=card.text,
        blocks=card.blocks,
        entry_id=only_entry(hook),
        hook_id=hook.id,
    )
