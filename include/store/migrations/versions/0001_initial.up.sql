CREATE EXTENSION IF NOT EXISTS vector;

-- Who speaks and about whom

CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY,
    email text,
    slack_user_id text,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_users PRIMARY KEY (id),
    CONSTRAINT uq_users_slack_user_id UNIQUE (slack_user_id),
    CONSTRAINT ck_users_reachable CHECK (email IS NOT NULL OR slack_user_id IS NOT NULL)
);
CREATE UNIQUE INDEX uq_users_email ON users (lower(email));

CREATE TABLE user_aliases (
    email text NOT NULL,
    user_id bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_user_aliases PRIMARY KEY (email),
    CONSTRAINT ck_user_aliases_email_lower CHECK (email = lower(email)),
    CONSTRAINT fk_user_aliases_user_id_users FOREIGN KEY (user_id)
        REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_user_aliases_user_id ON user_aliases (user_id);

CREATE TABLE areas (
    id bigint GENERATED ALWAYS AS IDENTITY,
    slug text NOT NULL,
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    slack_channel text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_areas PRIMARY KEY (id),
    CONSTRAINT uq_areas_slug UNIQUE (slug),
    CONSTRAINT ck_areas_slug_form CHECK (slug ~ '^[a-z0-9][a-z0-9-]*$')
);

CREATE TABLE accounts (
    id text NOT NULL,
    name text NOT NULL,
    arr numeric(14,2),
    region text,
    is_enterprise boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_accounts PRIMARY KEY (id)
);

CREATE TABLE opportunities (
    id text NOT NULL,
    account_id text,
    name text NOT NULL,
    stage text,
    arr numeric(14,2),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_opportunities PRIMARY KEY (id),
    CONSTRAINT fk_opportunities_account_id_accounts FOREIGN KEY (account_id)
        REFERENCES accounts (id)
);

-- What customers said, and the requests that it is evidence of

CREATE TABLE entries (
    id bigint GENERATED ALWAYS AS IDENTITY,
    idempotency_key text NOT NULL,
    source text NOT NULL,
    external_id text,
    customer_pain text NOT NULL,
    severity text NOT NULL,
    account_id text,
    account_known boolean NOT NULL,
    opportunity_id text,
    opportunity_known boolean NOT NULL,
    areas jsonb NOT NULL DEFAULT '[]',
    unknown_areas jsonb NOT NULL DEFAULT '[]',
    links jsonb NOT NULL DEFAULT '[]',
    submitter_id bigint,
    status text NOT NULL DEFAULT 'received',
    outcome text,
    dag_id text NOT NULL,
    run_id text NOT NULL,
    error text,
    embedding vector(384),
    embedding_model text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    parent_id bigint,
    pain_number integer NOT NULL DEFAULT 0,
    pain_start integer,
    pain_end integer,
    suggestion jsonb,
    noise_reason text,
    restored_by text,
    restored_at timestamptz,
    told_in bigint,
    CONSTRAINT pk_entries PRIMARY KEY (id),
    CONSTRAINT uq_entries_idempotency_key UNIQUE (idempotency_key),
    CONSTRAINT ck_entries_done_has_outcome CHECK ((status = 'done') = (outcome IS NOT NULL)),
    CONSTRAINT ck_entries_embedding_named CHECK ((embedding IS NULL) = (embedding_model IS NULL)),
    CONSTRAINT ck_entries_noise_has_reason CHECK (outcome <> 'noise' OR noise_reason IS NOT NULL),
    CONSTRAINT ck_entries_outcome_known
        CHECK (outcome IN ('attached', 'created', 'noise', 'split')),
    CONSTRAINT ck_entries_pain_length CHECK (char_length(customer_pain) <= 10000),
    CONSTRAINT ck_entries_pain_present CHECK (char_length(btrim(customer_pain)) > 0),
    CONSTRAINT ck_entries_pain_span CHECK (pain_start >= 0 AND pain_start < pain_end),
    CONSTRAINT ck_entries_severity_known CHECK (severity IN ('low', 'medium', 'high')),
    CONSTRAINT ck_entries_source_known CHECK (source IN ('slack', 'api', 'ui', 'import')),
    CONSTRAINT ck_entries_status_known CHECK (status IN ('received', 'waiting', 'done', 'failed')),
    CONSTRAINT fk_entries_parent_id_entries FOREIGN KEY (parent_id) REFERENCES entries (id),
    CONSTRAINT fk_entries_submitter_id_users FOREIGN KEY (submitter_id) REFERENCES users (id)
);
CREATE INDEX ix_entries_parent_id ON entries (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX ix_entries_run ON entries (dag_id, run_id);
CREATE INDEX ix_entries_told_in ON entries (told_in) WHERE told_in IS NOT NULL;
CREATE INDEX ix_entries_unfinished ON entries (updated_at) WHERE status <> 'done';

CREATE TABLE requests (
    id bigint GENERATED ALWAYS AS IDENTITY,
    slug text NOT NULL,
    title text NOT NULL,
    description text NOT NULL DEFAULT '',
    status text NOT NULL DEFAULT 'open',
    created_by bigint,
    opened_by_entry_id bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    shipped_at timestamptz,
    search tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('english'::regconfig, normalize(title, NFKC)), 'A')
        || setweight(to_tsvector('english'::regconfig, normalize(description, NFKC)), 'B')
    ) STORED,
    CONSTRAINT pk_requests PRIMARY KEY (id),
    CONSTRAINT uq_requests_opened_by_entry_id UNIQUE (opened_by_entry_id),
    CONSTRAINT uq_requests_slug UNIQUE (slug),
    CONSTRAINT ck_requests_slug_form CHECK (slug ~ '^[a-z0-9][a-z0-9-]*$'),
    CONSTRAINT ck_requests_status_known CHECK (status IN ('open', 'shipped', 'deprioritized')),
    CONSTRAINT ck_requests_title_length
        CHECK (char_length(title) BETWEEN 5 AND 120),
    CONSTRAINT fk_requests_created_by_users FOREIGN KEY (created_by) REFERENCES users (id),
    CONSTRAINT fk_requests_opened_by_entry_id_entries FOREIGN KEY (opened_by_entry_id)
        REFERENCES entries (id)
);
CREATE INDEX ix_requests_created_at ON requests (created_at);
CREATE INDEX ix_requests_search ON requests USING gin (search) WITH (fastupdate = off);

CREATE TABLE request_areas (
    request_id bigint NOT NULL,
    area_id bigint NOT NULL,
    CONSTRAINT pk_request_areas PRIMARY KEY (request_id, area_id),
    CONSTRAINT fk_request_areas_area_id_areas FOREIGN KEY (area_id)
        REFERENCES areas (id) ON DELETE CASCADE,
    CONSTRAINT fk_request_areas_request_id_requests FOREIGN KEY (request_id)
        REFERENCES requests (id) ON DELETE CASCADE
);
CREATE INDEX ix_request_areas_area_id ON request_areas (area_id);

CREATE TABLE request_embeddings (
    request_id bigint NOT NULL,
    model text NOT NULL,
    dimensions integer NOT NULL,
    content_hash text NOT NULL,
    embedding vector(384) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_request_embeddings PRIMARY KEY (request_id, model),
    CONSTRAINT ck_request_embeddings_dimensions_match CHECK (dimensions = vector_dims(embedding)),
    CONSTRAINT fk_request_embeddings_request_id_requests FOREIGN KEY (request_id)
        REFERENCES requests (id) ON DELETE CASCADE
);
CREATE INDEX ix_request_embeddings_hnsw ON request_embeddings
    USING hnsw (embedding vector_cosine_ops) WITH (m = 16, ef_construction = 128);

CREATE TABLE request_status_changes (
    id bigint GENERATED ALWAYS AS IDENTITY,
    request_id bigint NOT NULL,
    status text NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_request_status_changes PRIMARY KEY (id),
    CONSTRAINT ck_request_status_changes_status_known
        CHECK (status IN ('open', 'shipped', 'deprioritized')),
    CONSTRAINT fk_request_status_changes_request_id_requests FOREIGN KEY (request_id)
        REFERENCES requests (id) ON DELETE CASCADE
);
CREATE INDEX ix_request_status_changes_changed_at ON request_status_changes (changed_at);
CREATE INDEX ix_request_status_changes_request_id ON request_status_changes (request_id);

CREATE TABLE request_followers (
    request_id bigint NOT NULL,
    user_id bigint NOT NULL,
    entry_id bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_request_followers PRIMARY KEY (request_id, user_id),
    CONSTRAINT fk_request_followers_entry_id_entries FOREIGN KEY (entry_id)
        REFERENCES entries (id) ON DELETE SET NULL,
    CONSTRAINT fk_request_followers_request_id_requests FOREIGN KEY (request_id)
        REFERENCES requests (id) ON DELETE CASCADE,
    CONSTRAINT fk_request_followers_user_id_users FOREIGN KEY (user_id)
        REFERENCES users (id) ON DELETE CASCADE
);

CREATE TABLE thresholds (
    version bigint GENERATED ALWAYS AS IDENTITY,
    area_id bigint,
    attach double precision NOT NULL,
    ask double precision NOT NULL,
    note text NOT NULL DEFAULT '',
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_thresholds PRIMARY KEY (version),
    CONSTRAINT ck_thresholds_ordered CHECK (0 < ask AND ask <= attach AND attach <= 1),
    CONSTRAINT fk_thresholds_area_id_areas FOREIGN KEY (area_id) REFERENCES areas (id)
);
CREATE INDEX ix_thresholds_area_id ON thresholds (area_id);

CREATE TABLE decisions (
    id bigint GENERATED ALWAYS AS IDENTITY,
    key text NOT NULL,
    entry_id bigint NOT NULL,
    pain_number integer NOT NULL DEFAULT 0,
    step text NOT NULL,
    route text NOT NULL,
    request_id bigint,
    confidence double precision,
    reason text NOT NULL DEFAULT '',
    match_type text,
    candidates jsonb NOT NULL DEFAULT '[]',
    thresholds_version bigint,
    judge text,
    model text,
    prompt_version text,
    degraded boolean NOT NULL DEFAULT false,
    actor_kind text NOT NULL,
    actor text,
    decided_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_decisions PRIMARY KEY (id),
    CONSTRAINT uq_decisions_key UNIQUE (key),
    CONSTRAINT ck_decisions_actor_kind_known CHECK (actor_kind IN ('system', 'person', 'clock')),
    CONSTRAINT ck_decisions_confidence_range CHECK (confidence BETWEEN 0 AND 1),
    CONSTRAINT ck_decisions_route_known CHECK (route IN ('attach', 'ask', 'create')),
    CONSTRAINT ck_decisions_step_known
        CHECK (step IN ('match', 'answer', 'expiry', 'cancel', 'result', 'undo', 'pick')),
    CONSTRAINT fk_decisions_entry_id_entries FOREIGN KEY (entry_id) REFERENCES entries (id),
    CONSTRAINT fk_decisions_request_id_requests FOREIGN KEY (request_id) REFERENCES requests (id),
    CONSTRAINT fk_decisions_thresholds_version_thresholds FOREIGN KEY (thresholds_version)
        REFERENCES thresholds (version)
);
CREATE INDEX ix_decisions_decided_at ON decisions (decided_at);
CREATE INDEX ix_decisions_entry_id ON decisions (entry_id);

CREATE TABLE feedback (
    id bigint GENERATED ALWAYS AS IDENTITY,
    request_id bigint NOT NULL,
    entry_id bigint NOT NULL,
    pain_number integer NOT NULL DEFAULT 0,
    quote_start integer NOT NULL DEFAULT 0,
    quote_length integer NOT NULL,
    severity text NOT NULL,
    account_id text,
    opportunity_id text,
    links jsonb NOT NULL DEFAULT '[]',
    confidence double precision,
    reason text NOT NULL DEFAULT '',
    match_type text NOT NULL,
    created_by bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    removed_at timestamptz,
    removed_by text,
    CONSTRAINT pk_feedback PRIMARY KEY (id),
    CONSTRAINT ck_feedback_confidence_range CHECK (confidence BETWEEN 0 AND 1),
    CONSTRAINT ck_feedback_pain_number_range CHECK (pain_number >= 0),
    CONSTRAINT ck_feedback_quote_span CHECK (quote_start >= 0 AND quote_length > 0),
    CONSTRAINT ck_feedback_severity_known CHECK (severity IN ('low', 'medium', 'high')),
    CONSTRAINT fk_feedback_created_by_users FOREIGN KEY (created_by) REFERENCES users (id),
    CONSTRAINT fk_feedback_entry_id_entries FOREIGN KEY (entry_id) REFERENCES entries (id),
    CONSTRAINT fk_feedback_request_id_requests FOREIGN KEY (request_id) REFERENCES requests (id)
);
CREATE INDEX ix_feedback_created_at ON feedback (created_at);
CREATE INDEX ix_feedback_request_id ON feedback (request_id);
CREATE UNIQUE INDEX uq_feedback_entry_id_pain_number ON feedback (entry_id, pain_number)
    WHERE removed_at IS NULL;

-- Links and merges of requests, and the builds of their vectors

CREATE TABLE request_links (
    id bigint GENERATED ALWAYS AS IDENTITY,
    low_id bigint NOT NULL,
    high_id bigint NOT NULL,
    kind text NOT NULL,
    confidence double precision NOT NULL,
    reason text NOT NULL DEFAULT '',
    judge text NOT NULL,
    model text NOT NULL,
    found_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    dismissed_by text,
    dismissed_at timestamptz,
    CONSTRAINT pk_request_links PRIMARY KEY (id),
    CONSTRAINT uq_request_links_low_id_high_id UNIQUE (low_id, high_id),
    CONSTRAINT ck_request_links_confidence_range CHECK (confidence BETWEEN 0 AND 1),
    CONSTRAINT ck_request_links_dismissed_has_time
        CHECK ((kind = 'dismissed') = (dismissed_at IS NOT NULL)),
    CONSTRAINT ck_request_links_kind_known CHECK (kind IN ('related', 'duplicate', 'dismissed')),
    CONSTRAINT ck_request_links_ordered CHECK (low_id < high_id),
    CONSTRAINT fk_request_links_high_id_requests FOREIGN KEY (high_id)
        REFERENCES requests (id) ON DELETE CASCADE,
    CONSTRAINT fk_request_links_low_id_requests FOREIGN KEY (low_id)
        REFERENCES requests (id) ON DELETE CASCADE
);
CREATE INDEX ix_request_links_high_id ON request_links (high_id);

CREATE TABLE request_merges (
    id bigint GENERATED ALWAYS AS IDENTITY,
    request_id bigint NOT NULL,
    into_id bigint NOT NULL,
    reason text NOT NULL DEFAULT '',
    merged_by text NOT NULL,
    merged_at timestamptz NOT NULL DEFAULT now(),
    undone_by text,
    undone_at timestamptz,
    CONSTRAINT pk_request_merges PRIMARY KEY (id),
    CONSTRAINT ck_request_merges_not_itself CHECK (request_id <> into_id),
    CONSTRAINT ck_request_merges_undone_by_whom CHECK ((undone_at IS NULL) = (undone_by IS NULL)),
    CONSTRAINT fk_request_merges_into_id_requests FOREIGN KEY (into_id)
        REFERENCES requests (id) ON DELETE CASCADE,
    CONSTRAINT fk_request_merges_request_id_requests FOREIGN KEY (request_id)
        REFERENCES requests (id) ON DELETE CASCADE
);
CREATE INDEX ix_request_merges_into_id ON request_merges (into_id);
CREATE UNIQUE INDEX uq_request_merges_live ON request_merges (request_id) WHERE undone_at IS NULL;

CREATE TABLE embedding_indexes (
    key text NOT NULL,
    model text NOT NULL,
    dimensions integer NOT NULL,
    state text NOT NULL,
    run_id text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    live_at timestamptz,
    retired_at timestamptz,
    CONSTRAINT pk_embedding_indexes PRIMARY KEY (key),
    CONSTRAINT ck_embedding_indexes_state_known CHECK (state IN ('building', 'live', 'retired'))
);
CREATE UNIQUE INDEX uq_embedding_indexes_live ON embedding_indexes (model) WHERE state = 'live';

-- Where a request's evidence counts: the end of its chain of merges, or itself.
CREATE VIEW request_roots AS
WITH RECURSIVE chain AS (
    SELECT request_id, into_id AS root_id, ARRAY[request_id] AS seen
      FROM request_merges WHERE undone_at IS NULL
    UNION ALL
    SELECT c.request_id, m.into_id, c.seen || m.request_id
      FROM chain c JOIN request_merges m ON m.request_id = c.root_id AND m.undone_at IS NULL
     WHERE NOT m.request_id = ANY(c.seen)
), ends AS (
    SELECT request_id, root_id FROM chain c
     WHERE NOT EXISTS (SELECT 1 FROM request_merges m
                        WHERE m.request_id = c.root_id AND m.undone_at IS NULL)
)
SELECT r.id AS request_id, COALESCE(e.root_id, r.id) AS root_id
  FROM requests r LEFT JOIN ends e ON e.request_id = r.id;

-- Durable hooks

CREATE TABLE hook_keys (
    id bigint GENERATED ALWAYS AS IDENTITY,
    secret bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    CONSTRAINT pk_hook_keys PRIMARY KEY (id),
    CONSTRAINT ck_hook_keys_secret_length CHECK (octet_length(secret) >= 32)
);

CREATE TABLE hooks (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    key text NOT NULL,
    round integer NOT NULL DEFAULT 1,
    is_current boolean NOT NULL DEFAULT true,
    kind text NOT NULL,
    dag_id text NOT NULL,
    run_id text NOT NULL,
    task_id text,
    map_index integer NOT NULL DEFAULT -1,
    handler text,
    question jsonb NOT NULL DEFAULT '{}',
    responders jsonb NOT NULL DEFAULT '[]',
    status text NOT NULL DEFAULT 'pending',
    answer jsonb,
    answered_by text,
    answered_via text,
    closed_at timestamptz,
    due_at timestamptz,
    remind_at timestamptz,
    reminded_at timestamptz,
    expires_at timestamptz,
    next_at timestamptz GENERATED ALWAYS AS (
        LEAST(due_at, expires_at, CASE WHEN reminded_at IS NULL THEN remind_at END)
    ) STORED,
    waiter text,
    created_at timestamptz NOT NULL DEFAULT now(),
    parked_at timestamptz,
    wait_resumes boolean NOT NULL DEFAULT false,
    told_at timestamptz,
    CONSTRAINT pk_hooks PRIMARY KEY (id),
    CONSTRAINT uq_hooks_key_round UNIQUE (key, round),
    CONSTRAINT ck_hooks_answered_has_answer CHECK (status <> 'answered' OR answer IS NOT NULL),
    CONSTRAINT ck_hooks_closed_when_not_pending CHECK ((status = 'pending') = (closed_at IS NULL)),
    CONSTRAINT ck_hooks_round_range CHECK (round >= 1),
    CONSTRAINT ck_hooks_status_known
        CHECK (status IN ('pending', 'answered', 'due', 'expired', 'cancelled'))
);
CREATE INDEX ix_hooks_hot ON hooks (created_at)
    WHERE status = 'pending' AND waiter IS NOT NULL AND parked_at IS NULL;
CREATE INDEX ix_hooks_next_at ON hooks (next_at) WHERE status = 'pending';
CREATE INDEX ix_hooks_run ON hooks (dag_id, run_id);
CREATE INDEX ix_hooks_to_resume ON hooks (closed_at)
    WHERE parked_at IS NOT NULL AND status <> 'pending';
CREATE INDEX ix_hooks_untold ON hooks (closed_at)
    WHERE status IN ('expired', 'cancelled') AND handler IS NOT NULL AND told_at IS NULL;
CREATE UNIQUE INDEX uq_hooks_current ON hooks (key) WHERE is_current;

CREATE TABLE parked_runs (
    id bigint GENERATED ALWAYS AS IDENTITY,
    dag_id text NOT NULL,
    run_id text NOT NULL,
    state text NOT NULL DEFAULT 'parking',
    tasks jsonb NOT NULL DEFAULT '[]',
    note text,
    resume_requested boolean NOT NULL DEFAULT false,
    attempted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_parked_runs PRIMARY KEY (id),
    CONSTRAINT uq_parked_runs_dag_id_run_id UNIQUE (dag_id, run_id),
    CONSTRAINT ck_parked_runs_state_known CHECK (state IN ('parking', 'parked'))
);
CREATE INDEX ix_parked_runs_open ON parked_runs (id) WHERE resume_requested OR state = 'parking';

-- All waits read the time from one function, so that tests can move it.
CREATE FUNCTION durable_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
AS 'SELECT statement_timestamp()';

CREATE FUNCTION durable_hooks_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('durable_hooks', NEW.id::text);
    RETURN NULL;
END $$;

-- A hook set free again while it is closed has news for the task that waits on it.
CREATE TRIGGER hooks_notify AFTER UPDATE OF status, parked_at ON hooks FOR EACH ROW
WHEN (OLD.status IS DISTINCT FROM NEW.status
      OR (OLD.parked_at IS NOT NULL AND NEW.parked_at IS NULL AND NEW.status <> 'pending'))
EXECUTE FUNCTION durable_hooks_notify();

-- What came from Slack and what goes to it

CREATE TABLE slack_events (
    id bigint GENERATED ALWAYS AS IDENTITY,
    key text NOT NULL,
    kind text NOT NULL,
    team_id text,
    user_id text,
    channel_id text,
    payload jsonb NOT NULL,
    state text NOT NULL DEFAULT 'received',
    dag_id text,
    run_id text,
    run_conf jsonb,
    attempts integer NOT NULL DEFAULT 0,
    error text,
    not_before timestamptz,
    received_at timestamptz NOT NULL DEFAULT now(),
    dispatched_at timestamptz,
    CONSTRAINT pk_slack_events PRIMARY KEY (id),
    CONSTRAINT uq_slack_events_key UNIQUE (key),
    CONSTRAINT ck_slack_events_run_complete CHECK ((run_conf IS NULL) = (run_id IS NULL)),
    CONSTRAINT ck_slack_events_state_known CHECK (state IN ('received', 'done', 'failed'))
);
CREATE INDEX ix_slack_events_open ON slack_events (received_at) WHERE state = 'received';

CREATE TABLE slack_captures (
    id bigint GENERATED ALWAYS AS IDENTITY,
    key text NOT NULL,
    channel text NOT NULL,
    message_ts text NOT NULL,
    thread_ts text,
    slack_user_id text NOT NULL,
    is_internal boolean NOT NULL DEFAULT false,
    permalink text,
    thread jsonb NOT NULL DEFAULT '[]',
    summary text,
    pain text,
    is_customer_specific boolean,
    refusal text,
    emoji_wanted text,
    emoji_shown text,
    dag_id text NOT NULL,
    run_id text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_slack_captures PRIMARY KEY (id),
    CONSTRAINT uq_slack_captures_key UNIQUE (key)
);
CREATE INDEX ix_slack_captures_emoji ON slack_captures (updated_at)
    WHERE emoji_wanted IS DISTINCT FROM emoji_shown;

CREATE TABLE slack_people (
    slack_user_id text NOT NULL,
    kind text NOT NULL,
    email text,
    name text NOT NULL DEFAULT '',
    checked_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_slack_people PRIMARY KEY (slack_user_id),
    CONSTRAINT ck_slack_people_kind_known
        CHECK (kind IN ('person', 'guest', 'no_email', 'bot', 'gone'))
);

CREATE TABLE messages (
    id bigint GENERATED ALWAYS AS IDENTITY,
    key text NOT NULL,
    kind text NOT NULL DEFAULT 'post',
    purpose text NOT NULL,
    address text,
    thread_ts text,
    target_id bigint,
    entry_id bigint,
    hook_id uuid,
    body text NOT NULL,
    blocks jsonb NOT NULL DEFAULT '[]',
    state text NOT NULL DEFAULT 'pending',
    channel text,
    ts text,
    attempts integer NOT NULL DEFAULT 0,
    error text,
    not_before timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    rerouted_from text,
    CONSTRAINT pk_messages PRIMARY KEY (id),
    CONSTRAINT uq_messages_key UNIQUE (key),
    CONSTRAINT ck_messages_kind_known CHECK (kind IN ('post', 'update')),
    CONSTRAINT ck_messages_post_has_address CHECK (kind = 'update' OR address IS NOT NULL),
    CONSTRAINT ck_messages_sent_has_time CHECK (state <> 'sent' OR sent_at IS NOT NULL),
    CONSTRAINT ck_messages_state_known
        CHECK (state IN ('pending', 'sending', 'sent', 'failed', 'superseded')),
    CONSTRAINT ck_messages_update_has_target CHECK ((kind = 'update') = (target_id IS NOT NULL)),
    CONSTRAINT fk_messages_entry_id_entries FOREIGN KEY (entry_id) REFERENCES entries (id),
    CONSTRAINT fk_messages_hook_id_hooks FOREIGN KEY (hook_id) REFERENCES hooks (id),
    CONSTRAINT fk_messages_target_id_messages FOREIGN KEY (target_id) REFERENCES messages (id)
);
CREATE INDEX ix_messages_entry_id ON messages (entry_id);
CREATE INDEX ix_messages_hook_id ON messages (hook_id);
CREATE INDEX ix_messages_open ON messages (address, id) WHERE state IN ('pending', 'sending');
CREATE INDEX ix_messages_pace ON messages (address, sent_at);
CREATE INDEX ix_messages_target_id ON messages (target_id);

-- Runs to start, events to deliver, sweeps that may be interrupted

CREATE TABLE run_starts (
    id bigint GENERATED ALWAYS AS IDENTITY,
    dag_id text NOT NULL,
    run_id text NOT NULL,
    request_id bigint,
    conf jsonb NOT NULL,
    state text NOT NULL DEFAULT 'pending',
    attempts integer NOT NULL DEFAULT 0,
    error text,
    not_before timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    CONSTRAINT pk_run_starts PRIMARY KEY (id),
    CONSTRAINT uq_run_starts_dag_id_run_id UNIQUE (dag_id, run_id),
    CONSTRAINT ck_run_starts_state_known CHECK (state IN ('pending', 'started', 'refused'))
);
CREATE INDEX ix_run_starts_pending ON run_starts (id) WHERE state = 'pending';
CREATE INDEX ix_run_starts_request_id ON run_starts (request_id);

CREATE TABLE analytics_events (
    id bigint GENERATED ALWAYS AS IDENTITY,
    key text NOT NULL,
    name text NOT NULL,
    request_id bigint,
    entry_id bigint,
    actor text,
    properties jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'pending',
    attempts integer NOT NULL DEFAULT 0,
    error text,
    not_before timestamptz,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    delivered_at timestamptz,
    CONSTRAINT pk_analytics_events PRIMARY KEY (id),
    CONSTRAINT uq_analytics_events_key UNIQUE (key),
    CONSTRAINT ck_analytics_events_state_known CHECK (state IN ('pending', 'done'))
);
CREATE INDEX ix_analytics_events_name ON analytics_events (name, occurred_at);
CREATE INDEX ix_analytics_events_pending ON analytics_events (id) WHERE state = 'pending';

CREATE TABLE watermarks (
    name text NOT NULL,
    position bigint NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_watermarks PRIMARY KEY (name)
);

-- Calls of language models and the servers that answer them

CREATE TABLE model_calls (
    id bigint GENERATED ALWAYS AS IDENTITY,
    call_key text NOT NULL,
    task text NOT NULL,
    model text NOT NULL,
    prompt_version text NOT NULL,
    server text NOT NULL,
    key text NOT NULL,
    entry_id bigint,
    outcome text NOT NULL,
    requests integer NOT NULL DEFAULT 0,
    tokens_in integer NOT NULL DEFAULT 0,
    tokens_out integer NOT NULL DEFAULT 0,
    cost numeric(14,8) NOT NULL,
    seconds double precision,
    answer text,
    error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CONSTRAINT pk_model_calls PRIMARY KEY (id),
    CONSTRAINT ck_model_calls_answered_has_answer
        CHECK ((outcome = 'answered') = (answer IS NOT NULL)),
    CONSTRAINT ck_model_calls_cost_range CHECK (cost >= 0),
    CONSTRAINT ck_model_calls_outcome_known
        CHECK (outcome IN ('started', 'answered', 'malformed', 'refused', 'unavailable',
                           'misconfigured')),
    CONSTRAINT fk_model_calls_entry_id_entries FOREIGN KEY (entry_id)
        REFERENCES entries (id) ON DELETE SET NULL
);
CREATE INDEX ix_model_calls_call_key_final ON model_calls (call_key)
    WHERE outcome IN ('answered', 'malformed', 'refused');
CREATE INDEX ix_model_calls_created_at ON model_calls (created_at);
CREATE INDEX ix_model_calls_entry_id ON model_calls (entry_id);

CREATE TABLE model_servers (
    server text NOT NULL,
    model text NOT NULL,
    lacking jsonb NOT NULL DEFAULT '{}',
    notes jsonb NOT NULL DEFAULT '{}',
    in_use boolean NOT NULL DEFAULT false,
    failures integer NOT NULL DEFAULT 0,
    resting_until timestamptz,
    last_error text,
    last_error_at timestamptz,
    last_answer_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_model_servers PRIMARY KEY (server)
);

-- Reports, and the history that lets them be made as of any past moment

CREATE TABLE account_revisions (
    id bigint GENERATED ALWAYS AS IDENTITY,
    account_id text NOT NULL,
    arr numeric(14,2),
    region text,
    is_enterprise boolean NOT NULL,
    valid_until timestamptz NOT NULL,
    CONSTRAINT pk_account_revisions PRIMARY KEY (id)
);
CREATE INDEX ix_account_revisions_account_id_valid_until
    ON account_revisions (account_id, valid_until);

CREATE TABLE feedback_revisions (
    id bigint GENERATED ALWAYS AS IDENTITY,
    feedback_id bigint NOT NULL,
    request_id bigint NOT NULL,
    severity text NOT NULL,
    account_id text,
    valid_until timestamptz NOT NULL,
    CONSTRAINT pk_feedback_revisions PRIMARY KEY (id)
);
CREATE INDEX ix_feedback_revisions_feedback_id_valid_until
    ON feedback_revisions (feedback_id, valid_until);
CREATE INDEX ix_feedback_revisions_request_id ON feedback_revisions (request_id);
CREATE INDEX ix_feedback_revisions_valid_until ON feedback_revisions (valid_until);

CREATE TABLE request_area_changes (
    id bigint GENERATED ALWAYS AS IDENTITY,
    request_id bigint NOT NULL,
    area_id bigint NOT NULL,
    change text NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT pk_request_area_changes PRIMARY KEY (id),
    CONSTRAINT ck_request_area_changes_change_known CHECK (change IN ('added', 'removed'))
);
CREATE INDEX ix_request_area_changes_area_id_changed_at
    ON request_area_changes (area_id, changed_at);
CREATE INDEX ix_request_area_changes_request_id ON request_area_changes (request_id);

CREATE TABLE area_reports (
    id bigint GENERATED ALWAYS AS IDENTITY,
    area_id bigint NOT NULL,
    day date NOT NULL,
    as_of timestamptz NOT NULL,
    run_id text,
    sections jsonb NOT NULL,
    metrics jsonb NOT NULL,
    generated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_area_reports PRIMARY KEY (id),
    CONSTRAINT ck_area_reports_sections_array CHECK (jsonb_typeof(sections) = 'array'),
    CONSTRAINT fk_area_reports_area_id_areas FOREIGN KEY (area_id)
        REFERENCES areas (id) ON DELETE CASCADE
);
CREATE INDEX ix_area_reports_day ON area_reports (day);
CREATE UNIQUE INDEX uq_area_reports_area_id_day ON area_reports (area_id, day);

CREATE TABLE digests (
    id bigint GENERATED ALWAYS AS IDENTITY,
    week text NOT NULL,
    as_of timestamptz NOT NULL,
    run_id text,
    content jsonb NOT NULL,
    chart_file_id text,
    generated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_digests PRIMARY KEY (id),
    CONSTRAINT uq_digests_week UNIQUE (week),
    CONSTRAINT ck_digests_week_form CHECK (week ~ '^[0-9]{4}-W[0-9]{2}$')
);

-- The moment of a change: now, or the one an import of older history names for its transaction:
-- SELECT set_config('feedback.effective_at', '2026-03-01T09:00:00Z', true)
CREATE FUNCTION history_now() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        nullif(current_setting('feedback.effective_at', true), '')::timestamptz, durable_now())
$$;

CREATE FUNCTION history_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO account_revisions (account_id, arr, region, is_enterprise, valid_until)
    VALUES (OLD.id, OLD.arr, OLD.region, OLD.is_enterprise, history_now());
    RETURN NULL;
END $$;

CREATE FUNCTION history_feedback() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feedback_revisions (feedback_id, request_id, severity, account_id, valid_until)
    VALUES (OLD.id, OLD.request_id, OLD.severity, OLD.account_id, history_now());
    RETURN NULL;
END $$;

-- The areas a request is opened with count from its opening, also when it is imported with an
-- older date: an area is noted as added only when the request had areas before this transaction.
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
END $$;

CREATE FUNCTION history_area_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO request_area_changes (request_id, area_id, change, changed_at)
    VALUES (OLD.request_id, OLD.area_id, 'removed', history_now());
    RETURN NULL;
END $$;

CREATE TRIGGER accounts_history AFTER UPDATE OF arr, region, is_enterprise ON accounts
FOR EACH ROW WHEN ((OLD.arr, OLD.region, OLD.is_enterprise)
                   IS DISTINCT FROM (NEW.arr, NEW.region, NEW.is_enterprise))
EXECUTE FUNCTION history_account();

CREATE TRIGGER feedback_history AFTER UPDATE OF request_id, severity, account_id ON feedback
FOR EACH ROW WHEN ((OLD.request_id, OLD.severity, OLD.account_id)
                   IS DISTINCT FROM (NEW.request_id, NEW.severity, NEW.account_id))
EXECUTE FUNCTION history_feedback();

CREATE TRIGGER request_areas_added AFTER INSERT ON request_areas
FOR EACH ROW EXECUTE FUNCTION history_area_added();

CREATE TRIGGER request_areas_removed AFTER DELETE ON request_areas
FOR EACH ROW EXECUTE FUNCTION history_area_removed();

-- What a new database starts with

INSERT INTO thresholds (attach, ask, note, created_by)
VALUES (0.90, 0.80, 'The defaults of the product', 'migration');

INSERT INTO watermarks (name, position) VALUES ('drain', 1);
