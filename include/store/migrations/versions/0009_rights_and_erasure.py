"""Who did what, who handed something in, and indexes of what is looked up for one person.

Revision ID: 0009_rights_and_erasure
Revises: 0008_external_ids
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009_rights_and_erasure"
down_revision = "0008_external_ids"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table of who did what, and the columns and indexes."""
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("claimed", sa.Text),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("facts", postgresql.JSONB, nullable=False, server_default="{}"),
        sa.Column(
            "done_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()
        ),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_subject", "audit", ["subject"])
    op.create_index("ix_audit_done_at", "audit", ["done_at"])
    op.add_column("entries", sa.Column("handed_in_by", sa.Text))
    op.add_column("entries", sa.Column("claimed_submitter", postgresql.JSONB))
    op.create_index("ix_entries_submitter", "entries", ["submitter_id", "id"])
    op.create_index("ix_request_followers_user", "request_followers", ["user_id", "created_at"])
    op.create_index(
        "ix_hooks_asked",
        "hooks",
        ["responders"],
        postgresql_using="gin",
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "ix_slack_events_run",
        "slack_events",
        ["dag_id", "run_id"],
        postgresql_where=sa.text("run_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Take them away again; who did what is lost."""
    op.drop_index("ix_slack_events_run")
    op.drop_index("ix_hooks_asked")
    op.drop_index("ix_request_followers_user")
    op.drop_index("ix_entries_submitter")
    op.drop_column("entries", "claimed_submitter")
    op.drop_column("entries", "handed_in_by")
    op.drop_table("audit")
