"""A trigger that a restored backup keeps.

``pg_restore`` works with an empty search path, where vectors cannot be compared by ``IS DISTINCT
FROM``: the trigger that keeps evidence in step with an entry's vector was refused there.

Revision ID: 0017_restorable_trigger
Revises: 0016_shadow_verdicts
"""

from __future__ import annotations

from alembic import op

revision = "0017_restorable_trigger"
down_revision = "0016_shadow_verdicts"
branch_labels = None
depends_on = None

_TRIGGER = """
CREATE OR REPLACE TRIGGER entries_evidence
AFTER UPDATE OF embedding, embedding_model, customer_pain ON entries
FOR EACH ROW WHEN (
    OLD.customer_pain IS DISTINCT FROM NEW.customer_pain
    OR OLD.embedding_model IS DISTINCT FROM NEW.embedding_model
    OR OLD.embedding{cast} IS DISTINCT FROM NEW.embedding{cast})
EXECUTE FUNCTION entry_evidence()
"""


def upgrade() -> None:
    """Compare vectors by their text."""
    op.execute(_TRIGGER.format(cast="::text"))


def downgrade() -> None:
    """Compare vectors as vectors again."""
    op.execute(_TRIGGER.format(cast=""))
