"""Indexes for what people said about a request: answers and asked matches, and what was taken off.

The search looks at both for the nearest candidates, the newest first. The rest of the decisions,
most of them sure matches that nobody looked at, are not in it. By ``-id`` and not by ``id``: for a
descending ``id`` the planner may walk the primary key, past a million rows of other requests.

Revision ID: 0018_corrections
Revises: 0017_restorable_trigger
"""

from __future__ import annotations

from alembic import op

revision = "0018_corrections"
down_revision = "0017_restorable_trigger"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the two indexes."""
    op.execute(
        """
        CREATE INDEX ix_decisions_request_id_said ON decisions (request_id, (-id))
         WHERE step IN ('answer', 'pick') OR step = 'match' AND route = 'ask'
        """
    )
    op.execute(
        """
        CREATE INDEX ix_feedback_request_id_removed ON feedback (request_id, (-id))
         WHERE removed_at IS NOT NULL
        """
    )


def downgrade() -> None:
    """Take them away."""
    op.execute("DROP INDEX ix_feedback_request_id_removed")
    op.execute("DROP INDEX ix_decisions_request_id_said")
