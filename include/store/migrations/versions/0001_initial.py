"""The schema of 0.1.0: frozen SQL beside this file, with what alembic cannot describe.

Revision ID: 0001_initial
Revises: None
"""

from __future__ import annotations

import secrets
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0001_initial"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and the rows a new database starts with."""
    _run("up")
    op.get_bind().execute(
        sa.text("INSERT INTO hook_keys (secret) VALUES (:secret)"),
        {"secret": secrets.token_bytes(32)},
    )


def downgrade() -> None:
    """Drop everything, with its data; the extension stays, others may use it."""
    _run("down")


def _run(direction: str) -> None:
    statements = Path(__file__).with_suffix(f".{direction}.sql").read_text(encoding="utf-8")
    # Without parameters the driver takes several statements at once.
    op.get_bind().exec_driver_sql(statements, execution_options={"no_parameters": True})
