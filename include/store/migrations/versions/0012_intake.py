"""Which message told a submitter what became of an entry, and the turn of the next drain.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make what this revision adds."""
    op.add_column("entries", sa.Column("told_in", sa.BigInteger(), nullable=True))
    op.create_index(
        op.f("ix_entries_told_in"),
        "entries",
        ["told_in"],
        postgresql_where=sa.text("told_in IS NOT NULL"),
    )
    op.execute("INSERT INTO watermarks (name, position) VALUES ('drain', 1)")


def downgrade() -> None:
    """Take it back. Entries that wait for a drain are found by the sweep."""
    op.execute("DELETE FROM watermarks WHERE name = 'drain'")
    op.drop_index(op.f("ix_entries_told_in"), "entries")
    op.drop_column("entries", "told_in")
