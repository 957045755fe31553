"""Programs elsewhere that want to hear what happens, and what each is to be told."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from include.store.models.base import Base, BigId, CreatedAt, Effect, Moment, Word


class WebhookEvent(StrEnum):
    """What a webhook can be told of."""

    REQUEST_OPENED = "request.opened"
    EVIDENCE_ATTACHED = "evidence.attached"
    REQUEST_SHIPPED = "request.shipped"


class WebhookState(StrEnum):
    """Whether it is told anything."""

    ON = "on"
    OFF = "off"


class Webhook(Base):
    """A subscription: an address, what it hears of, and the secret that signs the calls."""

    __tablename__ = "webhooks"

    id: Mapped[BigId]
    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(Text)
    events: Mapped[list[str]] = mapped_column(JSONB)
    state: Mapped[WebhookState] = mapped_column(
        Word(WebhookState), default=WebhookState.ON, server_default=WebhookState.ON
    )
    created_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    """Calls that failed since the last one that did not."""
    failing_since: Mapped[Moment | None]
    resting_until: Mapped[Moment | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    delivered_at: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint("jsonb_array_length(events) > 0", name="events_present"),
        CheckConstraint("(failures = 0) = (failing_since IS NULL)", name="failing_has_time"),
    )

    def __repr__(self) -> str:
        """Without the secret and the address, which may hold one."""
        return f"<Webhook {self.id} {self.state}>"


class DeliveryState(StrEnum):
    """How far a call got; ``superseded``: what it was about is gone, or the webhook is off."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    SUPERSEDED = "superseded"


class WebhookDelivery(Effect, Base):
    """Something a webhook is to be told, once by its key; ids alone, the facts are read later."""

    __tablename__ = "webhook_deliveries"

    id: Mapped[BigId]
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(Text)
    event: Mapped[WebhookEvent] = mapped_column(Word(WebhookEvent))
    request_id: Mapped[int] = mapped_column(BigInteger)
    feedback_id: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[DeliveryState] = mapped_column(
        Word(DeliveryState), default=DeliveryState.PENDING, server_default=DeliveryState.PENDING
    )
    occurred_at: Mapped[CreatedAt]
    delivered_at: Mapped[Moment | None]

    __table_args__ = (
        UniqueConstraint("webhook_id", "key"),
        Index("ix_webhook_deliveries_pending", "id", postgresql_where=text("state = 'pending'")),
    )

    def facts(self) -> dict[str, Any]:
        """What says which event it is."""
        return {
            "event": self.event.value,
            "key": self.key,
            "occurred_at": self.occurred_at.isoformat(),
        }
