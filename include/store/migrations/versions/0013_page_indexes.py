"""Indexes for what a million entries showed to be read from end to end.

The settings count the decisions of each version of the thresholds, a request's page its accounts,
and the list of accounts sorts by ARR. One index on entries was there twice.

Revision ID: 0013_page_indexes
Revises: 0012_area_owners
"""

from __future__ import annotations

from alembic import op

revision = "0013_page_indexes"
down_revision = "0012_area_owners"
branch_labels = None
depends_on = None

_ADDED = {
    "ix_decisions_thresholds_version": "decisions (thresholds_version, decided_at)",
    "ix_feedback_request_id_account_id": (
        "feedback (request_id, account_id) WHERE removed_at IS NULL"
    ),
    "ix_accounts_place": "accounts (coalesce(arr, -1), id)",
}


def upgrade() -> None:
    """Add what is missing, take away what is there twice."""
    for name, what in _ADDED.items():
        op.execute(f"CREATE INDEX {name} ON {what}")
    op.execute("DROP INDEX ix_entries_submitter")


def downgrade() -> None:
    """The other way round."""
    op.execute("CREATE INDEX ix_entries_submitter ON entries (submitter_id, id)")
    for name in _ADDED:
        op.execute(f"DROP INDEX {name}")
