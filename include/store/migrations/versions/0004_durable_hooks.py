"""Durable hooks, their keys, their clock and their notifications.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NOTIFY_FUNCTION = """
    CREATE FUNCTION durable_hooks_notify() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('durable_hooks', NEW.id::text);
        RETURN NULL;
    END $$
"""


def upgrade() -> None:
    """Make what this revision adds."""
    op.create_table(
        "hook_keys",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("octet_length(secret) >= 32", name=op.f("ck_hook_keys_secret_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_keys")),
    )
    op.create_table(
        "hooks",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), server_default="1", nullable=False),
        sa.Column("is_current", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("dag_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=True),
        sa.Column("map_index", sa.Integer(), server_default="-1", nullable=False),
        sa.Column("handler", sa.Text(), nullable=True),
        sa.Column("question", JSONB(), server_default="{}", nullable=False),
        sa.Column("responders", JSONB(), server_default="[]", nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("answer", JSONB(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_via", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "next_at",
            sa.DateTime(timezone=True),
            sa.Computed(
                "LEAST(due_at, expires_at, CASE WHEN reminded_at IS NULL THEN remind_at END)",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.Column("waiter", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(status = 'pending') = (closed_at IS NULL)",
            name=op.f("ck_hooks_closed_when_not_pending"),
        ),
        sa.CheckConstraint(
            "status <> 'answered' OR answer IS NOT NULL", name=op.f("ck_hooks_answered_has_answer")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'answered', 'due', 'expired', 'cancelled')",
            name=op.f("ck_hooks_status_known"),
        ),
        sa.CheckConstraint("round >= 1", name=op.f("ck_hooks_round_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hooks")),
        sa.UniqueConstraint("key", "round", name=op.f("uq_hooks_key_round")),
    )
    op.create_index(
        "ix_hooks_next_at",
        "hooks",
        ["next_at"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index("ix_hooks_run", "hooks", ["dag_id", "run_id"], unique=False)
    op.create_index(
        "uq_hooks_current", "hooks", ["key"], unique=True, postgresql_where=sa.text("is_current")
    )

    # All waits read the time from one function, so that tests can move it.
    op.execute(
        "CREATE FUNCTION durable_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE "
        "AS 'SELECT statement_timestamp()'"
    )
    op.execute(NOTIFY_FUNCTION)
    op.execute(
        "CREATE TRIGGER hooks_notify AFTER UPDATE OF status ON hooks FOR EACH ROW "
        "WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION durable_hooks_notify()"
    )
    op.get_bind().execute(
        sa.text("INSERT INTO hook_keys (secret) VALUES (:secret)"),
        {"secret": secrets.token_bytes(32)},
    )


def downgrade() -> None:
    """Undo it; the data of its tables is lost."""
    op.drop_table("hooks")
    op.drop_table("hook_keys")
    op.execute("DROP FUNCTION durable_hooks_notify()")
    op.execute("DROP FUNCTION durable_now()")
