"""Calls of language models and the servers that answer them.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

OUTCOMES = ("started", "answered", "malformed", "refused", "unavailable", "misconfigured")


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), server_default="0", nullable=False)


def _moment(name: str, *, default: bool = False) -> sa.Column[object]:
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        server_default=sa.text("now()") if default else None,
        nullable=not default,
    )


def upgrade() -> None:
    """Make what this revision adds."""
    known = ", ".join(f"'{outcome}'" for outcome in OUTCOMES)
    op.create_table(
        "model_calls",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        _text("call_key"),
        _text("task"),
        _text("model"),
        _text("prompt_version"),
        _text("server"),
        _text("key"),
        sa.Column("entry_id", sa.BigInteger(), nullable=True),
        _text("outcome"),
        _count("requests"),
        _count("tokens_in"),
        _count("tokens_out"),
        sa.Column("cost", sa.Numeric(14, 8), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=True),
        _text("answer", nullable=True),
        _text("error", nullable=True),
        _moment("created_at", default=True),
        _moment("finished_at"),
        sa.CheckConstraint(f"outcome IN ({known})", name=op.f("ck_model_calls_outcome_known")),
        sa.CheckConstraint("cost >= 0", name=op.f("ck_model_calls_cost_range")),
        sa.CheckConstraint(
            "(outcome = 'answered') = (answer IS NOT NULL)",
            name=op.f("ck_model_calls_answered_has_answer"),
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["entries.id"],
            name=op.f("fk_model_calls_entry_id_entries"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_calls")),
    )
    op.create_index(op.f("ix_model_calls_entry_id"), "model_calls", ["entry_id"])
    op.create_index(op.f("ix_model_calls_created_at"), "model_calls", ["created_at"])
    op.create_index(
        "ix_model_calls_call_key_final",
        "model_calls",
        ["call_key"],
        postgresql_where=sa.text("outcome IN ('answered', 'malformed', 'refused')"),
    )
    op.create_table(
        "model_servers",
        _text("server"),
        _text("model"),
        sa.Column("lacking", JSONB(), server_default="[]", nullable=False),
        sa.Column("notes", JSONB(), server_default="{}", nullable=False),
        sa.Column("in_use", sa.Boolean(), server_default="false", nullable=False),
        _count("failures"),
        _moment("resting_until"),
        _text("last_error", nullable=True),
        _moment("last_error_at"),
        _moment("last_answer_at"),
        _moment("created_at", default=True),
        sa.PrimaryKeyConstraint("server", name=op.f("pk_model_servers")),
    )


def downgrade() -> None:
    """Undo it; the ledger of calls is lost."""
    op.drop_table("model_servers")
    op.drop_table("model_calls")
