"""Decisions record that a person took an entry back as no feedback, and restored it.

Revision ID: 0005_not_feedback
Revises: 0004_languages
"""

from __future__ import annotations

from alembic import op

revision = "0005_not_feedback"
down_revision = "0004_languages"
branch_labels = None
depends_on = None

STEPS = ("match", "answer", "expiry", "cancel", "result", "undo", "pick")
ROUTES = ("attach", "ask", "create")


def upgrade() -> None:
    """Allow the new words."""
    _allow("step", (*STEPS, "withdraw", "restore"))
    _allow("route", (*ROUTES, "set_aside"))


def downgrade() -> None:
    """Drop what the old words cannot say."""
    op.execute("DELETE FROM decisions WHERE step IN ('withdraw', 'restore') OR route = 'set_aside'")
    _allow("step", STEPS)
    _allow("route", ROUTES)


def _allow(column: str, words: tuple[str, ...]) -> None:
    name = f"ck_decisions_{column}_known"
    listed = ", ".join(f"'{word}'" for word in words)
    op.execute(f"ALTER TABLE decisions DROP CONSTRAINT {name}")
    op.execute(f"ALTER TABLE decisions ADD CONSTRAINT {name} CHECK ({column} IN ({listed}))")
