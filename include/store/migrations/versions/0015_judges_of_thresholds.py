"""Thresholds that were learned from the answers on one judge count for that judge.

Revision ID: 0015_judges_of_thresholds
Revises: 0014_questions_by_day
"""

from __future__ import annotations

from alembic import op

revision = "0015_judges_of_thresholds"
down_revision = "0014_questions_by_day"
branch_labels = None
depends_on = None

_UP = """
ALTER TABLE thresholds ADD COLUMN judge text;
ALTER TABLE thresholds ADD COLUMN is_fitted boolean DEFAULT false NOT NULL;
ALTER TABLE thresholds ADD CONSTRAINT ck_thresholds_fitted_has_judge
    CHECK (NOT is_fitted OR judge IS NOT NULL);
ALTER TABLE threshold_proposals ADD COLUMN judge text;
"""

# Without the column a judge's own thresholds would count for all. Decisions refer to them, so they
# stay, and those that were in force for all are put in force again after them.
_DOWN = """
INSERT INTO thresholds (area_id, attach, ask, note, created_by)
SELECT g.area_id, g.attach, g.ask, g.note, g.created_by
  FROM (SELECT DISTINCT ON (area_id) * FROM thresholds WHERE judge IS NULL
         ORDER BY area_id, version DESC) g
 WHERE EXISTS (SELECT FROM thresholds t
                WHERE t.area_id IS NOT DISTINCT FROM g.area_id AND t.judge IS NOT NULL
                  AND t.version > g.version)
 ORDER BY g.version;
ALTER TABLE threshold_proposals DROP COLUMN judge;
ALTER TABLE thresholds DROP CONSTRAINT ck_thresholds_fitted_has_judge;
ALTER TABLE thresholds DROP COLUMN is_fitted;
ALTER TABLE thresholds DROP COLUMN judge;
"""


def upgrade() -> None:
    """Add whose answers each version, and each proposal, was learned from."""
    op.get_bind().exec_driver_sql(_UP, execution_options={"no_parameters": True})


def downgrade() -> None:
    """Take it away; thresholds of one judge are no longer in force."""
    op.get_bind().exec_driver_sql(_DOWN, execution_options={"no_parameters": True})
