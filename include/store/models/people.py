"""Who speaks and about whom: users of the product, product areas, customers and their deals."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Numeric, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from include.store.models.base import Base, BigId, CreatedAt


class User(Base):
    """A person of the own company: submits, follows, answers."""

    __tablename__ = "users"

    id: Mapped[BigId]
    email: Mapped[str | None] = mapped_column(Text)
    slack_user_id: Mapped[str | None] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        CheckConstraint("email IS NOT NULL OR slack_user_id IS NOT NULL", name="reachable"),
        Index("uq_users_email", func.lower(email), unique=True),
    )


class Area(Base):
    """A product area; requests belong to one or more, reports are made for each.

    ``owner_id`` answers for it, and owns the new requests that belong to it alone.
    """

    __tablename__ = "areas"

    id: Mapped[BigId]
    slug: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="", server_default="")
    slack_channel: Mapped[str | None] = mapped_column(Text)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[CreatedAt]

    __table_args__ = (CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]*$'", name="slug_form"),)


class Account(Base):
    """A customer. The id is the one of the system of record (the CRM), kept as given."""

    __tablename__ = "accounts"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    arr: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    region: Mapped[str | None] = mapped_column(Text)
    is_enterprise: Mapped[bool] = mapped_column(default=False, server_default="false")
    created_at: Mapped[CreatedAt]


class Opportunity(Base):
    """A deal with a customer."""

    __tablename__ = "opportunities"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"))
    name: Mapped[str] = mapped_column(Text)
    stage: Mapped[str | None] = mapped_column(Text)
    arr: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    created_at: Mapped[CreatedAt]


class RequestFollower(Base):
    """A user who hears about a request. ``entry_id`` tells which entry made them follow."""

    __tablename__ = "request_followers"

    request_id: Mapped[int] = mapped_column(
        ForeignKey("requests.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    entry_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("entries.id", ondelete="SET NULL")
    )
    created_at: Mapped[CreatedAt]

    __table_args__ = (Index("ix_request_followers_user", "user_id", "created_at"),)
