"""Proposals of thresholds that were learned from people's answers.

Revision ID: 0007_threshold_proposals
Revises: 0006_evidence
"""

from __future__ import annotations

from alembic import op

revision = "0007_threshold_proposals"
down_revision = "0006_evidence"
branch_labels = None
depends_on = None

_UP = """
CREATE TABLE threshold_proposals (
    id bigint GENERATED ALWAYS AS IDENTITY,
    key text NOT NULL,
    area_id bigint,
    as_of timestamptz NOT NULL,
    state text DEFAULT 'open' NOT NULL,
    attach double precision NOT NULL,
    ask double precision NOT NULL,
    labels integer NOT NULL,
    precision double precision,
    facts jsonb DEFAULT '{}' NOT NULL,
    version bigint,
    undone_version bigint,
    created_at timestamptz DEFAULT durable_now() NOT NULL,
    decided_by text,
    decided_at timestamptz,
    CONSTRAINT pk_threshold_proposals PRIMARY KEY (id),
    CONSTRAINT uq_threshold_proposals_key UNIQUE (key),
    CONSTRAINT ck_threshold_proposals_state_known
        CHECK (state IN ('open', 'accepted', 'declined', 'undone', 'replaced')),
    CONSTRAINT ck_threshold_proposals_ordered
        CHECK (0 < ask AND ask <= attach AND attach <= 1),
    CONSTRAINT fk_threshold_proposals_area_id_areas FOREIGN KEY (area_id) REFERENCES areas (id),
    CONSTRAINT fk_threshold_proposals_version_thresholds
        FOREIGN KEY (version) REFERENCES thresholds (version),
    CONSTRAINT fk_threshold_proposals_undone_version_thresholds
        FOREIGN KEY (undone_version) REFERENCES thresholds (version)
);
CREATE INDEX ix_threshold_proposals_area_id ON threshold_proposals (area_id);
"""


def upgrade() -> None:
    """Make the table."""
    op.get_bind().exec_driver_sql(_UP, execution_options={"no_parameters": True})


def downgrade() -> None:
    """Drop it; versions of thresholds that were accepted stay."""
    op.execute("DROP TABLE threshold_proposals")
