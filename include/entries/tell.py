"""Telling people what became of their entries: a card each for a few, one message about many.

Slack takes about one message a second to one address, and nobody reads fifty. So when more than a
few entries of one person are told at once, they are told together. Each line keeps its button.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from include.base.settings import load_settings
from include.entries.set_aside import tell_set_aside
from include.entries.show import SUMMARY, summary_of
from include.entries.state import state_of
from include.entries.thread_reply import tell_thread
from include.entries.tokens import tokens_of
from include.matching.types import Route
from include.outbox.messages import queue_message
from include.people.users import slack_user_of
from include.requests.evidence import live_feedback
from include.slack.cards.entry_card import LINES as MOST_LINES
from include.slack.cards.entry_card import entry_card
from include.store.models import (
    Decision,
    DecisionStep,
    Entry,
    EntryStatus,
    Message,
    Outcome,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

FEW = 3
"""So many at once are told one by one, with a card each."""

MUCH = 10
A_WHILE = timedelta(seconds=15)
AT_ONCE = 1_000


def tell(session: Session, entries: Iterable[Entry]) -> list[int]:
    """Queue what is to be told about locked entries, once an entry; the messages' ids.

    A thread an entry came from gets its reply as well, also while the entry still waits. An entry
    that was taken apart leaves the rest to its pains.
    """
    queued: list[int | None] = []
    of_person: dict[str | None, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.outcome == Outcome.NOISE:
            entry.told_in = tell_set_aside(session, entry)
            queued.append(entry.told_in)
        elif entry.outcome in (Outcome.ATTACHED, Outcome.CREATED) and entry.told_in is None:
            of_person[slack_user_of(session, entry.submitter_id)].append(entry)
        queued.append(tell_thread(session, entry))
    for person, theirs in of_person.items():
        address = person or load_settings().review_channel
        if len(theirs) <= FEW:
            for entry in theirs:
                entry.told_in = _queue_card(session, entry, address)
                queued.append(entry.told_in)
            continue
        for start in range(0, len(theirs), MOST_LINES):
            queued.append(_queue_summary(session, theirs[start : start + MOST_LINES], address))
    return [one for one in queued if one is not None]


def tell_run(
    session: Session, *, dag_id: str, run_id: str, more_to_come: bool = False
) -> list[int]:
    """Queue what is to be told about a run's entries that have an outcome; the messages' ids.

    While there is ``more_to_come``, a person is told when there is much to tell or it has waited a
    while.
    """
    entries = session.scalars(
        select(Entry)
        .where(Entry.dag_id == dag_id, Entry.run_id == run_id, _is_to_be_told())
        .order_by(Entry.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    if not more_to_come:
        return tell(session, entries)
    of_person: dict[str | None, list[Entry]] = defaultdict(list)
    for entry in entries:
        of_person[slack_user_of(session, entry.submitter_id)].append(entry)
    a_while_ago = session.scalars(select(func.now())).one() - A_WHILE
    now = [entry for entry in entries if entry.outcome == Outcome.NOISE]
    for theirs in of_person.values():
        if len(theirs) >= MUCH or min(one.updated_at for one in theirs) <= a_while_ago:
            now += [entry for entry in theirs if entry.outcome != Outcome.NOISE]
    return tell(session, now)


def untold(session: Session, *, dag_id: str, run_id: str) -> tuple[int, int]:
    """How many of the run's entries are not decided yet, and how many are placed and not told."""
    undecided, placed = session.execute(
        select(
            func.count().filter(Entry.status == EntryStatus.RECEIVED),
            func.count().filter(_is_to_be_told()),
        ).where(Entry.dag_id == dag_id, Entry.run_id == run_id)
    ).one()
    return undecided, placed


def _is_to_be_told() -> ColumnElement[bool]:
    """Has an outcome nobody was told of.

    An entry that was taken apart leaves it to its pains, and one that was asked about to the
    question's card.
    """
    asked = select(Decision.id).where(
        Decision.entry_id == Entry.id,
        Decision.step == DecisionStep.MATCH,
        Decision.route == Route.ASK,
    )
    return (
        (Entry.status == EntryStatus.DONE)
        & (Entry.outcome != Outcome.SPLIT)
        & Entry.told_in.is_(None)
        & ~asked.exists()
    )


def _queue_card(session: Session, entry: Entry, address: str) -> int | None:
    """The card that says where one entry went; ``None`` when its evidence is gone."""
    feedback = live_feedback(session, entry.id)
    if feedback is None:
        return None
    state = state_of(session, entry.id)
    card = entry_card(state, tokens_of(session, [state])[entry.id])
    is_new = entry.outcome == Outcome.CREATED
    return queue_message(
        session,
        key=f"created:{entry.id}" if is_new else f"attached:{feedback.id}",
        purpose="created" if is_new else "attached",
        address=address,
        body=card.text,
        blocks=card.blocks,
        entry_id=entry.id,
    )


def _queue_summary(session: Session, entries: list[Entry], address: str) -> int:
    ids = [entry.id for entry in entries]
    message_id = queue_message(
        session, key=f"summary:{ids[0]}", purpose=SUMMARY, address=address, body="…", blocks=[]
    )
    session.execute(update(Entry).where(Entry.id.in_(ids)).values(told_in=message_id))
    card = summary_of(session, message_id)
    session.execute(
        update(Message).where(Message.id == message_id).values(body=card.text, blocks=card.blocks)
    )
    return message_id
