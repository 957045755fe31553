"""Brings the ledger's messages to Slack: each once, in order, never faster than Slack likes.

Whoever takes over a message whose sender died looks in Slack before posting again. Slack being
away is not an error: messages wait, and the report says so. Message texts are never logged.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from include.base.errors import FatalError
from include.base.settings import load_settings
from include.outbox import effects, order
from include.outbox.effects import LEASE, Fate, Kind, Outcome, Report
from include.outbox.fallbacks import next_place, rerouted
from include.outbox.posting import post, show_update
from include.slack.client import TIMEOUT_SECONDS, slack_client
from include.slack.errors import Verdict, read_trouble
from include.store.models.slack import Message, MessageKind, MessageState
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from slack_sdk import WebClient
    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SendPolicy:
    """How messages are sent.

    Args:
        lease: How long a claim lasts; must exceed the calls of one attempt.
        pace: Least time between two posts to one address (Slack asks for about a second).
        patience: How long :func:`deliver` waits for its turn before it leaves the rest to the
            sweep.
    """

    lease: timedelta = LEASE
    pace: timedelta = timedelta(seconds=1)
    patience: timedelta = timedelta(seconds=5)


class Messages(Kind[Message]):
    """Messages to Slack. ``review_channel`` stands in for a person who cannot be reached."""

    name = "message"
    model = Message
    taken, done, done_at = MessageState.SENDING, MessageState.SENT, "sent_at"

    def __init__(self, *, review_channel: str | None = None, policy: SendPolicy | None = None):
        """See :func:`deliver`."""
        policy = policy or SendPolicy()
        self.review_channel, self.pace = review_channel, policy.pace
        self.lease, self.patience = policy.lease, policy.patience.total_seconds()
        self._client: WebClient | None = None

    @property
    def client(self) -> WebClient:
        """Slack, asked for its connection once."""
        self._client = self._client or slack_client()
        return self._client

    def prepare(self) -> None:
        """Without Slack's connection nothing is claimed."""
        self._client = slack_client()

    def scope(self, session: Session, ids: Sequence[int]) -> Sequence[int]:
        """The messages and everything that has to go before them, oldest first."""
        return order.before_and_with(session, ids)

    def next(self, session: Session, ids: Sequence[int]) -> Sequence[Message]:
        """The next message whose turn it is at its address."""
        return order.next_message(session, ids, self.pace)

    def soon(self, session: Session, ids: Sequence[int]) -> bool:
        """Whether a message waits for the pace, or for another process, and for nothing else."""
        return order.is_soon(session, ids)

    def carry_out(self, rows: Sequence[Message]) -> Outcome:
        """Post it, or change the message it is about."""
        [message] = rows
        if message.kind == MessageKind.UPDATE:
            with session_scope() as session:
                target = session.get_one(Message, message.target_id)
                if _has_newer(session, message):
                    return Outcome(Fate.SUPERSEDED)
            if target.state != MessageState.SENT:
                return Outcome(Fate.FAILED, "target_not_posted")
            posted = show_update(self.client, message, target)
        else:
            reserve = self.lease.total_seconds() - 2 * TIMEOUT_SECONDS
            posted = post(self.client, message, give_up_at=time.monotonic() + reserve)
        fate = Fate.FOUND if posted.found else Fate.DONE
        # Where it went instead stays to be read.
        said = message.error if message.rerouted_from else None
        return Outcome(fate, said, changes={"channel": posted.channel, "ts": posted.ts})

    def about(self, row: Message) -> tuple[int | None, str | None]:
        """The entry a message is about, and its purpose."""
        return row.entry_id, row.purpose

    def read_error(self, rows: Sequence[Message], error: Exception) -> Outcome:
        """Wait, send it elsewhere, or give up."""
        [message] = rows
        trouble = read_trouble(error, message.attempts)
        with session_scope() as session:
            review = self.review_channel or _review_setting()
            place = next_place(session, message, trouble, review)
        if place is not None:
            return rerouted(message, trouble, place)
        if trouble.verdict in (Verdict.RETRY, Verdict.STOP):
            stop = trouble.verdict == Verdict.STOP
            return Outcome(Fate.LATER, trouble.code, trouble.retry_after, stop=stop)
        return Outcome(Fate.FAILED, trouble.code)


def deliver(
    message_ids: Iterable[int | None],
    *,
    review_channel: str | None = None,
    policy: SendPolicy | None = None,
) -> Report:
    """Send these messages now, and before them whatever waits for the same addresses.

    Call it after the commit of the transaction that queued them. What cannot be sent now stays in
    the ledger for the sweep.

    Args:
        message_ids: From :mod:`include.outbox.messages`; ``None`` is skipped.
        review_channel: Where a DM goes that cannot be delivered; the setting of that name when
            not given.
        policy: Lease, pace and patience.
    """
    return effects.carry_out(Messages(review_channel=review_channel, policy=policy), message_ids)


def _has_newer(session: Session, message: Message) -> bool:
    newer = select(Message.id).where(
        Message.target_id == message.target_id,
        Message.kind == MessageKind.UPDATE,
        Message.id > message.id,
        Message.state.in_([MessageState.PENDING, MessageState.SENDING, MessageState.SENT]),
    )
    return session.execute(newer.limit(1)).first() is not None


def _review_setting() -> str | None:
    try:
        return load_settings().review_channel or None
    except FatalError as error:  # wrong settings must not stop messages that need none of them
        log.warning("No review channel: %s", error)
        return None
