"""What another model or prompt would have decided on live traffic."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Numeric, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from include.matching.types import Route
from include.store.models.base import Base, BigId, CreatedAt, Word


class ShadowVerdict(Base):
    """A model's verdict on the candidates of a decision that it took no part in.

    ``route`` is what would have been done, about ``request_id``; null where the model gave no
    answer that could be used. ``verdicts`` has what was stated of each candidate, and the
    confidence made of it. No words of anybody are here.
    """

    __tablename__ = "shadow_verdicts"

    id: Mapped[BigId]
    decision_id: Mapped[int] = mapped_column(ForeignKey("decisions.id"))
    model: Mapped[str] = mapped_column(Text)
    prompt_version: Mapped[str] = mapped_column(Text)
    route: Mapped[Route | None] = mapped_column(Word(Route))
    request_id: Mapped[int | None] = mapped_column(ForeignKey("requests.id"))
    confidence: Mapped[float | None]
    verdicts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    thresholds_version: Mapped[int | None] = mapped_column(ForeignKey("thresholds.version"))
    tokens_in: Mapped[int] = mapped_column(default=0, server_default="0")
    tokens_out: Mapped[int] = mapped_column(default=0, server_default="0")
    cost: Mapped[Decimal] = mapped_column(Numeric(14, 8), default=0, server_default="0")
    created_at: Mapped[CreatedAt] = mapped_column(index=True)

    __table_args__ = (
        UniqueConstraint("decision_id", "model", "prompt_version"),
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence_range"),
    )
