"""Who did what: kept for good, without anybody's words."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from include.store.models.base import Base, BigId, CreatedAt


class AuditRow(Base):
    """Something that a person, or a run, did.

    ``actor`` is who was signed in, ``claimed`` for whom they said they act. ``subject`` is what it
    was done to, as ``<kind>:<id>``. ``facts`` holds ids, words of the product and counts.
    """

    __tablename__ = "audit"

    id: Mapped[BigId]
    actor: Mapped[str] = mapped_column(Text)
    claimed: Mapped[str | None] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    done_at: Mapped[CreatedAt]

    __table_args__ = (
        Index("ix_audit_subject", "subject"),
        Index("ix_audit_done_at", "done_at"),
    )
