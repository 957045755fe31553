"""Who answers for an area.

Revision ID: 0012_area_owners
Revises: 0011_feedback_by_entry
"""

from __future__ import annotations

from alembic import op

revision = "0012_area_owners"
down_revision = "0011_feedback_by_entry"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.execute(
        "ALTER TABLE areas ADD COLUMN owner_id bigint "
        "CONSTRAINT fk_areas_owner_id_users REFERENCES users (id)"
    )
    op.execute("CREATE INDEX ix_areas_owner_id ON areas (owner_id)")


def downgrade() -> None:
    """Take it away."""
    op.execute("ALTER TABLE areas DROP COLUMN owner_id")
