"""Signed calls to programs elsewhere, by the scheme of Standard Webhooks.

``webhook-id`` stays the same when a call is repeated, so that a receiver can tell; the signature is
HMAC-SHA256 over id, time and body. A receiver that fails rests, with growing pauses; one that has
failed for a day is switched off, and operators are told.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
from sqlalchemy import func, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from include.base.errors import FatalError, TransientError
from include.base.outbound import destination
from include.base.settings import load_settings
from include.outbox.effects import Fate, Kind, Outcome, backoff
from include.outbox.notices import notify
from include.store.models import (
    Account,
    Feedback,
    Request,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
    WebhookState,
)
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

TIMEOUT_SECONDS = 10.0
FAILING_FOR = timedelta(days=1)
PREFIX = "whsec_"


def new_secret() -> str:
    """A secret as receivers' libraries take it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def queue_webhooks(
    session: Session,
    event: WebhookEvent,
    key: str,
    *,
    request_id: int,
    feedback_id: int | None = None,
) -> None:
    """Write down whom to tell of something, in the transaction in which it happens; once a key."""
    wanted = select(
        Webhook.id,
        literal(key),
        literal(event, WebhookDelivery.event.type),
        literal(request_id, WebhookDelivery.request_id.type),
        literal(feedback_id, WebhookDelivery.feedback_id.type),
    ).where(Webhook.state == WebhookState.ON, Webhook.events.contains([event.value]))
    columns = ["webhook_id", "key", "event", "request_id", "feedback_id"]
    session.execute(insert(WebhookDelivery).from_select(columns, wanted).on_conflict_do_nothing())


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """What the header ``webhook-signature`` holds."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(signed.digest()).decode()}"


class Webhooks(Kind[WebhookDelivery]):
    """Calls to make; of a webhook that rests, none."""

    name = "webhook"
    model = WebhookDelivery
    done_at = "delivered_at"

    def is_ready(self) -> ColumnElement[bool]:
        """Not while its webhook rests after a failure."""
        resting = select(Webhook.id).where(
            Webhook.id == WebhookDelivery.webhook_id,
            Webhook.resting_until > func.statement_timestamp(),
        )
        return super().is_ready() & ~resting.exists()

    def carry_out(self, rows: Sequence[WebhookDelivery]) -> Outcome:
        """Make the call."""
        [delivery] = rows
        with session_scope() as session:
            webhook = session.get_one(Webhook, delivery.webhook_id)
            if webhook.state == WebhookState.OFF:
                return Outcome(Fate.SUPERSEDED, "the webhook is switched off")
            facts = facts_of(session, delivery)
        if facts is None:
            return Outcome(Fate.SUPERSEDED, "what it was about is gone")
        body = json.dumps(facts, separators=(",", ":")).encode()
        _call(webhook, f"msg_{delivery.id}", body)
        with session_scope() as session:
            session.execute(
                update(Webhook)
                .where(Webhook.id == webhook.id)
                .values(
                    failures=0,
                    failing_since=None,
                    resting_until=None,
                    last_error=None,
                    delivered_at=func.now(),
                )
            )
        return Outcome(Fate.DONE)

    def read_error(self, rows: Sequence[WebhookDelivery], error: Exception) -> Outcome:
        """Whatever a receiver does wrong, it may have mended in a moment."""
        [delivery] = rows
        if not isinstance(error, FatalError | TransientError):
            return super().read_error(rows, error)
        off = note_failure(delivery.webhook_id, str(error))
        return Outcome(Fate.FAILED if off else Fate.LATER, str(error))


def note_failure(webhook_id: int, error: str) -> bool:
    """Let a webhook rest, and switch it off after a day of failures; whether it is off now."""
    with session_scope() as session:
        webhook = session.get_one(Webhook, webhook_id, with_for_update=True)
        now = session.scalar(select(func.statement_timestamp())) or datetime.now(UTC)
        webhook.failures += 1
        webhook.failing_since = webhook.failing_since or now
        webhook.resting_until = now + timedelta(seconds=backoff(webhook.failures))
        webhook.last_error = error
        since = webhook.failing_since
        if now - since >= FAILING_FOR:
            webhook.state = WebhookState.OFF
        off = webhook.state == WebhookState.OFF
    if off:
        notify(
            f"webhook_off:{webhook_id}:{since.isoformat()}",
            f"Webhook {webhook_id} was switched off: its calls have failed since "
            f"{since:%d %B %H:%M} UTC, the last one with: {error}. Mend the receiver and switch it "
            "on again.",
        )
    return off


def facts_of(session: Session, delivery: WebhookDelivery) -> dict[str, Any] | None:
    """The body of a call: ids, slug, title and numbers, no customer's words."""
    request = session.get(Request, delivery.request_id)
    if request is None:
        return None
    facts: dict[str, Any] = delivery.facts() | {
        "request": {
            "id": request.id,
            "slug": request.slug,
            "external_id": request.external_id,
            "title": request.title,
            "status": request.status.value,
            "url": load_settings().request_url(request.slug),
        }
    }
    if delivery.feedback_id is None:
        return facts
    row = session.execute(
        select(Feedback, Account.name)
        .outerjoin(Account, Account.id == Feedback.account_id)
        .where(Feedback.id == delivery.feedback_id)
    ).one_or_none()
    if row is None:
        return None
    feedback, account = row
    return facts | {
        "evidence": {
            "id": feedback.id,
            "entry_id": feedback.entry_id,
            "severity": feedback.severity.value,
            "account_id": feedback.account_id,
            "account": account,
            "opportunity_id": feedback.opportunity_id,
            "is_removed": feedback.removed_at is not None,
        }
    }


def _call(webhook: Webhook, message_id: str, body: bytes) -> None:
    """Post to the receiver.

    Raises:
        FatalError: its address is not allowed.
        TransientError: it cannot be reached, or does not answer with 2xx.
    """
    allowed = load_settings().webhook_private_addresses
    there = destination(webhook.url, allow_private=allowed)
    at = int(time.time())
    headers = {
        "host": there.host,
        "content-type": "application/json",
        "user-agent": "gtm-feedback-webhooks",
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": signature(webhook.secret, message_id, at, body),
    }
    try:
        with httpx.Client(trust_env=False, timeout=TIMEOUT_SECONDS) as client:
            call = client.build_request("POST", there.url, content=body, headers=headers)
            # The certificate is that of the name, not of the address.
            call.extensions["sni_hostname"] = there.name
            # Its answer is not read: only the status counts.
            answer = client.send(call, stream=True)
            answer.close()
    except httpx.HTTPError as error:
        raise TransientError(f"the receiver cannot be reached ({type(error).__name__})") from None
    if not answer.is_success:
        raise TransientError(f"the receiver answered HTTP {answer.status_code}")
