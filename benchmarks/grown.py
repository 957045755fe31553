"""A product database as it is after years: made up in SQL, a million entries in minutes.

Ten entries a request, 100 an account, 200 a submitter, one decision an entry, one open question to
500 entries and one closed to 20, a report an area and day. One person handed in a tenth of all, one
account has a tenth of the evidence and one request a hundredth: the worst pages there are.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text

from benchmarks.corpus import scratch_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

_FILL = (
    "SET LOCAL session_replication_role = replica",
    "SET LOCAL synchronous_commit = off",
    "SELECT setseed(0.5)",
    """
    INSERT INTO areas (slug, name) SELECT 'area-' || n, 'Area ' || n FROM generate_series(1, 30) n
    """,
    """
    INSERT INTO users (slack_user_id, email, name)
    SELECT 'U0' || n, 'p' || n || '@example.com', 'Person ' || n
      FROM generate_series(1, greatest(:n / 200, 20)) n
    """,
    """
    INSERT INTO accounts (id, name, arr)
    SELECT 'ACC-' || n, 'Account ' || n, (random() * 1000000)::int
      FROM generate_series(1, greatest(:n / 100, 20)) n
    """,
    """
    INSERT INTO requests (slug, title, description, status, created_at)
    SELECT 'r-' || n, 'Request ' || n, 'What is wanted, number ' || n,
           CASE WHEN n % 9 = 0 THEN 'shipped' ELSE 'open' END, now() - random() * interval '2 years'
      FROM generate_series(1, greatest(:n / 10, 20)) n
    """,
    """
    INSERT INTO request_areas (request_id, area_id) SELECT id, 1 + id % 30 FROM requests
    """,
    """
    INSERT INTO entries (idempotency_key, source, customer_pain, severity, account_id,
                         account_known, opportunity_known, submitter_id, dag_id, run_id, status,
                         outcome, created_at)
    SELECT 'k-' || n, 'api', 'The export of report ' || n || ' takes minutes and then fails.',
           (ARRAY['low', 'medium', 'high'])[1 + n % 3],
           'ACC-' || CASE WHEN n % 10 = 0 THEN 1 ELSE 1 + floor(random() * :n / 100) END,
           true, false,
           CASE WHEN n % 10 = 1 THEN 1 ELSE 1 + floor(random() * greatest(:n / 200, 20)) END,
           'process_customer_entry', 'run-' || n,
           CASE WHEN n % 500 = 0 THEN 'waiting' ELSE 'done' END,
           CASE WHEN n % 500 = 0 THEN NULL ELSE 'attached' END,
           now() - random() * interval '2 years'
      FROM generate_series(1, :n) n
    """,
    """
    INSERT INTO feedback (request_id, entry_id, quote_length, severity, account_id, confidence,
                          match_type, created_by, created_at)
    SELECT CASE WHEN id % 100 = 0 THEN 1 ELSE 1 + floor(random() * greatest(:n / 10, 20)) END,
           id, 20, severity, account_id, 0.9, 'match', submitter_id, created_at
      FROM entries WHERE status = 'done'
    """,
    """
    INSERT INTO area_reports (area_id, day, as_of, sections, metrics)
    SELECT a.id, d::date, d, '[]',
           jsonb_build_object('feedback', a.id * 100, 'accounts', a.id * 10, 'open', a.id)
      FROM areas a, generate_series(now() - interval '400 days', now(), interval '1 day') d
    """,
    """
    INSERT INTO thresholds (attach, ask, created_by) SELECT 0.9, 0.8, 'benchmark'
     WHERE NOT EXISTS (SELECT FROM thresholds)
    """,
    """
    INSERT INTO decisions (key, entry_id, step, route, request_id, confidence, actor_kind,
                           thresholds_version, decided_at)
    SELECT 'match:' || e.id, e.id, 'match',
           CASE WHEN e.status = 'done' THEN 'attach' ELSE 'ask' END,
           coalesce(f.request_id, 1 + e.id % greatest(:n / 10, 20)), 0.9, 'system',
           (SELECT min(version) FROM thresholds), e.created_at
      FROM entries e LEFT JOIN feedback f ON f.entry_id = e.id
    """,
    """
    INSERT INTO hooks (key, round, is_current, kind, dag_id, run_id, task_id, question, responders,
                       handler, status, answer, answered_by, created_at, closed_at, expires_at)
    SELECT 'q-' || e.id, 1, true, 'approval', e.dag_id, e.run_id, 'answer',
           jsonb_build_object('entries', jsonb_build_array(jsonb_build_array(e.id, 0.85)),
                              'request_id', 1 + e.id % greatest(:n / 10, 20)),
           CASE WHEN e.id % 3 = 0 THEN '[]'
                ELSE jsonb_build_array('slack:U0' || e.submitter_id) END,
           'question', CASE WHEN e.status = 'waiting' THEN 'pending' ELSE 'answered' END,
           CASE WHEN e.status = 'waiting' THEN NULL ELSE '{"choice": "attach"}'::jsonb END,
           CASE WHEN e.status = 'waiting' THEN NULL ELSE 'slack:U02' END, e.created_at,
           CASE WHEN e.status = 'waiting' THEN NULL ELSE e.created_at + interval '1 day' END,
           now() + interval '7 days'
      FROM entries e WHERE e.id % 20 = 0
    """,
    """
    INSERT INTO request_followers (request_id, user_id, created_at)
    SELECT DISTINCT ON (request_id, created_by) request_id, created_by, created_at FROM feedback
    """,
    """
    INSERT INTO request_figures (request_id, feedback, accounts, arr, dealbreakers, newest_at)
    SELECT r.id, count(f.id), count(DISTINCT f.account_id), coalesce(sum(a.arr), 0),
           count(*) FILTER (WHERE f.severity = 'high'),
           coalesce(max(f.created_at), r.created_at)
      FROM requests r LEFT JOIN feedback f ON f.request_id = r.id
      LEFT JOIN accounts a ON a.id = f.account_id GROUP BY r.id
    ON CONFLICT (request_id) DO NOTHING
    """,
)


def fill(engine: Engine, entries: int) -> float:
    """Make the database up; seconds."""
    started = time.perf_counter()
    with engine.begin() as connection:
        for statement in _FILL:
            connection.execute(text(statement), {"n": entries} if ":n" in statement else {})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    return time.perf_counter() - started


@contextmanager
def grown_database(entries: int) -> Iterator[tuple[Engine, float]]:
    """The database with so many entries, and the seconds it took to make it up."""
    with scratch_database() as engine:
        yield engine, fill(engine, entries)
