"""Calls of language models: what was asked, what it cost, what came back, and how servers do."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Numeric,
    Text,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, column_property, mapped_column

from include.agents.ledger import CallOutcome
from include.store.models.base import Base, BigId, CreatedAt, Moment, Word
from include.store.models.entries import Entry


class ModelCall(Base):
    """One question to a model. ``answer`` is what it said, with hidden values still hidden.

    ``call_key`` is one for all repeats of a question: an answered one is never paid again. While
    it is ``started``, ``cost`` is what it can cost at most; a call that broke off keeps that.
    """

    __tablename__ = "model_calls"

    id: Mapped[BigId]
    call_key: Mapped[str] = mapped_column(Text)
    task: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text)
    prompt_version: Mapped[str] = mapped_column(Text)
    server: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    entry_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("entries.id", ondelete="SET NULL"), index=True
    )
    outcome: Mapped[CallOutcome] = mapped_column(Word(CallOutcome))
    requests: Mapped[int] = mapped_column(default=0, server_default="0")
    tokens_in: Mapped[int] = mapped_column(default=0, server_default="0")
    tokens_out: Mapped[int] = mapped_column(default=0, server_default="0")
    cost: Mapped[Decimal] = mapped_column(Numeric(14, 8))
    seconds: Mapped[float | None]
    answer: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[CreatedAt] = mapped_column(index=True)
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        CheckConstraint("cost >= 0", name="cost_range"),
        CheckConstraint(
            "(outcome = 'answered') = (answer IS NOT NULL)", name="answered_has_answer"
        ),
        Index(
            "ix_model_calls_call_key_final",
            "call_key",
            postgresql_where=text("outcome IN ('answered', 'malformed', 'refused')"),
        ),
    )


class ModelServer(Base):
    """A model at an address: what it cannot do, and how it did lately.

    ``lacking`` names what it does not take, with the time at which that was found; it is tried
    again after a day. ``notes`` are things an operator should know, as a model without a
    calibration. ``in_use`` says that the connection was found to name it, so that entries need not
    look for the connection.
    """

    __tablename__ = "model_servers"

    server: Mapped[str] = mapped_column(Text, primary_key=True)
    model: Mapped[str] = mapped_column(Text)
    lacking: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict, server_default="{}")
    notes: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    in_use: Mapped[bool] = mapped_column(default=False, server_default="false")
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    resting_until: Mapped[Moment | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    last_error_at: Mapped[Moment | None]
    last_answer_at: Mapped[Moment | None]
    created_at: Mapped[CreatedAt]


# Read with the entry: looking for a connection that nobody has made would cost every entry a call.
Entry.model_in_use = column_property(  # type: ignore[assignment]
    select(ModelServer.server).where(ModelServer.in_use).exists().select().scalar_subquery()
)
