"""Links and merges of requests, runs to start, analytics events, builds of vectors, watermarks.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_NOW = sa.text("now()")

ROOTS = """
CREATE VIEW request_roots AS
WITH RECURSIVE chain AS (
    SELECT request_id, into_id AS root_id, ARRAY[request_id] AS seen
      FROM request_merges WHERE undone_at IS NULL
    UNION ALL
    SELECT c.request_id, m.into_id, c.seen || m.request_id
      FROM chain c JOIN request_merges m ON m.request_id = c.root_id AND m.undone_at IS NULL
     WHERE NOT m.request_id = ANY(c.seen)
), ends AS (
    SELECT request_id, root_id FROM chain c
     WHERE NOT EXISTS (SELECT 1 FROM request_merges m
                        WHERE m.request_id = c.root_id AND m.undone_at IS NULL)
)
SELECT r.id AS request_id, COALESCE(e.root_id, r.id) AS root_id
  FROM requests r LEFT JOIN ends e ON e.request_id = r.id
"""


def _moment(name: str, *, required: bool = False) -> sa.Column[object]:
    default = _NOW if required else None
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=default, nullable=not required
    )


def _id() -> sa.Column[object]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False)


def _request(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], ["requests.id"], name=op.f(f"fk_{table}_{column}_requests"), ondelete="CASCADE"
    )


def upgrade() -> None:
    """Make what this revision adds."""
    op.create_table(
        "request_links",
        _id(),
        sa.Column("low_id", sa.BigInteger(), nullable=False),
        sa.Column("high_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("judge", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("found_by", sa.Text(), nullable=False),
        _moment("created_at", required=True),
        _moment("updated_at", required=True),
        sa.Column("dismissed_by", sa.Text(), nullable=True),
        _moment("dismissed_at"),
        sa.CheckConstraint(
            "kind IN ('related', 'duplicate', 'dismissed')",
            name=op.f("ck_request_links_kind_known"),
        ),
        sa.CheckConstraint("low_id < high_id", name=op.f("ck_request_links_ordered")),
        sa.CheckConstraint(
            "confidence BETWEEN 0 AND 1", name=op.f("ck_request_links_confidence_range")
        ),
        sa.CheckConstraint(
            "(kind = 'dismissed') = (dismissed_at IS NOT NULL)",
            name=op.f("ck_request_links_dismissed_has_time"),
        ),
        _request("request_links", "low_id"),
        _request("request_links", "high_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_links")),
        sa.UniqueConstraint("low_id", "high_id", name=op.f("uq_request_links_low_id_high_id")),
    )
    op.create_index(op.f("ix_request_links_high_id"), "request_links", ["high_id"])
    op.create_table(
        "request_merges",
        _id(),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("into_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("merged_by", sa.Text(), nullable=False),
        _moment("merged_at", required=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        _moment("undone_at"),
        sa.CheckConstraint("request_id <> into_id", name=op.f("ck_request_merges_not_itself")),
        sa.CheckConstraint(
            "(undone_at IS NULL) = (undone_by IS NULL)",
            name=op.f("ck_request_merges_undone_by_whom"),
        ),
        _request("request_merges", "request_id"),
        _request("request_merges", "into_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_merges")),
    )
    op.create_index(
        "uq_request_merges_live",
        "request_merges",
        ["request_id"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.create_index(op.f("ix_request_merges_into_id"), "request_merges", ["into_id"])
    op.execute(ROOTS)
    op.create_table(
        "run_starts",
        _id(),
        sa.Column("dag_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=True),
        sa.Column("conf", JSONB(), nullable=False),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        _moment("created_at", required=True),
        _moment("started_at"),
        sa.CheckConstraint(
            "state IN ('pending', 'started', 'refused')", name=op.f("ck_run_starts_state_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_starts")),
        sa.UniqueConstraint("dag_id", "run_id", name=op.f("uq_run_starts_dag_id_run_id")),
    )
    op.create_index(
        "ix_run_starts_pending",
        "run_starts",
        ["id"],
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(op.f("ix_run_starts_request_id"), "run_starts", ["request_id"])
    op.create_table(
        "analytics_events",
        _id(),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=True),
        sa.Column("entry_id", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("properties", JSONB(), server_default="{}", nullable=False),
        _moment("occurred_at", required=True),
        _moment("delivered_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analytics_events")),
        sa.UniqueConstraint("key", name=op.f("uq_analytics_events_key")),
    )
    op.create_index("ix_analytics_events_name", "analytics_events", ["name", "occurred_at"])
    op.create_index(
        "ix_analytics_events_undelivered",
        "analytics_events",
        ["id"],
        postgresql_where=sa.text("delivered_at IS NULL"),
    )
    op.create_table(
        "embedding_indexes",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("dimensions", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        _moment("created_at", required=True),
        _moment("live_at"),
        _moment("retired_at"),
        sa.CheckConstraint(
            "state IN ('building', 'live', 'retired')",
            name=op.f("ck_embedding_indexes_state_known"),
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_embedding_indexes")),
    )
    op.create_index(
        "uq_embedding_indexes_live",
        "embedding_indexes",
        ["model"],
        unique=True,
        postgresql_where=sa.text("state = 'live'"),
    )
    op.create_table(
        "watermarks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        _moment("updated_at", required=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_watermarks")),
    )


def downgrade() -> None:
    """Undo it; the data of its tables is lost."""
    op.execute("DROP VIEW request_roots")
    for table in (
        "watermarks",
        "embedding_indexes",
        "analytics_events",
        "run_starts",
        "request_merges",
        "request_links",
    ):
        op.drop_table(table)
