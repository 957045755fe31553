"""Runs parked cold: what a run that ended early still has to do.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# A hook set free again while it is closed has news for the task that waits on it.
NOTIFY_TRIGGER = """
    CREATE TRIGGER hooks_notify AFTER UPDATE OF status, parked_at ON hooks FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status
          OR (OLD.parked_at IS NOT NULL AND NEW.parked_at IS NULL AND NEW.status <> 'pending'))
    EXECUTE FUNCTION durable_hooks_notify()
"""
NOTIFY_TRIGGER_BEFORE = """
    CREATE TRIGGER hooks_notify AFTER UPDATE OF status ON hooks FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION durable_hooks_notify()
"""


def upgrade() -> None:
    """Make what this revision adds."""
    op.create_table(
        "parked_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("dag_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="parking", nullable=False),
        sa.Column("tasks", JSONB(), server_default="[]", nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("resume_requested", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state IN ('parking', 'parked')", name=op.f("ck_parked_runs_state_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parked_runs")),
        sa.UniqueConstraint("dag_id", "run_id", name=op.f("uq_parked_runs_dag_id_run_id")),
    )
    op.create_index(
        "ix_parked_runs_open",
        "parked_runs",
        ["id"],
        unique=False,
        postgresql_where=sa.text("resume_requested OR state = 'parking'"),
    )
    op.add_column("hooks", sa.Column("parked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "hooks", sa.Column("wait_resumes", sa.Boolean(), server_default="false", nullable=False)
    )
    op.create_index(
        "ix_hooks_hot",
        "hooks",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("status = 'pending' AND waiter IS NOT NULL AND parked_at IS NULL"),
    )
    op.create_index(
        "ix_hooks_to_resume",
        "hooks",
        ["closed_at"],
        unique=False,
        postgresql_where=sa.text("parked_at IS NOT NULL AND status <> 'pending'"),
    )
    op.execute("DROP TRIGGER hooks_notify ON hooks")
    op.execute(NOTIFY_TRIGGER)


def downgrade() -> None:
    """Undo it; runs that are parked must be resumed before, or their tasks stay skipped."""
    op.execute("DROP TRIGGER hooks_notify ON hooks")
    op.drop_index("ix_hooks_to_resume", table_name="hooks")
    op.drop_index("ix_hooks_hot", table_name="hooks")
    op.drop_column("hooks", "wait_resumes")
    op.drop_column("hooks", "parked_at")
    op.execute(NOTIFY_TRIGGER_BEFORE)
    op.drop_table("parked_runs")
