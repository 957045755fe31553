"""What a request goes through: its links and merges, its events, its runs, its vectors' builds."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from include.store.models.base import Base, BigId, CreatedAt, Effect, Moment, UpdatedAt, Word


class LinkKind(StrEnum):
    """How two requests belong together; ``dismissed``: a person said that they do not."""

    RELATED = "related"
    DUPLICATE = "duplicate"
    DISMISSED = "dismissed"


class RequestLink(Base):
    """Two requests that belong together, stored once for the pair (``low_id`` < ``high_id``)."""

    __tablename__ = "request_links"

    id: Mapped[BigId]
    low_id: Mapped[int] = mapped_column(ForeignKey("requests.id", ondelete="CASCADE"))
    high_id: Mapped[int] = mapped_column(ForeignKey("requests.id", ondelete="CASCADE"), index=True)
    kind: Mapped[LinkKind] = mapped_column(Word(LinkKind))
    confidence: Mapped[float]
    reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    judge: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text)
    found_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
    dismissed_by: Mapped[str | None] = mapped_column(Text)
    dismissed_at: Mapped[Moment | None]

    __table_args__ = (
        UniqueConstraint("low_id", "high_id"),
        CheckConstraint("low_id < high_id", name="ordered"),
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence_range"),
        CheckConstraint(
            "(kind = 'dismissed') = (dismissed_at IS NOT NULL)", name="dismissed_has_time"
        ),
    )


class RequestMerge(Base):
    """A request that counts as part of another. A link, not a move: undone, all is as before."""

    __tablename__ = "request_merges"

    id: Mapped[BigId]
    request_id: Mapped[int] = mapped_column(ForeignKey("requests.id", ondelete="CASCADE"))
    into_id: Mapped[int] = mapped_column(ForeignKey("requests.id", ondelete="CASCADE"), index=True)
    reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    merged_by: Mapped[str] = mapped_column(Text)
    merged_at: Mapped[CreatedAt]
    undone_by: Mapped[str | None] = mapped_column(Text)
    undone_at: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint("request_id <> into_id", name="not_itself"),
        CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="undone_by_whom"),
        Index(
            "uq_request_merges_live",
            "request_id",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
        ),
    )


class RunStartState(StrEnum):
    """How far the start of a run got; ``refused`` is permanent."""

    PENDING = "pending"
    STARTED = "started"
    REFUSED = "refused"


class RunStart(Effect, Base):
    """A run to be started, written with what causes it. The run's id makes it happen once."""

    __tablename__ = "run_starts"

    id: Mapped[BigId]
    dag_id: Mapped[str] = mapped_column(Text)
    run_id: Mapped[str] = mapped_column(Text)
    # Without a foreign key: a run may find that its request was deleted meanwhile.
    request_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    conf: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[RunStartState] = mapped_column(
        Word(RunStartState), default=RunStartState.PENDING, server_default=RunStartState.PENDING
    )
    created_at: Mapped[CreatedAt]
    started_at: Mapped[Moment | None]

    __table_args__ = (
        UniqueConstraint("dag_id", "run_id"),
        Index("ix_run_starts_pending", "id", postgresql_where=text("state = 'pending'")),
    )


class AnalyticsState(StrEnum):
    """How far an analytics event got on its way to the sink."""

    PENDING = "pending"
    DONE = "done"


class AnalyticsEvent(Effect, Base):
    """Something that happened to a request or an entry, once by its key; no customer's words."""

    __tablename__ = "analytics_events"

    id: Mapped[BigId]
    key: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    request_id: Mapped[int | None] = mapped_column(BigInteger)
    entry_id: Mapped[int | None] = mapped_column(BigInteger)
    actor: Mapped[str | None] = mapped_column(Text)
    properties: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    state: Mapped[AnalyticsState] = mapped_column(
        Word(AnalyticsState), default=AnalyticsState.PENDING, server_default=AnalyticsState.PENDING
    )
    occurred_at: Mapped[CreatedAt]
    delivered_at: Mapped[Moment | None]

    __table_args__ = (
        Index("ix_analytics_events_name", "name", "occurred_at"),
        Index("ix_analytics_events_pending", "id", postgresql_where=text("state = 'pending'")),
    )


class IndexState(StrEnum):
    """A build of vectors: being made, the one that search uses, or given up."""

    BUILDING = "building"
    LIVE = "live"
    RETIRED = "retired"


class EmbeddingIndex(Base):
    """A full build of vectors of one model. ``request_embeddings.model`` holds its ``key``.

    A model without a row is searched under its own name.
    """

    __tablename__ = "embedding_indexes"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    model: Mapped[str] = mapped_column(Text)
    dimensions: Mapped[int]
    state: Mapped[IndexState] = mapped_column(Word(IndexState))
    run_id: Mapped[str] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    live_at: Mapped[Moment | None]
    retired_at: Mapped[Moment | None]

    __table_args__ = (
        Index(
            "uq_embedding_indexes_live",
            "model",
            unique=True,
            postgresql_where=text("state = 'live'"),
        ),
    )


class Watermark(Base):
    """How far a sweep that may be interrupted got, and how often it failed in a row."""

    __tablename__ = "watermarks"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    updated_at: Mapped[UpdatedAt]
