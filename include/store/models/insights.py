"""Reports and digests, and the history that lets them be made as of any past moment.

Three tables keep what a row said *before* a change; database triggers write them, so every
writer's change is kept. What was true at a moment is the first row after it, or, without one, what
the table says now. An unchanged row costs nothing.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from include.store.models.base import Base, BigId, CreatedAt, Moment, Word
from include.store.models.entries import Decision, Feedback
from include.store.models.requests import Request, RequestStatusChange


class Membership(StrEnum):
    """A change of a request's areas."""

    ADDED = "added"
    REMOVED = "removed"


class AccountRevision(Base):
    """What an account was until ``valid_until``."""

    __tablename__ = "account_revisions"

    id: Mapped[BigId]
    account_id: Mapped[str] = mapped_column(Text)
    arr: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    region: Mapped[str | None] = mapped_column(Text)
    is_enterprise: Mapped[bool]
    valid_until: Mapped[Moment]

    __table_args__ = (
        Index("ix_account_revisions_account_id_valid_until", "account_id", "valid_until"),
    )


class FeedbackRevision(Base):
    """Which request, account and severity a piece of feedback had until ``valid_until``."""

    __tablename__ = "feedback_revisions"

    id: Mapped[BigId]
    feedback_id: Mapped[int] = mapped_column(BigInteger)
    request_id: Mapped[int] = mapped_column(BigInteger, index=True)
    severity: Mapped[str] = mapped_column(Text)
    account_id: Mapped[str | None] = mapped_column(Text)
    valid_until: Mapped[Moment] = mapped_column(index=True)

    __table_args__ = (
        Index("ix_feedback_revisions_feedback_id_valid_until", "feedback_id", "valid_until"),
    )


class RequestAreaChange(Base):
    """An area a request got after it was opened, or lost."""

    __tablename__ = "request_area_changes"

    id: Mapped[BigId]
    request_id: Mapped[int] = mapped_column(BigInteger, index=True)
    area_id: Mapped[int] = mapped_column(BigInteger)
    change: Mapped[Membership] = mapped_column(Word(Membership))
    changed_at: Mapped[Moment]

    __table_args__ = (Index("ix_request_area_changes_area_id_changed_at", "area_id", "changed_at"),)


class AreaReport(Base):
    """The report of one area and day; ``metrics`` holds its plain numbers, for trends."""

    __tablename__ = "area_reports"

    id: Mapped[BigId]
    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id", ondelete="CASCADE"))
    day: Mapped[date] = mapped_column(index=True)
    as_of: Mapped[Moment]
    run_id: Mapped[str | None] = mapped_column(Text)
    sections: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    metrics: Mapped[dict[str, Any]] = mapped_column(JSONB)
    generated_at: Mapped[CreatedAt]

    __table_args__ = (
        Index("uq_area_reports_area_id_day", "area_id", "day", unique=True),
        CheckConstraint("jsonb_typeof(sections) = 'array'", name="sections_array"),
    )


class Digest(Base):
    """One week's digest. ``chart_file_id`` is Slack's id of the chart once it was uploaded."""

    __tablename__ = "digests"

    id: Mapped[BigId]
    week: Mapped[str] = mapped_column(Text, unique=True)
    as_of: Mapped[Moment]
    run_id: Mapped[str | None] = mapped_column(Text)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    chart_file_id: Mapped[str | None] = mapped_column(Text)
    generated_at: Mapped[CreatedAt]

    __table_args__ = (CheckConstraint("week ~ '^[0-9]{4}-W[0-9]{2}$'", name="week_form"),)


Index("ix_feedback_created_at", Feedback.created_at)
Index("ix_requests_created_at", Request.created_at)
Index("ix_request_status_changes_changed_at", RequestStatusChange.changed_at)
Index("ix_decisions_decided_at", Decision.decided_at)
