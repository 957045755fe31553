"""What the pages need: figures of requests counted beforehand, owners, more statuses, indexes.

Revision ID: 0003_pages
Revises: 0002_letters
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0003_pages"
down_revision = "0002_letters"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, triggers and indexes; count what is there."""
    _run("up")


def downgrade() -> None:
    """Drop them; planned requests and those in progress are open again."""
    _run("down")


def _run(direction: str) -> None:
    statements = Path(__file__).with_suffix(f".{direction}.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(statements, execution_options={"no_parameters": True})
