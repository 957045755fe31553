"""Where a direct message goes that cannot be delivered: its thread, then the review channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from include.outbox.effects import Fate, Outcome
from include.outbox.posting import is_user
from include.slack.cards.blocks import context
from include.slack.cards.markup import markup
from include.slack.errors import Trouble, Verdict
from include.store.models.capture import SlackCapture
from include.store.models.entries import Entry

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.store.models.slack import Message

MOST_BLOCKS = 50
_CHANNEL_CODES = frozenset({"not_in_channel", "restricted_action", "thread_not_found"})


@dataclass(frozen=True)
class Place:
    """A channel, or a thread in it."""

    address: str
    thread_ts: str | None = None


def next_place(
    session: Session, message: Message, trouble: Trouble, review: str | None
) -> Place | None:
    """Where else a message may go after this trouble; ``None`` to do with it as usual.

    Only a message to a person goes elsewhere: first to the thread that its entry was taken from,
    with a mention, then to the review channel.
    """
    unreachable = trouble.verdict == Verdict.UNREACHABLE
    if is_user(message.address) and unreachable:
        thread = _thread_of(session, message)
        if thread is not None:
            return thread
        return Place(review) if review else None
    if message.rerouted_from and (unreachable or trouble.code in _CHANNEL_CODES):
        return Place(review) if review and message.address != review else None
    return None


def rerouted(message: Message, trouble: Trouble, place: Place) -> Outcome:
    """Send the message elsewhere, under the same key, with a line that says whom it is for."""
    person = message.rerouted_from or message.address or ""
    blocks = message.blocks
    if message.rerouted_from is None and blocks and len(blocks) < MOST_BLOCKS:
        note = markup("For <@{}>, who could not be reached in a direct message.", person)
        blocks = [context(note), *blocks]
    where = "the thread" if place.thread_ts else "the review channel"
    return Outcome(
        Fate.REROUTED,
        f"{trouble.code}: {person} could not be reached, sent to {where}",
        changes={
            "rerouted_from": person,
            "address": place.address,
            "thread_ts": place.thread_ts,
            "blocks": blocks,
        },
    )


def _thread_of(session: Session, message: Message) -> Place | None:
    if message.entry_id is None:
        return None
    found = session.scalars(
        select(SlackCapture)
        .join(Entry, (Entry.external_id == SlackCapture.key) & (Entry.source == "slack"))
        # A question quotes requests; people of another company must not read them.
        .where(Entry.id == message.entry_id, SlackCapture.is_internal)
    ).one_or_none()
    return Place(found.channel, found.thread_ts or found.message_ts) if found else None
