"""What the daily card of a person or channel says: their questions without cards of their own."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from include.base.settings import load_settings
from include.durable.api import hook_token, signing_keys
from include.durable.keys import sign
from include.entries.attention import OPEN_UNPOSTED, asks, weight
from include.entries.state import state_of
from include.slack.cards.waiting import Waiting, waiting_card
from include.store.models import Account, Entry, Hook, Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from include.slack.cards.blocks import Rendered

PURPOSE = "waiting"
SHOWN = 5
"""So many questions can be answered on the card itself."""

_COMPARED = 500
"""The oldest so many questions compete for those places."""


def card_of(session: Session, person: str | None) -> Rendered:
    """The card of a person (Slack id), or of the review channel, as their questions stand."""
    count = count_waiting(session, person)
    hooks = _weightiest(session, person)
    shown = [
        Waiting(
            state_of(session, int(hook.question["entries"][0][0])), hook_token(session, hook.id)
        )
        for hook in hooks
    ]
    together = "~".join(sorted(str(hook.id) for hook in hooks))
    token = sign(PURPOSE, together, signing_keys(session)[0])
    return waiting_card(shown, count=count, inbox_url=load_settings().inbox_url, token=token)


def count_waiting(session: Session, person: str | None) -> int:
    """How many open questions to a person have no card of their own."""
    statement = select(func.count(Hook.id)).where(*OPEN_UNPOSTED, asks(person))
    return session.scalar(statement) or 0


def card_key(person: str | None, day: date) -> str:
    """The ledger's key of the card of a day, by the calendar of who gets it."""
    return f"{card_family(person)}{day.isoformat()}"


def card_family(person: str | None) -> str:
    """How the keys of all daily cards of a person (Slack id), or of the review channel, begin."""
    return f"{PURPOSE}:{person or 'channel'}:"


def newest_card(session: Session, person: str | None) -> Message | None:
    """The card that was queued last, if that was in the last two days."""
    today: Any = session.scalar(select(func.date(func.timezone("UTC", func.now()))))
    days = [today + timedelta(days=one) for one in range(-2, 2)]
    return session.scalars(
        select(Message)
        .where(Message.key.in_([card_key(person, day) for day in days]))
        .order_by(Message.id.desc())
        .limit(1)
    ).one_or_none()


def _weightiest(session: Session, person: str | None) -> Sequence[Hook]:
    hooks = session.scalars(
        select(Hook)
        .where(*OPEN_UNPOSTED, asks(person))
        .order_by(Hook.created_at, Hook.id)
        .limit(_COMPARED)
    ).all()
    of_entry = {int(entry[0]): hook for hook in hooks for entry in hook.question["entries"]}
    said = defaultdict(list)
    rows = session.execute(
        select(Entry.id, Entry.severity, Entry.account_id, Account.arr)
        .outerjoin(Account, Account.id == Entry.account_id)
        .where(Entry.id.in_(of_entry))
    )
    for row in rows:
        said[of_entry[row.id].id].append((row.severity, row.account_id, row.arr))
    return sorted(hooks, key=lambda hook: weight(said[hook.id]), reverse=True)[:SHOWN]
