"""What was learned from people's answers, waiting for somebody to accept it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from include.store.models.base import Base, BigId, CreatedAt, Moment, Word


class ProposalState(StrEnum):
    """What became of a proposal; ``replaced``: a newer one took its place unanswered."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    UNDONE = "undone"
    REPLACED = "replaced"


class ThresholdProposal(Base):
    """Thresholds for one area or (``area_id`` null) for all, with what speaks for them.

    ``judge`` names the judge whose decisions were answered, and whom the thresholds are for; null
    for proposals from before there was more than one.

    ``facts`` holds numbers only: the fitted offset and slope, the share that would be attached, and
    the replay of the last month. ``version`` is the threshold version that accepting it made, and
    ``undone_version`` the one that took it back.
    """

    __tablename__ = "threshold_proposals"

    id: Mapped[BigId]
    key: Mapped[str] = mapped_column(Text, unique=True)
    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"), index=True)
    judge: Mapped[str | None] = mapped_column(Text)
    as_of: Mapped[Moment]
    state: Mapped[ProposalState] = mapped_column(
        Word(ProposalState), default=ProposalState.OPEN, server_default=ProposalState.OPEN
    )
    attach: Mapped[float]
    ask: Mapped[float]
    labels: Mapped[int]
    precision: Mapped[float | None]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    version: Mapped[int | None] = mapped_column(ForeignKey("thresholds.version"))
    undone_version: Mapped[int | None] = mapped_column(ForeignKey("thresholds.version"))
    created_at: Mapped[CreatedAt]
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[Moment | None]

    __table_args__ = (CheckConstraint("0 < ask AND ask <= attach AND attach <= 1", name="ordered"),)
