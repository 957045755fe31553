"""Telling people what became of many entries: one message a person, not one an entry.

Slack takes about one message a second to one address, and nobody reads fifty. So when a batch has
placed more than a few entries of one person, they are told together. Each line keeps its button.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from include.base.settings import load_settings
from include.entries.set_aside import tell_set_aside
from include.entries.tell import correction_token, tell
from include.entries.thread_reply import tell_thread
from include.outbox.messages import queue_message, queue_update
from include.slack.cards.summary import MOST_LINES, Line, summary_card
from include.store.models import Entry, EntryStatus, Feedback, Message, Outcome, Request, User

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from include.slack.cards.blocks import Rendered

FEW = 3
"""So many at once are told one by one, with a card each."""

MUCH = 10
A_WHILE = timedelta(seconds=15)
AT_ONCE = 1_000
PURPOSE = "summary"


def queue_outcomes(
    session: Session, *, dag_id: str, run_id: str, more_to_come: bool = False
) -> list[int]:
    """Queue what is to be told about the run's entries that have an outcome; the messages' ids.

    An entry is told of once. A thread it came from gets its reply as well. While there is
    ``more_to_come``, a person is told when there is much to tell or it has waited a while.
    """
    rows = session.execute(
        select(Entry, User.slack_user_id)
        .outerjoin(User, User.id == Entry.submitter_id)
        .where(
            Entry.dag_id == dag_id,
            Entry.run_id == run_id,
            _is_to_be_told(),
        )
        .order_by(Entry.id)
        .limit(AT_ONCE)
        .with_for_update(of=Entry, skip_locked=True)
    ).all()
    of_person: dict[str | None, list[Entry]] = defaultdict(list)
    message_ids: list[int] = []
    for entry, person in rows:
        if entry.outcome == Outcome.NOISE:
            entry.told_in = tell_set_aside(session, entry)
            message_ids.append(entry.told_in)
        else:
            of_person[person].append(entry)
    now = session.scalars(select(func.now())).one()
    for person, entries in of_person.items():
        if (
            more_to_come
            and len(entries) < MUCH
            and min(entry.updated_at for entry in entries) > now - A_WHILE
        ):
            continue
        replies = [tell_thread(session, entry) for entry in entries]
        message_ids += [reply for reply in replies if reply is not None]
        if len(entries) <= FEW:
            for entry in entries:
                entry.told_in = tell(session, entry)
                if entry.told_in is not None:
                    message_ids.append(entry.told_in)
            continue
        address = person or load_settings().review_channel
        for start in range(0, len(entries), MOST_LINES):
            part = entries[start : start + MOST_LINES]
            message_ids.append(_queue_summary(session, part, address))
    return message_ids


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
    """Has an outcome nobody was told of; an entry that was taken apart leaves it to its pains."""
    return (
        (Entry.status == EntryStatus.DONE)
        & (Entry.outcome != Outcome.SPLIT)
        & Entry.told_in.is_(None)
    )


def queue_correction(session: Session, message_id: int, key: str) -> int | None:
    """Queue the summary as it is now, after one of its entries was moved."""
    message = session.get_one(Message, message_id)
    card = _card(session, message_id)
    return queue_update(
        session, key=key, target_key=message.key, body=card.text, blocks=card.blocks
    )


def _queue_summary(session: Session, entries: list[Entry], address: str) -> int:
    ids = [entry.id for entry in entries]
    message_id = queue_message(
        session, key=f"summary:{ids[0]}", purpose=PURPOSE, address=address, body="…", blocks=[]
    )
    session.execute(update(Entry).where(Entry.id.in_(ids)).values(told_in=message_id))
    card = _card(session, message_id)
    session.execute(
        update(Message).where(Message.id == message_id).values(body=card.text, blocks=card.blocks)
    )
    return message_id


def _card(session: Session, message_id: int) -> Rendered:
    settings = load_settings()
    rows = session.execute(
        select(Entry.customer_pain, Entry.outcome, Feedback, Request.title, Request.slug)
        .join(Feedback, (Feedback.entry_id == Entry.id) & Feedback.removed_at.is_(None))
        .join(Request, Request.id == Feedback.request_id)
        .where(Entry.told_in == message_id)
        .order_by(Entry.id)
    )
    return summary_card(
        [
            Line(
                quote=row.customer_pain,
                request_title=row.title,
                request_url=settings.request_url(row.slug),
                opened=row.outcome == Outcome.CREATED,
                confidence=row.Feedback.confidence,
                reason=row.Feedback.reason,
                token=correction_token(session, row.Feedback.id),
            )
            for row in rows
        ]
    )
