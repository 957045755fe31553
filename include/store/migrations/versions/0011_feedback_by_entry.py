"""An index by which an entry finds its evidence, also what was taken off.

App Home and an entry's page read both. The unique index knows live evidence alone, so without this
one they read the whole table.

Revision ID: 0011_feedback_by_entry
Revises: 0010_webhooks
"""

from __future__ import annotations

from alembic import op

revision = "0011_feedback_by_entry"
down_revision = "0010_webhooks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.execute("CREATE INDEX ix_feedback_entry_id ON feedback (entry_id, id)")


def downgrade() -> None:
    """Take it away."""
    op.execute("DROP INDEX ix_feedback_entry_id")
