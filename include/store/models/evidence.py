"""What search needs of the feedback on a request: its vectors, one by one and as their sum.

Database triggers on ``feedback`` and ``entries`` keep both tables right in the writer's
transaction, whoever writes; ``sync_embeddings`` fills in what has no vector of the model in force.
"""

from __future__ import annotations

from pgvector.sqlalchemy import Vector
from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from include.store.models.base import EMBEDDING_DIMENSIONS, Base, CreatedAt


class RequestEvidence(Base):
    """The vector of one live piece of feedback under one model.

    ``is_short`` says that it is about one thing; a long text counts in the sum only.
    ``is_compared``: among the newest 20 short ones of its request, which search compares singly.
    """

    __tablename__ = "request_evidence"

    feedback_id: Mapped[int] = mapped_column(
        ForeignKey("feedback.id", ondelete="CASCADE"), primary_key=True
    )
    model: Mapped[str] = mapped_column(Text, primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("requests.id", ondelete="CASCADE"))
    is_short: Mapped[bool]
    is_compared: Mapped[bool] = mapped_column(default=False, server_default="false")
    embedding: Mapped[list[float]] = mapped_column(Vector(EMBEDDING_DIMENSIONS))
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        Index("ix_request_evidence_request_id", "request_id", "model"),
        Index(
            "ix_request_evidence_hnsw",
            "embedding",
            postgresql_using="hnsw",
            postgresql_with={"m": 16, "ef_construction": 128},
            postgresql_ops={"embedding": "vector_cosine_ops"},
            postgresql_where=text("is_compared"),
        ),
    )


class RequestCentroid(Base):
    """The sum of the unit vectors of a request's live feedback under one model, and the count."""

    __tablename__ = "request_centroids"

    request_id: Mapped[int] = mapped_column(
        ForeignKey("requests.id", ondelete="CASCADE"), primary_key=True
    )
    model: Mapped[str] = mapped_column(Text, primary_key=True)
    pieces: Mapped[int]
    total: Mapped[list[float]] = mapped_column(Vector(EMBEDDING_DIMENSIONS))
