"""Requests are known by their id in the system that they are loaded from.

Revision ID: 0008_external_ids
Revises: 0007_threshold_proposals
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_external_ids"
down_revision = "0007_threshold_proposals"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what is there was loaded from nowhere."""
    op.add_column("requests", sa.Column("external_id", sa.Text))
    op.create_unique_constraint("uq_requests_external_id", "requests", ["external_id"])


def downgrade() -> None:
    """Forget the ids."""
    op.drop_column("requests", "external_id")
