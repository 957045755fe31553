"""Vectors of what is attached to a request, kept right by triggers in the writer's transaction.

Revision ID: 0006_evidence
Revises: 0005_not_feedback
"""

from __future__ import annotations

from alembic import op

revision = "0006_evidence"
down_revision = "0005_not_feedback"
branch_labels = None
depends_on = None

# The lock is `AdvisoryLock.KEEPING_EVIDENCE`: two transactions that attach to the same requests in
# another order would otherwise wait for each other's sums.
_UP = r"""
CREATE TABLE request_evidence (
    feedback_id bigint NOT NULL,
    model text NOT NULL,
    request_id bigint NOT NULL,
    is_short boolean NOT NULL,
    is_compared boolean DEFAULT false NOT NULL,
    embedding vector(384) NOT NULL,
    created_at timestamptz DEFAULT durable_now() NOT NULL,
    CONSTRAINT pk_request_evidence PRIMARY KEY (feedback_id, model),
    CONSTRAINT fk_request_evidence_feedback_id_feedback
        FOREIGN KEY (feedback_id) REFERENCES feedback (id) ON DELETE CASCADE,
    CONSTRAINT fk_request_evidence_request_id_requests
        FOREIGN KEY (request_id) REFERENCES requests (id) ON DELETE CASCADE
);
CREATE INDEX ix_request_evidence_request_id ON request_evidence (request_id, model);
CREATE INDEX ix_request_evidence_hnsw ON request_evidence
    USING hnsw (embedding vector_cosine_ops) WITH (m = 16, ef_construction = 128)
    WHERE is_compared;

CREATE TABLE request_centroids (
    request_id bigint NOT NULL,
    model text NOT NULL,
    pieces integer NOT NULL,
    total vector(384) NOT NULL,
    CONSTRAINT pk_request_centroids PRIMARY KEY (request_id, model),
    CONSTRAINT fk_request_centroids_request_id_requests
        FOREIGN KEY (request_id) REFERENCES requests (id) ON DELETE CASCADE
);

-- Which pieces a search compares one by one: the newest short ones, at most 20.
CREATE FUNCTION evidence_compare(the_request bigint, the_model text) RETURNS void
LANGUAGE sql AS $$
    UPDATE request_evidence e SET is_compared = wanted.is_compared
      FROM (SELECT feedback_id, is_short AND row_number() OVER (
                       PARTITION BY is_short ORDER BY feedback_id DESC) <= 20 AS is_compared
              FROM request_evidence
             WHERE request_id = the_request AND model = the_model) wanted
     WHERE e.feedback_id = wanted.feedback_id AND e.model = the_model
       AND e.is_compared <> wanted.is_compared
$$;

CREATE FUNCTION evidence_count(
    the_request bigint, the_model text, the_vector vector, the_sign integer
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    unit vector := l2_normalize(the_vector);
BEGIN
    PERFORM pg_advisory_xact_lock(7310015);
    IF the_sign > 0 THEN
        INSERT INTO request_centroids AS c (request_id, model, pieces, total)
        VALUES (the_request, the_model, 1, unit)
        ON CONFLICT (request_id, model)
        DO UPDATE SET pieces = c.pieces + 1, total = c.total + EXCLUDED.total;
    ELSE
        DELETE FROM request_centroids
         WHERE request_id = the_request AND model = the_model AND pieces <= 1;
        UPDATE request_centroids SET pieces = pieces - 1, total = total - unit
         WHERE request_id = the_request AND model = the_model;
    END IF;
    PERFORM evidence_compare(the_request, the_model);
END $$;

CREATE FUNCTION evidence_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM evidence_count(OLD.request_id, OLD.model, OLD.embedding, -1);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM evidence_count(NEW.request_id, NEW.model, NEW.embedding, 1);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER request_evidence_counted
AFTER INSERT OR DELETE OR UPDATE OF request_id, embedding, is_short ON request_evidence
FOR EACH ROW EXECUTE FUNCTION evidence_changed();

-- A vector that says nothing (all zero) has no direction and is left out.
CREATE FUNCTION evidence_keep(the_feedback bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO request_evidence (feedback_id, model, request_id, is_short, embedding)
    SELECT f.id, e.embedding_model, f.request_id, f.quote_length <= 80, e.embedding
      FROM feedback f JOIN entries e ON e.id = f.entry_id
     WHERE f.id = the_feedback AND f.removed_at IS NULL AND e.embedding IS NOT NULL
       AND vector_norm(e.embedding) > 0
    ON CONFLICT (feedback_id, model) DO UPDATE
       SET request_id = EXCLUDED.request_id, is_short = EXCLUDED.is_short,
           embedding = EXCLUDED.embedding
$$;

CREATE FUNCTION feedback_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.removed_at IS NOT NULL THEN
        DELETE FROM request_evidence WHERE feedback_id = NEW.id;
    ELSE
        IF TG_OP = 'UPDATE' THEN
            UPDATE request_evidence SET request_id = NEW.request_id
             WHERE feedback_id = NEW.id AND request_id <> NEW.request_id;
        END IF;
        PERFORM evidence_keep(NEW.id);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER feedback_evidence_added AFTER INSERT ON feedback
FOR EACH ROW EXECUTE FUNCTION feedback_evidence();
CREATE TRIGGER feedback_evidence_changed
AFTER UPDATE OF request_id, removed_at, quote_length ON feedback
FOR EACH ROW WHEN ((OLD.request_id, OLD.removed_at, OLD.quote_length)
                   IS DISTINCT FROM (NEW.request_id, NEW.removed_at, NEW.quote_length))
EXECUTE FUNCTION feedback_evidence();

-- Words that are erased or embedded again: what was made of the old ones goes.
CREATE FUNCTION entry_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.customer_pain IS DISTINCT FROM NEW.customer_pain OR NEW.embedding IS NULL THEN
        DELETE FROM request_evidence
         WHERE feedback_id IN (SELECT id FROM feedback WHERE entry_id = NEW.id);
    END IF;
    PERFORM evidence_keep(id) FROM feedback WHERE entry_id = NEW.id AND removed_at IS NULL;
    RETURN NULL;
END $$;

CREATE TRIGGER entries_evidence AFTER UPDATE OF embedding, embedding_model, customer_pain ON entries
FOR EACH ROW WHEN (
    OLD.customer_pain IS DISTINCT FROM NEW.customer_pain
    OR OLD.embedding_model IS DISTINCT FROM NEW.embedding_model
    OR OLD.embedding IS DISTINCT FROM NEW.embedding)
EXECUTE FUNCTION entry_evidence();
"""

_DOWN = """
DROP TRIGGER entries_evidence ON entries;
DROP TRIGGER feedback_evidence_changed ON feedback;
DROP TRIGGER feedback_evidence_added ON feedback;
DROP TABLE request_evidence;
DROP TABLE request_centroids;
DROP FUNCTION entry_evidence, feedback_evidence, evidence_keep, evidence_changed, evidence_count,
              evidence_compare;
"""


def upgrade() -> None:
    """Make the tables and triggers; `sync_embeddings` fills in what is attached already."""
    op.get_bind().exec_driver_sql(_UP, execution_options={"no_parameters": True})


def downgrade() -> None:
    """Drop them; nothing is lost that cannot be made again."""
    op.get_bind().exec_driver_sql(_DOWN, execution_options={"no_parameters": True})
