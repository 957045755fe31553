"""Entries that hold several pains, and entries that hold none.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_OUTCOMES = "('attached', 'created', 'noise', 'split')"


def upgrade() -> None:
    """Make what this revision adds."""
    op.add_column("entries", sa.Column("parent_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "entries", sa.Column("pain_number", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("entries", sa.Column("pain_start", sa.Integer(), nullable=True))
    op.add_column("entries", sa.Column("pain_end", sa.Integer(), nullable=True))
    op.add_column("entries", sa.Column("suggestion", JSONB(), nullable=True))
    op.add_column("entries", sa.Column("noise_reason", sa.Text(), nullable=True))
    op.add_column("entries", sa.Column("restored_by", sa.Text(), nullable=True))
    op.add_column("entries", sa.Column("restored_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(
        op.f("fk_entries_parent_id_entries"), "entries", "entries", ["parent_id"], ["id"]
    )
    op.create_index(
        "ix_entries_parent_id",
        "entries",
        ["parent_id"],
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.drop_constraint(op.f("ck_entries_outcome_known"), "entries")
    op.create_check_constraint(
        op.f("ck_entries_outcome_known"), "entries", f"outcome IN {_OUTCOMES}"
    )
    op.create_check_constraint(
        op.f("ck_entries_noise_has_reason"),
        "entries",
        "outcome <> 'noise' OR noise_reason IS NOT NULL",
    )
    op.create_check_constraint(
        op.f("ck_entries_pain_span"), "entries", "pain_start >= 0 AND pain_start < pain_end"
    )


def downgrade() -> None:
    """Undo it. What was set aside or taken apart is open again: the sweep finds it."""
    op.execute(
        "UPDATE entries SET status = 'failed', outcome = NULL, error = 'the schema was taken back'"
        " WHERE outcome IN ('noise', 'split')"
    )
    op.drop_constraint(op.f("ck_entries_pain_span"), "entries")
    op.drop_constraint(op.f("ck_entries_noise_has_reason"), "entries")
    op.drop_constraint(op.f("ck_entries_outcome_known"), "entries")
    op.create_check_constraint(
        op.f("ck_entries_outcome_known"), "entries", "outcome IN ('attached', 'created')"
    )
    op.drop_index("ix_entries_parent_id", "entries")
    for column in (
        "restored_at",
        "restored_by",
        "noise_reason",
        "suggestion",
        "pain_end",
        "pain_start",
        "pain_number",
        "parent_id",
    ):
        op.drop_column("entries", column)
