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
from include.durable.api import signing_keys
from include.durable.keys import sign
from include.entries.set_aside import tell_set_aside
from include.entries.thread_reply import tell_thread
from include.matching.types import Route
from include.outbox.messages import queue_message, queue_update
from include.people.permissions import slack_user_of
from include.requests.evidence import live_feedback
from include.slack.cards import blocks
from include.slack.cards.summary import MOST_LINES, Line, summary_card
from include.store.models import (
    Area,
    Decision,
    DecisionStep,
    Entry,
    EntryStatus,
    Feedback,
    Message,
    Outcome,
    Request,
    RequestArea,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

FEW = 3
"""So many at once are told one by one, with a card each."""

MUCH = 10
A_WHILE = timedelta(seconds=15)
AT_ONCE = 1_000
PURPOSE = "summary"


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
                entry.told_in = _queue_card(session, entry, person, address)
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


def correct_summary(session: Session, message_id: int, key: str) -> int | None:
    """Queue the summary as it is now, after one of its entries was moved."""
    message = session.get_one(Message, message_id)
    card = _summary(session, message_id)
    return queue_update(
        session, key=key, target_key=message.key, body=card.text, blocks=card.blocks
    )


def correction_token(session: Session, feedback_id: int) -> str:
    """What the buttons that correct a feedback's place carry; the same on every call."""
    return sign("undo", str(feedback_id), signing_keys(session)[0])


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


def _queue_card(session: Session, entry: Entry, person: str | None, address: str) -> int | None:
    """The card that says where one entry went; ``None`` when its evidence is gone."""
    feedback = live_feedback(session, entry.id)
    if feedback is None:
        return None
    request = session.get_one(Request, feedback.request_id)
    url, token = load_settings().request_url(request.slug), correction_token(session, feedback.id)
    if entry.outcome == Outcome.CREATED:
        purpose, key = "created", f"created:{entry.id}"
        card = blocks.created_card(
            quote=entry.customer_pain,
            request_title=request.title,
            request_url=url,
            areas=_area_names(session, request.id),
            pick_token=token,
            is_theirs=person is not None,
        )
    else:
        purpose, key = "attached", f"attached:{feedback.id}"
        card = blocks.attached_card(
            quote=entry.customer_pain,
            request_title=request.title,
            request_url=url,
            confidence=feedback.confidence,
            reason=feedback.reason,
            undo_token=token,
            is_theirs=person is not None,
        )
    return queue_message(
        session,
        key=key,
        purpose=purpose,
        address=address,
        body=card.text,
        blocks=card.blocks,
        entry_id=entry.id,
    )


def _area_names(session: Session, request_id: int) -> Sequence[str]:
    return session.scalars(
        select(Area.name)
        .join(RequestArea, RequestArea.area_id == Area.id)
        .where(RequestArea.request_id == request_id)
        .order_by(Area.name)
    ).all()


def _queue_summary(session: Session, entries: list[Entry], address: str) -> int:
    ids = [entry.id for entry in entries]
    message_id = queue_message(
        session, key=f"summary:{ids[0]}", purpose=PURPOSE, address=address, body="…", blocks=[]
    )
    session.execute(update(Entry).where(Entry.id.in_(ids)).values(told_in=message_id))
    card = _summary(session, message_id)
    session.execute(
        update(Message).where(Message.id == message_id).values(body=card.text, blocks=card.blocks)
    )
    return message_id


def _summary(session: Session, message_id: int) -> blocks.Rendered:
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
