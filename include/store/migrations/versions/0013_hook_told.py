"""When a closed hook's handler has heard of it, so that one that failed is told again.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what is closed already counts as told."""
    op.add_column("hooks", sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE hooks SET told_at = closed_at WHERE closed_at IS NOT NULL")
    op.create_index(
        "ix_hooks_untold",
        "hooks",
        ["closed_at"],
        unique=False,
        postgresql_where=sa.text(
            "status IN ('expired', 'cancelled') AND handler IS NOT NULL AND told_at IS NULL"
        ),
    )


def downgrade() -> None:
    """Remove it again."""
    op.drop_index("ix_hooks_untold", table_name="hooks")
    op.drop_column("hooks", "told_at")
