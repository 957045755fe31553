"""Reports and digests, and the history they are made from.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# The moment of a change: now, or the one an import of older history names for its transaction:
# SELECT set_config('feedback.effective_at', '2026-03-01T09:00:00Z', true)
NOW = """
CREATE FUNCTION history_now() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        nullif(current_setting('feedback.effective_at', true), '')::timestamptz, durable_now())
$$
"""
ACCOUNT = """
CREATE FUNCTION history_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO account_revisions (account_id, arr, region, is_enterprise, valid_until)
    VALUES (OLD.id, OLD.arr, OLD.region, OLD.is_enterprise, history_now());
    RETURN NULL;
END $$
"""
FEEDBACK = """
CREATE FUNCTION history_feedback() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feedback_revisions (feedback_id, request_id, severity, account_id, valid_until)
    VALUES (OLD.id, OLD.request_id, OLD.severity, OLD.account_id, history_now());
    RETURN NULL;
END $$
"""
# The areas a request is opened with count from its opening, also when it is imported with an
# older date: an area is noted as added only when the request had areas before this transaction.
AREA_ADDED = """
CREATE FUNCTION history_area_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM request_area_changes c WHERE c.request_id = NEW.request_id)
       OR EXISTS (SELECT 1 FROM request_areas o
                   WHERE o.request_id = NEW.request_id AND o.area_id <> NEW.area_id
                     AND age(o.xmin) > 0)
    THEN
        INSERT INTO request_area_changes (request_id, area_id, change, changed_at)
        VALUES (NEW.request_id, NEW.area_id, 'added', history_now());
    END IF;
    RETURN NULL;
END $$
"""
AREA_REMOVED = """
CREATE FUNCTION history_area_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO request_area_changes (request_id, area_id, change, changed_at)
    VALUES (OLD.request_id, OLD.area_id, 'removed', history_now());
    RETURN NULL;
END $$
"""
TRIGGERS = (
    "CREATE TRIGGER accounts_history AFTER UPDATE OF arr, region, is_enterprise ON accounts "
    "FOR EACH ROW WHEN ((OLD.arr, OLD.region, OLD.is_enterprise) IS DISTINCT FROM "
    "(NEW.arr, NEW.region, NEW.is_enterprise)) EXECUTE FUNCTION history_account()",
    "CREATE TRIGGER feedback_history AFTER UPDATE OF request_id, severity, account_id ON feedback "
    "FOR EACH ROW WHEN ((OLD.request_id, OLD.severity, OLD.account_id) IS DISTINCT FROM "
    "(NEW.request_id, NEW.severity, NEW.account_id)) EXECUTE FUNCTION history_feedback()",
    "CREATE TRIGGER request_areas_added AFTER INSERT ON request_areas "
    "FOR EACH ROW EXECUTE FUNCTION history_area_added()",
    "CREATE TRIGGER request_areas_removed AFTER DELETE ON request_areas "
    "FOR EACH ROW EXECUTE FUNCTION history_area_removed()",
)


def _moment(name: str, *, default: bool = False) -> sa.Column[object]:
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        server_default=sa.text("now()") if default else None,
        nullable=False,
    )


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False)


def upgrade() -> None:
    """Make what this revision adds."""
    _history_tables()
    _report_tables()
    op.create_index("ix_feedback_created_at", "feedback", ["created_at"])
    op.create_index("ix_requests_created_at", "requests", ["created_at"])
    op.create_index(
        "ix_request_status_changes_changed_at", "request_status_changes", ["changed_at"]
    )
    op.create_index("ix_decisions_decided_at", "decisions", ["decided_at"])
    for statement in (NOW, ACCOUNT, FEEDBACK, AREA_ADDED, AREA_REMOVED, *TRIGGERS):
        op.execute(statement)


def _history_tables() -> None:
    op.create_table(
        "account_revisions",
        _id(),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("arr", sa.Numeric(14, 2), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("is_enterprise", sa.Boolean(), nullable=False),
        _moment("valid_until"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_revisions")),
    )
    op.create_index(
        "ix_account_revisions_account_id_valid_until",
        "account_revisions",
        ["account_id", "valid_until"],
    )
    op.create_table(
        "feedback_revisions",
        _id(),
        sa.Column("feedback_id", sa.BigInteger(), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=True),
        _moment("valid_until"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback_revisions")),
    )
    op.create_index(op.f("ix_feedback_revisions_request_id"), "feedback_revisions", ["request_id"])
    op.create_index(
        op.f("ix_feedback_revisions_valid_until"), "feedback_revisions", ["valid_until"]
    )
    op.create_index(
        "ix_feedback_revisions_feedback_id_valid_until",
        "feedback_revisions",
        ["feedback_id", "valid_until"],
    )
    op.create_table(
        "request_area_changes",
        _id(),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("area_id", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        _moment("changed_at"),
        sa.CheckConstraint(
            "change IN ('added', 'removed')", name=op.f("ck_request_area_changes_change_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_area_changes")),
    )
    op.create_index(
        op.f("ix_request_area_changes_request_id"), "request_area_changes", ["request_id"]
    )
    op.create_index(
        "ix_request_area_changes_area_id_changed_at",
        "request_area_changes",
        ["area_id", "changed_at"],
    )


def _report_tables() -> None:
    op.create_table(
        "area_reports",
        _id(),
        sa.Column("area_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        _moment("as_of"),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("sections", JSONB(), nullable=False),
        sa.Column("metrics", JSONB(), nullable=False),
        _moment("generated_at", default=True),
        sa.CheckConstraint(
            "jsonb_typeof(sections) = 'array'", name=op.f("ck_area_reports_sections_array")
        ),
        sa.ForeignKeyConstraint(
            ["area_id"],
            ["areas.id"],
            name=op.f("fk_area_reports_area_id_areas"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area_reports")),
    )
    op.create_index(op.f("ix_area_reports_day"), "area_reports", ["day"])
    op.create_index("uq_area_reports_area_id_day", "area_reports", ["area_id", "day"], unique=True)
    op.create_table(
        "digests",
        _id(),
        sa.Column("week", sa.Text(), nullable=False),
        _moment("as_of"),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("chart_file_id", sa.Text(), nullable=True),
        _moment("generated_at", default=True),
        sa.CheckConstraint("week ~ '^[0-9]{4}-W[0-9]{2}$'", name=op.f("ck_digests_week_form")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digests")),
        sa.UniqueConstraint("week", name=op.f("uq_digests_week")),
    )


def downgrade() -> None:
    """Undo it; the data of its tables is lost."""
    for trigger, table in (
        ("accounts_history", "accounts"),
        ("feedback_history", "feedback"),
        ("request_areas_added", "request_areas"),
        ("request_areas_removed", "request_areas"),
    ):
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for function in ("account", "feedback", "area_added", "area_removed", "now"):
        op.execute(f"DROP FUNCTION history_{function}()")
    op.drop_index("ix_decisions_decided_at", "decisions")
    op.drop_index("ix_request_status_changes_changed_at", "request_status_changes")
    op.drop_index("ix_requests_created_at", "requests")
    op.drop_index("ix_feedback_created_at", "feedback")
    for table in (
        "digests",
        "area_reports",
        "request_area_changes",
        "feedback_revisions",
        "account_revisions",
    ):
        op.drop_table(table)
