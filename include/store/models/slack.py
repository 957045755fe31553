"""What came from Slack and what went to it: received events and the ledger of messages sent."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from include.store.models.base import Base, BigId, CreatedAt, Effect, Moment, Word


class EventState(StrEnum):
    """How far a received Slack event got."""

    RECEIVED = "received"
    DONE = "done"
    FAILED = "failed"


class SlackEvent(Effect, Base):
    """One verified call of Slack, stored before it is acknowledged; ``key`` makes repeats harmless.

    ``run_conf`` is set when the event is to start a run: the sweep starts what could not be
    started at once.
    """

    __tablename__ = "slack_events"

    id: Mapped[BigId]
    key: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[str] = mapped_column(Text)
    team_id: Mapped[str | None] = mapped_column(Text)
    user_id: Mapped[str | None] = mapped_column(Text)
    channel_id: Mapped[str | None] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[EventState] = mapped_column(
        Word(EventState), default=EventState.RECEIVED, server_default=EventState.RECEIVED
    )
    dag_id: Mapped[str | None] = mapped_column(Text)
    run_id: Mapped[str | None] = mapped_column(Text)
    run_conf: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    received_at: Mapped[CreatedAt]
    dispatched_at: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint("(run_conf IS NULL) = (run_id IS NULL)", name="run_complete"),
        Index(
            "ix_slack_events_run",
            "dag_id",
            "run_id",
            postgresql_where=text("run_id IS NOT NULL"),
        ),
        Index("ix_slack_events_open", "received_at", postgresql_where=text("state = 'received'")),
    )


class MessageState(StrEnum):
    """How far a message got; ``sending`` after a crash: look in Slack before sending again."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    SUPERSEDED = "superseded"


class MessageKind(StrEnum):
    """What the ledger does for a message."""

    POST = "post"
    UPDATE = "update"


class Message(Effect, Base):
    """The ledger of side effects in Slack: one row an effect, keyed so that it happens once.

    ``address`` is a channel id or a user id (a DM is opened). An ``update`` changes the message
    that ``target_id`` posted; of several pending updates of one target only the newest goes out.
    ``rerouted_from`` is the person a message was meant for who could not be reached.
    """

    __tablename__ = "messages"

    id: Mapped[BigId]
    key: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[MessageKind] = mapped_column(
        Word(MessageKind), default=MessageKind.POST, server_default="post"
    )
    purpose: Mapped[str] = mapped_column(Text)
    address: Mapped[str | None] = mapped_column(Text)
    rerouted_from: Mapped[str | None] = mapped_column(Text)
    thread_ts: Mapped[str | None] = mapped_column(Text)
    target_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("messages.id"), index=True)
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("entries.id"), index=True)
    hook_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("hooks.id"), index=True)
    body: Mapped[str] = mapped_column(Text)
    blocks: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    state: Mapped[MessageState] = mapped_column(
        Word(MessageState), default=MessageState.PENDING, server_default=MessageState.PENDING
    )
    channel: Mapped[str | None] = mapped_column(Text)
    ts: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    sent_at: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint("(kind = 'update') = (target_id IS NOT NULL)", name="update_has_target"),
        CheckConstraint("kind = 'update' OR address IS NOT NULL", name="post_has_address"),
        CheckConstraint("state <> 'sent' OR sent_at IS NOT NULL", name="sent_has_time"),
        Index(
            "ix_messages_open",
            "address",
            "id",
            postgresql_where=text("state IN ('pending', 'sending')"),
        ),
        Index("ix_messages_pace", "address", "sent_at"),
    )
