-- Statuses and owners

ALTER TABLE requests DROP CONSTRAINT ck_requests_status_known;
ALTER TABLE requests ADD CONSTRAINT ck_requests_status_known
    CHECK (status IN ('open', 'planned', 'in_progress', 'shipped', 'deprioritized'));
ALTER TABLE request_status_changes DROP CONSTRAINT ck_request_status_changes_status_known;
ALTER TABLE request_status_changes ADD CONSTRAINT ck_request_status_changes_status_known
    CHECK (status IN ('open', 'planned', 'in_progress', 'shipped', 'deprioritized'));

ALTER TABLE requests ADD COLUMN owner_id bigint
    CONSTRAINT fk_requests_owner_id_users REFERENCES users (id);
CREATE INDEX ix_requests_owner_id ON requests (owner_id);

-- Lists on indexes

CREATE INDEX ix_requests_status ON requests (status, id);
CREATE INDEX ix_feedback_account_id ON feedback (account_id, id) WHERE removed_at IS NULL;
CREATE INDEX ix_feedback_request_id_id ON feedback (request_id, id) WHERE removed_at IS NULL;
CREATE INDEX ix_entries_account_id ON entries (account_id, id);
CREATE INDEX ix_entries_submitter_id ON entries (submitter_id, id);
CREATE INDEX ix_request_followers_user_id ON request_followers (user_id, created_at);
CREATE INDEX ix_opportunities_account_id ON opportunities (account_id);
CREATE INDEX ix_messages_failed ON messages (id) WHERE state = 'failed';
CREATE INDEX ix_run_starts_refused ON run_starts (id) WHERE state = 'refused';
CREATE INDEX ix_hooks_handler_open ON hooks (handler, created_at, id)
    WHERE status = 'pending' AND is_current;
CREATE INDEX ix_hooks_handler_closed ON hooks (handler, closed_at) WHERE status <> 'pending';
CREATE INDEX ix_request_links_duplicates ON request_links (confidence, id) WHERE kind = 'duplicate';

-- What a request amounts to

CREATE TABLE request_figures (
    request_id bigint NOT NULL,
    feedback integer NOT NULL DEFAULT 0,
    dealbreakers integer NOT NULL DEFAULT 0,
    accounts integer NOT NULL DEFAULT 0,
    arr numeric(16, 2) NOT NULL DEFAULT 0,
    newest_at timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00',
    recent integer NOT NULL DEFAULT 0,
    before integer NOT NULL DEFAULT 0,
    trend integer NOT NULL GENERATED ALWAYS AS (recent - before) STORED,
    counted_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_request_figures PRIMARY KEY (request_id),
    CONSTRAINT fk_request_figures_request_id_requests FOREIGN KEY (request_id)
        REFERENCES requests (id) ON DELETE CASCADE
);

CREATE TABLE request_figures_stale (
    id bigint GENERATED ALWAYS AS IDENTITY,
    request_id bigint NOT NULL,
    CONSTRAINT pk_request_figures_stale PRIMARY KEY (id)
);

WITH RECURSIVE down AS (
    SELECT id AS top, id FROM requests
    UNION
    SELECT d.top, m.request_id FROM down d
      JOIN request_merges m ON m.into_id = d.id AND m.undone_at IS NULL
), said AS MATERIALIZED (
    SELECT d.top, f.account_id, f.severity, f.created_at
      FROM down d JOIN feedback f ON f.request_id = d.id AND f.removed_at IS NULL
), counted AS (
    SELECT top, count(*) AS feedback, count(*) FILTER (WHERE severity = 'high') AS dealbreakers,
           count(DISTINCT account_id) AS accounts, max(created_at) AS newest_at,
           count(*) FILTER (WHERE created_at > now() - interval '28 days') AS recent,
           count(*) FILTER (WHERE created_at <= now() - interval '28 days'
                              AND created_at > now() - interval '56 days') AS before
      FROM said GROUP BY top
), money AS (
    SELECT o.top, sum(greatest(a.arr, 0)) AS arr
      FROM (SELECT DISTINCT top, account_id FROM said) o JOIN accounts a ON a.id = o.account_id
     GROUP BY o.top
)
INSERT INTO request_figures
    (request_id, feedback, dealbreakers, accounts, arr, newest_at, recent, before)
SELECT r.id, coalesce(c.feedback, 0), coalesce(c.dealbreakers, 0), coalesce(c.accounts, 0),
       coalesce(m.arr, 0), coalesce(c.newest_at, '1970-01-01 00:00:00+00'),
       coalesce(c.recent, 0), coalesce(c.before, 0)
  FROM requests r LEFT JOIN counted c ON c.top = r.id LEFT JOIN money m ON m.top = r.id;

CREATE INDEX ix_request_figures_arr ON request_figures (arr, request_id);
CREATE INDEX ix_request_figures_accounts ON request_figures (accounts, request_id);
CREATE INDEX ix_request_figures_feedback ON request_figures (feedback, request_id);
CREATE INDEX ix_request_figures_dealbreakers ON request_figures (dealbreakers, request_id);
CREATE INDEX ix_request_figures_newest_at ON request_figures (newest_at, request_id);
CREATE INDEX ix_request_figures_trend ON request_figures (trend, request_id);
CREATE INDEX ix_request_figures_counted_at ON request_figures (counted_at)
    WHERE recent > 0 OR before > 0;

-- Who changes evidence only notes that the numbers are stale: no lock, nothing to wait for.

CREATE FUNCTION figures_of_new_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO request_figures (request_id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE FUNCTION figures_stale_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO request_figures_stale (request_id) SELECT DISTINCT request_id FROM new_rows;
    RETURN NULL;
END $$;

CREATE FUNCTION figures_stale_old() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO request_figures_stale (request_id) SELECT DISTINCT request_id FROM old_rows;
    RETURN NULL;
END $$;

CREATE FUNCTION figures_stale_both() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO request_figures_stale (request_id)
    SELECT request_id FROM old_rows UNION SELECT request_id FROM new_rows;
    RETURN NULL;
END $$;

CREATE FUNCTION figures_stale_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO request_figures_stale (request_id)
    SELECT DISTINCT request_id FROM feedback
     WHERE account_id = NEW.id AND removed_at IS NULL;
    RETURN NULL;
END $$;

CREATE FUNCTION figures_stale_merge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO request_figures_stale (request_id) VALUES (NEW.request_id), (NEW.into_id);
    RETURN NULL;
END $$;

CREATE TRIGGER requests_figures AFTER INSERT ON requests
FOR EACH ROW EXECUTE FUNCTION figures_of_new_request();

CREATE TRIGGER feedback_figures_new AFTER INSERT ON feedback
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION figures_stale_new();

CREATE TRIGGER feedback_figures_old AFTER DELETE ON feedback
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION figures_stale_old();

CREATE TRIGGER feedback_figures_both AFTER UPDATE ON feedback
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION figures_stale_both();

CREATE TRIGGER accounts_figures_new AFTER INSERT ON accounts
FOR EACH ROW EXECUTE FUNCTION figures_stale_account();

CREATE TRIGGER accounts_figures AFTER UPDATE OF arr ON accounts
FOR EACH ROW WHEN (OLD.arr IS DISTINCT FROM NEW.arr) EXECUTE FUNCTION figures_stale_account();

CREATE TRIGGER request_merges_figures AFTER INSERT OR UPDATE ON request_merges
FOR EACH ROW EXECUTE FUNCTION figures_stale_merge();
