"""What another model or prompt would have decided: numbers only, acted on by nothing.

Revision ID: 0016_shadow_verdicts
Revises: 0015_judges_of_thresholds
"""

from __future__ import annotations

from alembic import op

revision = "0016_shadow_verdicts"
down_revision = "0015_judges_of_thresholds"
branch_labels = None
depends_on = None

_UP = """
CREATE TABLE shadow_verdicts (
    id bigint GENERATED ALWAYS AS IDENTITY,
    decision_id bigint NOT NULL,
    model text NOT NULL,
    prompt_version text NOT NULL,
    route text,
    request_id bigint,
    confidence double precision,
    verdicts jsonb DEFAULT '[]' NOT NULL,
    thresholds_version bigint,
    tokens_in integer DEFAULT 0 NOT NULL,
    tokens_out integer DEFAULT 0 NOT NULL,
    cost numeric(14, 8) DEFAULT 0 NOT NULL,
    created_at timestamptz DEFAULT durable_now() NOT NULL,
    CONSTRAINT pk_shadow_verdicts PRIMARY KEY (id),
    CONSTRAINT uq_shadow_verdicts_decision_id_model_prompt_version
        UNIQUE (decision_id, model, prompt_version),
    CONSTRAINT ck_shadow_verdicts_route_known
        CHECK (route IN ('attach', 'ask', 'create', 'set_aside')),
    CONSTRAINT ck_shadow_verdicts_confidence_range CHECK (confidence BETWEEN 0 AND 1),
    CONSTRAINT fk_shadow_verdicts_decision_id_decisions
        FOREIGN KEY (decision_id) REFERENCES decisions (id),
    CONSTRAINT fk_shadow_verdicts_request_id_requests
        FOREIGN KEY (request_id) REFERENCES requests (id),
    CONSTRAINT fk_shadow_verdicts_thresholds_version_thresholds
        FOREIGN KEY (thresholds_version) REFERENCES thresholds (version)
);
CREATE INDEX ix_shadow_verdicts_created_at ON shadow_verdicts (created_at);
"""


def upgrade() -> None:
    """Make the table."""
    op.get_bind().exec_driver_sql(_UP, execution_options={"no_parameters": True})


def downgrade() -> None:
    """Drop it; the calls stay in ``model_calls``."""
    op.execute("DROP TABLE shadow_verdicts")
