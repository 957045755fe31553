"""What is taken out of Slack: messages marked as feedback, and whom Slack's user ids stand for."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from include.store.models.base import Base, BigId, CreatedAt, UpdatedAt, Word


class PersonKind(StrEnum):
    """What stands behind a Slack user id."""

    PERSON = "person"
    GUEST = "guest"
    NO_EMAIL = "no_email"
    BOT = "bot"
    GONE = "gone"


class SlackCapture(Base):
    """A message somebody marked as feedback. ``key`` is also the entry's external id.

    ``is_internal`` is false where people of another company may read the thread, or that is not
    known. ``thread`` holds what was read; ``refusal`` says why nothing came of it. The emoji that
    stands on the message is brought to the wanted one by ``include.entries.slack_capture``.
    """

    __tablename__ = "slack_captures"

    id: Mapped[BigId]
    key: Mapped[str] = mapped_column(Text, unique=True)
    channel: Mapped[str] = mapped_column(Text)
    message_ts: Mapped[str] = mapped_column(Text)
    thread_ts: Mapped[str | None] = mapped_column(Text)
    slack_user_id: Mapped[str] = mapped_column(Text)
    is_internal: Mapped[bool] = mapped_column(default=False, server_default="false")
    permalink: Mapped[str | None] = mapped_column(Text)
    thread: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    summary: Mapped[str | None] = mapped_column(Text)
    pain: Mapped[str | None] = mapped_column(Text)
    is_customer_specific: Mapped[bool | None]
    refusal: Mapped[str | None] = mapped_column(Text)
    emoji_wanted: Mapped[str | None] = mapped_column(Text)
    emoji_shown: Mapped[str | None] = mapped_column(Text)
    dag_id: Mapped[str] = mapped_column(Text)
    run_id: Mapped[str] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    __table_args__ = (
        Index(
            "ix_slack_captures_emoji",
            "updated_at",
            postgresql_where=text("emoji_wanted IS DISTINCT FROM emoji_shown"),
        ),
    )


class SlackPerson(Base):
    """What ``users.info`` said about a Slack user id, good until it is too old."""

    __tablename__ = "slack_people"

    slack_user_id: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[PersonKind] = mapped_column(Word(PersonKind))
    email: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text, default="", server_default="")
    checked_at: Mapped[CreatedAt]


class UserAlias(Base):
    """Another e-mail address of a user, in lower case."""

    __tablename__ = "user_aliases"

    email: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[CreatedAt]

    __table_args__ = (CheckConstraint("email = lower(email)", name="email_lower"),)
