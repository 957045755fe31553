DROP TRIGGER request_merges_figures ON request_merges;
DROP TRIGGER accounts_figures ON accounts;
DROP TRIGGER accounts_figures_new ON accounts;
DROP TRIGGER feedback_figures_both ON feedback;
DROP TRIGGER feedback_figures_old ON feedback;
DROP TRIGGER feedback_figures_new ON feedback;
DROP TRIGGER requests_figures ON requests;
DROP FUNCTION figures_stale_merge();
DROP FUNCTION figures_stale_account();
DROP FUNCTION figures_stale_both();
DROP FUNCTION figures_stale_old();
DROP FUNCTION figures_stale_new();
DROP FUNCTION figures_of_new_request();
DROP TABLE request_figures_stale;
DROP TABLE request_figures;

DROP INDEX ix_request_links_duplicates;
DROP INDEX ix_hooks_handler_closed;
DROP INDEX ix_hooks_handler_open;
DROP INDEX ix_run_starts_refused;
DROP INDEX ix_messages_failed;
DROP INDEX ix_opportunities_account_id;
DROP INDEX ix_request_followers_user_id;
DROP INDEX ix_entries_submitter_id;
DROP INDEX ix_entries_account_id;
DROP INDEX ix_feedback_request_id_id;
DROP INDEX ix_feedback_account_id;
DROP INDEX ix_requests_status;

ALTER TABLE requests DROP COLUMN owner_id;

UPDATE requests SET status = 'open' WHERE status IN ('planned', 'in_progress');
UPDATE request_status_changes SET status = 'open' WHERE status IN ('planned', 'in_progress');
ALTER TABLE requests DROP CONSTRAINT ck_requests_status_known;
ALTER TABLE requests ADD CONSTRAINT ck_requests_status_known
    CHECK (status IN ('open', 'shipped', 'deprioritized'));
ALTER TABLE request_status_changes DROP CONSTRAINT ck_request_status_changes_status_known;
ALTER TABLE request_status_changes ADD CONSTRAINT ck_request_status_changes_status_known
    CHECK (status IN ('open', 'shipped', 'deprioritized'));
