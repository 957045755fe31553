"""Webhooks: programs elsewhere that hear what happens, and the calls to make.

Revision ID: 0010_webhooks
Revises: 0009_rights_and_erasure
"""

from __future__ import annotations

from alembic import op

revision = "0010_webhooks"
down_revision = "0009_rights_and_erasure"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE webhooks (
    id bigint GENERATED ALWAYS AS IDENTITY,
    url text NOT NULL,
    secret text NOT NULL,
    events jsonb NOT NULL,
    state text NOT NULL DEFAULT 'on',
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    failures integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    resting_until timestamptz,
    last_error text,
    delivered_at timestamptz,
    CONSTRAINT pk_webhooks PRIMARY KEY (id),
    CONSTRAINT ck_webhooks_events_present CHECK (jsonb_array_length(events) > 0),
    CONSTRAINT ck_webhooks_failing_has_time CHECK ((failures = 0) = (failing_since IS NULL)),
    CONSTRAINT ck_webhooks_state_known CHECK (state IN ('on', 'off'))
);

CREATE TABLE webhook_deliveries (
    id bigint GENERATED ALWAYS AS IDENTITY,
    webhook_id bigint NOT NULL,
    key text NOT NULL,
    event text NOT NULL,
    request_id bigint NOT NULL,
    feedback_id bigint,
    state text NOT NULL DEFAULT 'pending',
    attempts integer NOT NULL DEFAULT 0,
    error text,
    not_before timestamptz,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    delivered_at timestamptz,
    CONSTRAINT pk_webhook_deliveries PRIMARY KEY (id),
    CONSTRAINT uq_webhook_deliveries_webhook_id_key UNIQUE (webhook_id, key),
    CONSTRAINT ck_webhook_deliveries_event_known
        CHECK (event IN ('request.opened', 'evidence.attached', 'request.shipped')),
    CONSTRAINT ck_webhook_deliveries_state_known
        CHECK (state IN ('pending', 'done', 'failed', 'superseded')),
    CONSTRAINT fk_webhook_deliveries_webhook_id_webhooks FOREIGN KEY (webhook_id)
        REFERENCES webhooks (id) ON DELETE CASCADE
);
CREATE INDEX ix_webhook_deliveries_pending ON webhook_deliveries (id) WHERE state = 'pending';
"""


def upgrade() -> None:
    """Make the tables."""
    op.get_bind().exec_driver_sql(UP, execution_options={"no_parameters": True})


def downgrade() -> None:
    """Drop them, with the secrets."""
    op.execute("DROP TABLE webhook_deliveries, webhooks")
