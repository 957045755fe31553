"""Brings the ledger's messages to Slack: each effect once, in order, never faster than Slack likes.

A message is claimed and the claim committed before Slack is called, and its place is recorded
afterwards; whoever finds an old claim looks in Slack before posting again. Slack being away is
not an error here: messages wait, and the report says so. Message texts are never logged.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from include.base.connections import MissingConnection
from include.base.errors import FatalError
from include.base.settings import load_settings
from include.outbox import claims
from include.outbox.claims import Claim, SendPolicy
from include.outbox.fallbacks import next_place, reroute
from include.outbox.posting import Posted, attempt
from include.slack.client import TIMEOUT_SECONDS, slack_client
from include.slack.errors import Trouble, Verdict, read_trouble
from include.store.models.slack import Message, MessageState
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from slack_sdk import WebClient
    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.1


@dataclass
class DeliveryReport:
    """What became of the messages (ids), in the order in which it happened.

    ``found_ids`` lists those that an interrupted earlier attempt had posted already,
    ``waiting_ids`` those still to be sent; ``unavailable`` says why Slack could not be used.
    """

    sent_ids: list[int] = field(default_factory=list)
    found_ids: list[int] = field(default_factory=list)
    superseded_ids: list[int] = field(default_factory=list)
    failed_ids: list[int] = field(default_factory=list)
    rerouted_ids: list[int] = field(default_factory=list)
    waiting_ids: list[int] = field(default_factory=list)
    unavailable: str | None = None

    @property
    def sent(self) -> int:
        """How many messages are in Slack now that were not known to be there before."""
        return len(self.sent_ids) + len(self.found_ids)

    def as_dict(self) -> dict[str, object]:
        """Counts, for an XCom or a log."""
        return {
            "sent": self.sent,
            "superseded": len(self.superseded_ids),
            "failed": len(self.failed_ids),
            "rerouted": len(self.rerouted_ids),
            "waiting": len(self.waiting_ids),
            "unavailable": self.unavailable,
        }


def deliver(
    message_ids: Iterable[int | None],
    *,
    review_channel: str | None = None,
    policy: SendPolicy | None = None,
) -> DeliveryReport:
    """Send these messages now, and before them whatever waits for the same addresses.

    Call it after the commit of the transaction that queued them. What cannot be sent now stays in
    the ledger for :func:`deliver_pending`.

    Args:
        message_ids: From :mod:`include.outbox.messages`; ``None`` is skipped.
        review_channel: Where a DM goes that cannot be delivered; the setting of that name when
            not given.
        policy: Lease, pace and patience.
    """
    policy = policy or SendPolicy()
    wanted = [message_id for message_id in message_ids if message_id is not None]
    return _run(lambda session: claims.scope_of(session, wanted), wanted, review_channel, policy)


def deliver_pending(
    limit: int = 200, *, review_channel: str | None = None, policy: SendPolicy | None = None
) -> DeliveryReport:
    """The sweep: send what is due, interrupted messages too; at most ``limit``."""
    policy = policy or SendPolicy()
    return _run(lambda session: claims.due(session, limit, policy), None, review_channel, policy)


def _run(
    choose: Callable[[Session], list[int]],
    wanted: Sequence[int] | None,
    review: str | None,
    policy: SendPolicy,
) -> DeliveryReport:
    report = DeliveryReport()
    with session_scope() as session:
        scope = choose(session)
    if not scope:
        return report
    try:
        client = slack_client()
    except MissingConnection as error:
        report.unavailable = str(error)
    else:
        _send_all(client, scope, review, policy, report)
    with session_scope() as session:
        report.waiting_ids = _open_ones(session, scope if wanted is None else wanted)
    if report.failed_ids or report.waiting_ids:
        log.info("Slack messages: %s", report.as_dict())
    return report


def _send_all(
    client: WebClient,
    scope: Sequence[int],
    review: str | None,
    policy: SendPolicy,
    report: DeliveryReport,
) -> None:
    patience = policy.patience.total_seconds()
    deadline = time.monotonic() + patience
    while report.unavailable is None:
        with session_scope() as session:
            claim = claims.claim_next(session, scope, policy)
        if claim is None:
            with session_scope() as session:
                worth_waiting = claims.soon(session, scope, policy)
            if not worth_waiting or time.monotonic() >= deadline:
                return
            time.sleep(_POLL_SECONDS)
            continue
        if isinstance(claim, Claim):
            _send(client, claim, review, report, policy)
        elif claim.state == MessageState.SUPERSEDED:
            report.superseded_ids.append(claim.id)
        else:
            report.failed_ids.append(claim.id)
        deadline = time.monotonic() + patience


def _send(
    client: WebClient, claim: Claim, review: str | None, report: DeliveryReport, policy: SendPolicy
) -> None:
    reserve = policy.lease.total_seconds() - 2 * TIMEOUT_SECONDS
    try:
        posted = attempt(client, claim, give_up_at=time.monotonic() + reserve)
    # Whatever goes wrong with one message must stop neither the others nor the caller's task.
    except Exception as error:
        trouble = read_trouble(error, claim.attempts)
        log.warning(
            "Slack message %s (%s) not sent at attempt %s: %s",
            claim.id,
            claim.purpose,
            claim.attempts,
            trouble.code,
        )
        _record_trouble(claim, trouble, review, report)
    else:
        _record_sent(claim, posted)
        (report.found_ids if posted.found else report.sent_ids).append(claim.id)


def _record_sent(claim: Claim, posted: Posted) -> None:
    with session_scope() as session:
        now = _clock(session)
        message = session.get_one(Message, claim.id)
        message.state, message.sent_at, message.not_before = MessageState.SENT, now, None
        message.channel, message.ts = posted.channel, posted.ts


def _record_trouble(
    claim: Claim, trouble: Trouble, review: str | None, report: DeliveryReport
) -> None:
    review = review or _review_setting()
    with session_scope() as session:
        now = _clock(session)
        message = session.get_one(Message, claim.id, with_for_update=True)
        if message.state != MessageState.SENDING or message.attempts != claim.attempts:
            return  # taken over meanwhile: what the other one records counts
        message.error = trouble.code
        place = next_place(session, message, trouble, review)
        if place is not None:
            reroute(message, trouble, place)
            report.rerouted_ids.append(claim.id)
        elif trouble.verdict in (Verdict.RETRY, Verdict.STOP):
            message.state = MessageState.PENDING
            message.not_before = now + trouble.wait(claim.attempts)
        else:
            message.state = MessageState.FAILED
            report.failed_ids.append(claim.id)
    if trouble.verdict == Verdict.STOP:
        report.unavailable = trouble.code


def _review_setting() -> str | None:
    try:
        return load_settings().review_channel or None
    except FatalError as error:  # wrong settings must not stop messages that need none of them
        log.warning("No review channel: %s", error)
        return None


def _open_ones(session: Session, message_ids: Sequence[int]) -> list[int]:
    statement = select(Message.id).where(
        Message.id.in_(message_ids),
        Message.state.in_([MessageState.PENDING, MessageState.SENDING]),
    )
    return list(session.execute(statement.order_by(Message.id)).scalars())


def _clock(session: Session) -> datetime:
    now: datetime = session.execute(select(func.statement_timestamp())).scalar_one()
    return now
