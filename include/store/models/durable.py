"""Durable hooks: the rows that parked workflows wait on."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Computed,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import Mapped, mapped_column

from include.store.models.base import Base, BigId, CreatedAt, Moment, Word


class HookStatus(StrEnum):
    """State of a durable hook; everything but ``pending`` is final for that round."""

    PENDING = "pending"
    ANSWERED = "answered"
    DUE = "due"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class ParkedState(StrEnum):
    """Of a parked run: ``parking`` until Airflow is known to have ended it."""

    PARKING = "parking"
    PARKED = "parked"


class Hook(Base):
    """One wait of one task instance. ``round`` counts re-asks; older rounds stay as history.

    ``parked_at`` is set while its run is parked cold. ``wait_resumes`` says that the waiting task
    itself must run again on resume, because its success means something (outlets, a callback).
    ``told_at`` is when the handler has heard that the hook expired or was cancelled.
    """

    __tablename__ = "hooks"

    id: Mapped[uuid.UUID] = mapped_column(
        UUID(as_uuid=True), primary_key=True, server_default=func.gen_random_uuid()
    )
    key: Mapped[str] = mapped_column(Text)
    round: Mapped[int] = mapped_column(default=1, server_default="1")
    is_current: Mapped[bool] = mapped_column(default=True, server_default="true")
    kind: Mapped[str] = mapped_column(Text)
    dag_id: Mapped[str] = mapped_column(Text)
    run_id: Mapped[str] = mapped_column(Text)
    task_id: Mapped[str | None] = mapped_column(Text)
    map_index: Mapped[int] = mapped_column(default=-1, server_default="-1")
    handler: Mapped[str | None] = mapped_column(Text)
    question: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    responders: Mapped[list[str]] = mapped_column(JSONB, default=list, server_default="[]")
    status: Mapped[HookStatus] = mapped_column(
        Word(HookStatus), default=HookStatus.PENDING, server_default=HookStatus.PENDING
    )
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    answered_by: Mapped[str | None] = mapped_column(Text)
    answered_via: Mapped[str | None] = mapped_column(Text)
    closed_at: Mapped[Moment | None]
    due_at: Mapped[Moment | None]
    remind_at: Mapped[Moment | None]
    reminded_at: Mapped[Moment | None]
    expires_at: Mapped[Moment | None]
    next_at: Mapped[Moment | None] = mapped_column(
        Computed(
            "LEAST(due_at, expires_at, CASE WHEN reminded_at IS NULL THEN remind_at END)",
            persisted=True,
        )
    )
    waiter: Mapped[str | None] = mapped_column(Text)
    parked_at: Mapped[Moment | None]
    wait_resumes: Mapped[bool] = mapped_column(default=False, server_default="false")
    told_at: Mapped[Moment | None]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        UniqueConstraint("key", "round"),
        CheckConstraint("round >= 1", name="round_range"),
        CheckConstraint(
            "(status = 'pending') = (closed_at IS NULL)", name="closed_when_not_pending"
        ),
        CheckConstraint("status <> 'answered' OR answer IS NOT NULL", name="answered_has_answer"),
        Index("uq_hooks_current", "key", unique=True, postgresql_where=text("is_current")),
        Index("ix_hooks_next_at", "next_at", postgresql_where=text("status = 'pending'")),
        Index("ix_hooks_run", "dag_id", "run_id"),
        Index(
            "ix_hooks_handled",
            "handler",
            "created_at",
            postgresql_where=text("handler IS NOT NULL"),
        ),
        Index(
            "ix_hooks_asked",
            "responders",
            postgresql_using="gin",
            postgresql_where=text("status = 'pending'"),
        ),
        Index(
            "ix_hooks_hot",
            "created_at",
            postgresql_where=text(
                "status = 'pending' AND waiter IS NOT NULL AND parked_at IS NULL"
            ),
        ),
        Index(
            "ix_hooks_to_resume",
            "closed_at",
            postgresql_where=text("parked_at IS NOT NULL AND status <> 'pending'"),
        ),
        Index(
            "ix_hooks_untold",
            "closed_at",
            postgresql_where=text(
                "status IN ('expired', 'cancelled') AND handler IS NOT NULL AND told_at IS NULL"
            ),
        ),
    )


class ParkedRun(Base):
    """A run that was ended early because all it did was wait; ``tasks`` it still has to do."""

    __tablename__ = "parked_runs"

    id: Mapped[BigId]
    dag_id: Mapped[str] = mapped_column(Text)
    run_id: Mapped[str] = mapped_column(Text)
    state: Mapped[ParkedState] = mapped_column(
        Word(ParkedState), default=ParkedState.PARKING, server_default=ParkedState.PARKING
    )
    tasks: Mapped[list[list[Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    note: Mapped[str | None] = mapped_column(Text)
    resume_requested: Mapped[bool] = mapped_column(default=False, server_default="false")
    attempted_at: Mapped[Moment | None]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        UniqueConstraint("dag_id", "run_id"),
        Index(
            "ix_parked_runs_open",
            "id",
            postgresql_where=text("resume_requested OR state = 'parking'"),
        ),
    )


class HookKey(Base):
    """A key that signs the secrets in buttons; made at migration time, rotated by adding a row."""

    __tablename__ = "hook_keys"

    id: Mapped[BigId]
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[CreatedAt]
    retired_at: Mapped[Moment | None]

    __table_args__ = (CheckConstraint("octet_length(secret) >= 32", name="secret_length"),)
