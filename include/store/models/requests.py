"""Feature requests: the list the product exists to keep clean, and what search needs of them."""

from __future__ import annotations

from typing import Any

from pgvector.sqlalchemy import Vector
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    Text,
    event,
    inspect,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from include.matching.language import configuration_of, language_of
from include.matching.types import RequestStatus
from include.store.models.base import (
    EMBEDDING_DIMENSIONS,
    Base,
    BigId,
    CreatedAt,
    Moment,
    UpdatedAt,
    Word,
)


class Request(Base):
    """A feature request. ``opened_by_entry_id`` is unique: an entry opens at most one.

    ``external_id`` is its id in the system that it is loaded from, if it is.
    """

    __tablename__ = "requests"

    id: Mapped[BigId]
    slug: Mapped[str] = mapped_column(Text, unique=True)
    external_id: Mapped[str | None] = mapped_column(Text, unique=True)
    title: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="", server_default="")
    status: Mapped[RequestStatus] = mapped_column(
        Word(RequestStatus), default=RequestStatus.OPEN, server_default=RequestStatus.OPEN
    )
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    opened_by_entry_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("entries.id"), unique=True
    )
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
    shipped_at: Mapped[Moment | None]
    search: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed(
            "setweight(search_words(language, title), 'A') || "
            "setweight(search_words(language, description), 'B')",
            persisted=True,
        ),
        deferred=True,
    )

    language: Mapped[str] = mapped_column(Text, default="english", server_default="english")
    """PostgreSQL's text search configuration for the text; told anew whenever it changes."""
    letters: Mapped[list[str]] = mapped_column(
        ARRAY(Text), Computed("letters_of(title)", persisted=True), deferred=True
    )
    """Three letters in a row of the title's words, and initials behind a ``=``."""

    __table_args__ = (
        CheckConstraint("char_length(title) BETWEEN 5 AND 120", name="title_length"),
        CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]*$'", name="slug_form"),
        Index(
            "ix_requests_search",
            "search",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        ),
        Index(
            "ix_requests_letters",
            "letters",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        ),
    )


@event.listens_for(Request, "before_insert")
@event.listens_for(Request, "before_update")
def _tell_language(mapper: Any, connection: Any, request: Request) -> None:  # noqa: ARG001
    changed = inspect(request).attrs
    if changed.title.history.has_changes() or changed.description.history.has_changes():
        text = f"{request.title}\n{request.description or ''}"
        request.language = configuration_of(language_of(text))


class RequestArea(Base):
    """Which areas a request belongs to."""

    __tablename__ = "request_areas"

    request_id: Mapped[int] = mapped_column(
        ForeignKey("requests.id", ondelete="CASCADE"), primary_key=True
    )
    area_id: Mapped[int] = mapped_column(
        ForeignKey("areas.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class RequestEmbedding(Base):
    """A request's vector under one model; several models may stand side by side while one is built.

    ``content_hash`` says which text and model made the vector, so a stale one is recognised.
    """

    __tablename__ = "request_embeddings"

    request_id: Mapped[int] = mapped_column(
        ForeignKey("requests.id", ondelete="CASCADE"), primary_key=True
    )
    model: Mapped[str] = mapped_column(Text, primary_key=True)
    dimensions: Mapped[int]
    content_hash: Mapped[str] = mapped_column(Text)
    embedding: Mapped[list[float]] = mapped_column(Vector(EMBEDDING_DIMENSIONS))
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        CheckConstraint("dimensions = vector_dims(embedding)", name="dimensions_match"),
        Index(
            "ix_request_embeddings_hnsw",
            "embedding",
            postgresql_using="hnsw",
            postgresql_with={"m": 16, "ef_construction": 128},
            postgresql_ops={"embedding": "vector_cosine_ops"},
        ),
    )


class RequestStatusChange(Base):
    """History of a request's status, so that reports can be made as of any day."""

    __tablename__ = "request_status_changes"

    id: Mapped[BigId]
    request_id: Mapped[int] = mapped_column(
        ForeignKey("requests.id", ondelete="CASCADE"), index=True
    )
    status: Mapped[RequestStatus] = mapped_column(Word(RequestStatus))
    changed_by: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[CreatedAt]
