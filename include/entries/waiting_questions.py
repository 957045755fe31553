"""Sending the daily card about questions over the limit, and answering those that it shows."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import func, select

from include.base.settings import load_settings
from include.durable.api import hook_token, signing_keys
from include.durable.keys import InvalidToken, verify
from include.entries.addressee import best_hour
from include.entries.attention import OPEN_UNPOSTED
from include.entries.questions import answer_question
from include.entries.show import change
from include.entries.waiting_card import PURPOSE, card_key, card_of, count_waiting, newest_card
from include.insights.asof import ZONE
from include.outbox.messages import queue_message
from include.outbox.posting import is_user
from include.outbox.replies import AnswerReply
from include.slack.cards.markup import markup
from include.slack.cards.waiting import waiting_replaced
from include.store.models import Hook

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from include.people.actor import Actor
    from include.store.session import SessionScope

    OffsetOf = Callable[[str], timedelta | None]
    """How far a person's clock (Slack id) is ahead of UTC; None where nobody says it."""

USUAL_HOUR = 9
"""From this hour of their day on the card goes out, unless past answers name a better one."""

APART = timedelta(hours=8)
"""No two daily cards of one person are nearer; one of a late evening serves the next morning."""


def queue_waiting_cards(scope: SessionScope, offset_of: OffsetOf) -> list[int]:
    """Queue the daily cards whose hour has come, one a person and day; the messages' ids.

    However often it runs, a day has one card: its key names the day. No transaction is open while
    ``offset_of`` asks Slack.
    """
    with scope() as session:
        people = _people_due(session)
    queued = []
    for person in people:
        offset = offset_of(person) if person is not None else None
        with scope() as session:
            queued += _queue_card(session, person, offset)
    return queued


def answer_shown(session: Session, *, token: str, actor: Actor) -> AnswerReply:
    """Add the feedback of all questions that a daily card showed to the suggested requests.

    Each is answered as by its own button; what was answered before stays as it was.
    """
    try:
        named = verify(PURPOSE, token, signing_keys(session))
    except InvalidToken:
        return AnswerReply("unknown", "This button is no longer valid. Nothing was changed.")
    replies = [
        answer_question(session, token=hook_token(session, UUID(one)), choice="attach", actor=actor)
        for one in named.split("~")
    ]
    recorded = sum(reply.status == "recorded" for reply in replies)
    if not recorded:
        return replies[0]
    note = None
    if recorded < len(replies):
        note = markup("Answers recorded: {} of {}. The rest was closed.", recorded, len(replies))
    message_ids = [one for reply in replies for one in reply.message_ids]
    return AnswerReply("recorded", note, message_ids)


def _people_due(session: Session) -> list[str | None]:
    """Who has questions without cards and had no daily card lately; None is the review channel."""
    first = Hook.responders[0].astext
    labels = session.scalars(select(first).where(*OPEN_UNPOSTED).distinct().order_by(first))
    people = [None if label is None else label.partition(":")[2] for label in labels]
    now = _now(session)
    return [
        person
        for person in people
        if (person is None or is_user(person))
        and ((last := newest_card(session, person)) is None or last.created_at < now - APART)
    ]


def _queue_card(session: Session, person: str | None, offset: timedelta | None) -> list[int]:
    now = _now(session)
    here = now.astimezone(ZONE) if offset is None else now + offset
    before = newest_card(session, person)
    key = card_key(person, here.date())
    is_sent = before is not None and before.key == key
    if is_sent or here.hour < _hour(session, person, here) or not count_waiting(session, person):
        return []
    card = card_of(session, person)
    message_id = queue_message(
        session,
        key=key,
        purpose=PURPOSE,
        address=person or load_settings().review_channel,
        body=card.text,
        blocks=card.blocks,
    )
    old = change(session, before, waiting_replaced()) if before is not None else None
    return [message_id, *([old] if old is not None else [])]


def _hour(session: Session, person: str | None, here: datetime) -> int:
    if person is None:
        return USUAL_HOUR
    ahead = here.replace(tzinfo=UTC) - _now(session)
    learned = best_hour(session, person, timedelta(minutes=round(ahead / timedelta(minutes=1))))
    return USUAL_HOUR if learned is None else learned


def _now(session: Session) -> datetime:
    moment: Any = session.scalar(select(func.now()))
    now: datetime = moment.astimezone(UTC)
    return now
