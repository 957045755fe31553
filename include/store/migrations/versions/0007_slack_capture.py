"""Messages taken from Slack, whom Slack ids stand for, and where a message was to go first.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _moment(name: str, *, default: bool = True) -> sa.Column[object]:
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        server_default=sa.text("now()") if default else None,
        nullable=not default,
    )


def _known_steps(*steps: str) -> None:
    """Which words ``decisions.step`` may hold."""
    name = op.f("ck_decisions_step_known")
    op.drop_constraint(name, "decisions", type_="check")
    listed = ", ".join(f"'{step}'" for step in steps)
    op.create_check_constraint(name, "decisions", f"step IN ({listed})")


def upgrade() -> None:
    """Make what this revision adds."""
    op.create_table(
        "slack_captures",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("message_ts", sa.Text(), nullable=False),
        sa.Column("thread_ts", sa.Text(), nullable=True),
        sa.Column("slack_user_id", sa.Text(), nullable=False),
        sa.Column("is_internal", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("permalink", sa.Text(), nullable=True),
        sa.Column("thread", JSONB(), server_default="[]", nullable=False),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("pain", sa.Text(), nullable=True),
        sa.Column("is_customer_specific", sa.Boolean(), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("emoji_wanted", sa.Text(), nullable=True),
        sa.Column("emoji_shown", sa.Text(), nullable=True),
        sa.Column("dag_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slack_captures")),
        sa.UniqueConstraint("key", name=op.f("uq_slack_captures_key")),
    )
    op.create_index(
        "ix_slack_captures_emoji",
        "slack_captures",
        ["updated_at"],
        unique=False,
        postgresql_where=sa.text("emoji_wanted IS DISTINCT FROM emoji_shown"),
    )
    op.create_table(
        "slack_people",
        sa.Column("slack_user_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        _moment("checked_at"),
        sa.CheckConstraint(
            "kind IN ('person', 'guest', 'no_email', 'bot', 'gone')",
            name=op.f("ck_slack_people_kind_known"),
        ),
        sa.PrimaryKeyConstraint("slack_user_id", name=op.f("pk_slack_people")),
    )
    op.create_table(
        "user_aliases",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        _moment("created_at"),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_user_aliases_email_lower")),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_user_aliases_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("email", name=op.f("pk_user_aliases")),
    )
    op.create_index(op.f("ix_user_aliases_user_id"), "user_aliases", ["user_id"], unique=False)
    op.add_column("messages", sa.Column("rerouted_from", sa.Text(), nullable=True))
    _known_steps("match", "answer", "expiry", "cancel", "result", "undo", "pick")


def downgrade() -> None:
    """Undo it; the data of its tables is lost. A picked request then reads as an undo."""
    op.execute("UPDATE decisions SET step = 'undo' WHERE step = 'pick'")
    _known_steps("match", "answer", "expiry", "cancel", "result", "undo")
    op.drop_column("messages", "rerouted_from")
    op.drop_table("user_aliases")
    op.drop_table("slack_people")
    op.drop_table("slack_captures")
