"""What customers said: entries as they arrived, the evidence made of them, and every decision."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pgvector.sqlalchemy import Vector
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, column_property, mapped_column

from include.matching.types import Route
from include.store.models.base import (
    EMBEDDING_DIMENSIONS,
    Base,
    BigId,
    CreatedAt,
    Moment,
    UpdatedAt,
    Word,
)


class Source(StrEnum):
    """Where an entry came from."""

    SLACK = "slack"
    API = "api"
    UI = "ui"
    IMPORT = "import"


class Severity(StrEnum):
    """How much it hurts: nice to have, significant pain, dealbreaker."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class EntryStatus(StrEnum):
    """How far an entry got. ``failed`` is found by the sweep and may be run again."""

    RECEIVED = "received"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class Outcome(StrEnum):
    """What became of an entry; ``noise`` was set aside, ``split`` became one entry a pain."""

    ATTACHED = "attached"
    CREATED = "created"
    NOISE = "noise"
    SPLIT = "split"


class DecisionStep(StrEnum):
    """At which point a routing decision was taken."""

    MATCH = "match"
    ANSWER = "answer"
    EXPIRY = "expiry"
    CANCEL = "cancel"
    RESULT = "result"
    UNDO = "undo"
    PICK = "pick"
    WITHDRAW = "withdraw"
    RESTORE = "restore"


class ActorKind(StrEnum):
    """Who decided: the matcher, a person in Slack or the UI, or the clock."""

    SYSTEM = "system"
    PERSON = "person"
    CLOCK = "clock"


class Entry(Base):
    """One submission as it arrived, stored before anything else happens to it.

    ``account_id`` and ``opportunity_id`` are kept as given; the ``*_known`` flags say whether the
    product knows them. ``run_id`` is the Airflow run that carries the entry out. ``told_in`` is the
    message that told the submitter what became of it together with other entries.

    ``handed_in_by`` is who was signed in when it came in, ``claimed_submitter`` whom they named.

    One pain of an entry that holds several is an entry of its own: ``parent_id``, ``pain_number``
    from 1, and the span of the parent's words it quotes. ``suggestion`` is the title and the
    description a model proposed when it read the pain. ``noise_reason`` says why an entry was set
    aside; it stays when somebody restored it.
    """

    __tablename__ = "entries"

    id: Mapped[BigId]
    idempotency_key: Mapped[str] = mapped_column(Text, unique=True)
    source: Mapped[Source] = mapped_column(Word(Source))
    external_id: Mapped[str | None] = mapped_column(Text)
    customer_pain: Mapped[str] = mapped_column(Text)
    severity: Mapped[Severity] = mapped_column(Word(Severity))
    account_id: Mapped[str | None] = mapped_column(Text)
    account_known: Mapped[bool] = mapped_column(default=False)
    opportunity_id: Mapped[str | None] = mapped_column(Text)
    opportunity_known: Mapped[bool] = mapped_column(default=False)
    areas: Mapped[list[str]] = mapped_column(JSONB, default=list, server_default="[]")
    unknown_areas: Mapped[list[str]] = mapped_column(JSONB, default=list, server_default="[]")
    links: Mapped[list[str]] = mapped_column(JSONB, default=list, server_default="[]")
    submitter_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    handed_in_by: Mapped[str | None] = mapped_column(Text)
    claimed_submitter: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("entries.id"))
    pain_number: Mapped[int] = mapped_column(default=0, server_default="0")
    pain_start: Mapped[int | None]
    pain_end: Mapped[int | None]
    suggestion: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    noise_reason: Mapped[str | None] = mapped_column(Text)
    restored_by: Mapped[str | None] = mapped_column(Text)
    restored_at: Mapped[Moment | None]
    status: Mapped[EntryStatus] = mapped_column(
        Word(EntryStatus), default=EntryStatus.RECEIVED, server_default=EntryStatus.RECEIVED
    )
    outcome: Mapped[Outcome | None] = mapped_column(Word(Outcome))
    dag_id: Mapped[str] = mapped_column(Text)
    run_id: Mapped[str] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
    embedding: Mapped[list[float] | None] = mapped_column(
        Vector(EMBEDDING_DIMENSIONS), deferred=True
    )
    embedding_model: Mapped[str | None] = mapped_column(Text)
    # Without a foreign key: messages name their entry already, and a circle hinders a restore.
    told_in: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    if TYPE_CHECKING:
        # Whether a language model is in use; see ``include.store.models.agents``.
        model_in_use: bool

    __table_args__ = (
        CheckConstraint("char_length(btrim(customer_pain)) > 0", name="pain_present"),
        CheckConstraint("char_length(customer_pain) <= 10000", name="pain_length"),
        CheckConstraint("(status = 'done') = (outcome IS NOT NULL)", name="done_has_outcome"),
        CheckConstraint("outcome <> 'noise' OR noise_reason IS NOT NULL", name="noise_has_reason"),
        CheckConstraint("pain_start >= 0 AND pain_start < pain_end", name="pain_span"),
        CheckConstraint("(embedding IS NULL) = (embedding_model IS NULL)", name="embedding_named"),
        Index("ix_entries_parent_id", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
        Index("ix_entries_run", "dag_id", "run_id"),
        Index("ix_entries_told_in", "told_in", postgresql_where=text("told_in IS NOT NULL")),
        Index("ix_entries_unfinished", "updated_at", postgresql_where=text("status <> 'done'")),
    )


class Feedback(Base):
    """One customer's evidence on a request. At most one live row for an entry's pain.

    ``quote`` is the span of the entry's words it rests on; the words themselves are in the entry
    alone.
    """

    __tablename__ = "feedback"

    id: Mapped[BigId]
    request_id: Mapped[int] = mapped_column(ForeignKey("requests.id"), index=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"))
    pain_number: Mapped[int] = mapped_column(default=0, server_default="0")
    quote_start: Mapped[int] = mapped_column(default=0, server_default="0")
    quote_length: Mapped[int] = mapped_column()
    quote: Mapped[str] = column_property(
        select(func.substr(Entry.customer_pain, quote_start + 1, quote_length))
        .where(Entry.id == entry_id)
        .correlate_except(Entry)
        .scalar_subquery(),
        deferred=True,
    )
    severity: Mapped[Severity] = mapped_column(Word(Severity))
    account_id: Mapped[str | None] = mapped_column(Text)
    opportunity_id: Mapped[str | None] = mapped_column(Text)
    links: Mapped[list[str]] = mapped_column(JSONB, default=list, server_default="[]")
    confidence: Mapped[float | None]
    reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    match_type: Mapped[str] = mapped_column(Text)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[CreatedAt]
    removed_at: Mapped[Moment | None]
    removed_by: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence_range"),
        CheckConstraint("pain_number >= 0", name="pain_number_range"),
        CheckConstraint("quote_start >= 0 AND quote_length > 0", name="quote_span"),
        Index(
            "uq_feedback_entry_id_pain_number",
            "entry_id",
            "pain_number",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
        Index("ix_feedback_entry_id", "entry_id", "id"),
    )


class ThresholdSet(Base):
    """A version of the confidence thresholds, for one area or (``area_id`` null) for all.

    ``judge`` names the one judge they count for (null: all of them); the newest that counts for a
    judge is in force. ``is_fitted``: they were fitted to people's answers on this very judge.
    """

    __tablename__ = "thresholds"

    version: Mapped[BigId]
    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"), index=True)
    judge: Mapped[str | None] = mapped_column(Text)
    is_fitted: Mapped[bool] = mapped_column(default=False, server_default="false")
    attach: Mapped[float]
    ask: Mapped[float]
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    created_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        CheckConstraint("0 < ask AND ask <= attach AND attach <= 1", name="ordered"),
        CheckConstraint("NOT is_fitted OR judge IS NOT NULL", name="fitted_has_judge"),
    )


class Decision(Base):
    """One routing decision: what was on the table, what was decided, by which rules and whom.

    ``key`` makes the step idempotent. ``candidates`` holds request ids with their scores, never
    customer text. ``request_id`` is the request the decision is about (suggested or chosen).
    """

    __tablename__ = "decisions"

    id: Mapped[BigId]
    key: Mapped[str] = mapped_column(Text, unique=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"), index=True)
    pain_number: Mapped[int] = mapped_column(default=0, server_default="0")
    step: Mapped[DecisionStep] = mapped_column(Word(DecisionStep))
    route: Mapped[Route] = mapped_column(Word(Route))
    request_id: Mapped[int | None] = mapped_column(ForeignKey("requests.id"))
    confidence: Mapped[float | None]
    reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    match_type: Mapped[str | None] = mapped_column(Text)
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, default=list, server_default="[]"
    )
    thresholds_version: Mapped[int | None] = mapped_column(ForeignKey("thresholds.version"))
    judge: Mapped[str | None] = mapped_column(Text)
    model: Mapped[str | None] = mapped_column(Text)
    prompt_version: Mapped[str | None] = mapped_column(Text)
    degraded: Mapped[bool] = mapped_column(default=False, server_default="false")
    actor_kind: Mapped[ActorKind] = mapped_column(Word(ActorKind))
    actor: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[CreatedAt]

    __table_args__ = (CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence_range"),)
