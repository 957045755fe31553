"""An index by which the questions of a day, and of the last months, are found.

Each question that is asked counts how many its person has had today, and who answered which area.

Revision ID: 0014_questions_by_day
Revises: 0013_page_indexes
"""

from __future__ import annotations

from alembic import op

revision = "0014_questions_by_day"
down_revision = "0013_page_indexes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.execute(
        "CREATE INDEX ix_hooks_handled ON hooks (handler, created_at) WHERE handler IS NOT NULL"
    )


def downgrade() -> None:
    """Take it away."""
    op.execute("DROP INDEX ix_hooks_handled")
