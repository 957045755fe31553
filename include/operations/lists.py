"""What is unfinished, waiting, parked, unsent or set aside, and why: one named list for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Listing:
    """A list for an operator: its sentence, its statement, and what it asks for by name."""

    what: str
    sql: str
    needs: tuple[str, ...] = ()


_WHY = """
    CASE WHEN e.status = 'failed' THEN coalesce(e.error, 'failed')
         WHEN e.dag_id = 'drain_backlog' AND e.run_id = 'held' THEN 'held for the next drain'
         WHEN h.status = 'pending' THEN 'asks '
              || coalesce(h.responders ->> 0, 'the review channel')
              || ' until ' || to_char(h.expires_at AT TIME ZONE 'UTC', 'DD Mon HH24:MI')
         WHEN h.status IS NOT NULL THEN 'its question is ' || h.status || '; its run has to go on'
         ELSE 'its run is at work, or lost'
    END
"""

LISTS: dict[str, Listing] = {
    "unfinished": Listing(
        "Entries without an end, oldest first, and why",
        f"""
        SELECT e.id AS entry, e.status, {_WHY} AS why, e.dag_id AS dag, e.run_id AS run,
               e.updated_at AS since
          FROM entries e
          LEFT JOIN hooks h ON h.dag_id = e.dag_id AND h.run_id = e.run_id AND h.is_current
           AND h.handler = 'question'
           AND EXISTS (SELECT 1 FROM jsonb_array_elements(h.question -> 'entries') one
                        WHERE (one ->> 0)::bigint = e.id)
         WHERE e.status <> 'done' ORDER BY e.updated_at
        """,
    ),
    "questions": Listing(
        "Open questions: whom they ask, about what, until when, and how their card got on",
        """
        SELECT h.id AS question, h.responders ->> 0 AS asks, r.slug AS request,
               (SELECT string_agg(one ->> 0, ' ') FROM jsonb_array_elements(h.question -> 'entries')
                 AS one) AS entries,
               h.created_at AS asked, h.reminded_at AS reminded, h.expires_at AS expires,
               coalesce(m.state, CASE WHEN jsonb_exists(h.question, 'unposted')
                                      THEN 'in the daily card' END) AS card,
               m.error, h.run_id AS run
          FROM hooks h
          LEFT JOIN messages m ON m.key = 'question:' || h.id
          LEFT JOIN requests r ON r.id = (h.question ->> 'request_id')::bigint
         WHERE h.status = 'pending' AND h.kind = 'approval' ORDER BY h.created_at
        """,
    ),
    "parked": Listing(
        "Parked runs: what each waits for and until when",
        """
        SELECT p.dag_id AS dag, p.run_id AS run, p.state, p.created_at AS parked,
               h.kind AS waits_for, h.status AS wait, coalesce(h.expires_at, h.due_at) AS until
          FROM parked_runs p
          LEFT JOIN hooks h ON h.dag_id = p.dag_id AND h.run_id = p.run_id AND h.is_current
         ORDER BY p.created_at
        """,
    ),
    "unsent": Listing(
        "Messages that have not reached Slack, and why",
        """
        SELECT id AS message, purpose, address, state, attempts, error, not_before
          FROM messages WHERE state IN ('pending', 'sending', 'failed') ORDER BY id
        """,
    ),
    "calls": Listing(
        "Calls from Slack that have not been carried out, and why",
        """
        SELECT id AS call, kind, state, attempts, error, dag_id AS dag, run_id AS run, received_at
          FROM slack_events WHERE state <> 'done' ORDER BY id
        """,
    ),
    "starts": Listing(
        "Runs that should have started and have not, and why",
        """
        SELECT id, dag_id AS dag, run_id AS run, request_id AS request, state, attempts, error,
               created_at
          FROM run_starts WHERE state <> 'started' ORDER BY id
        """,
    ),
    "held": Listing(
        "Entries that are held for a drain, and whose turn it is in each lane",
        """
        SELECT count(*) AS held, min(created_at) AS oldest,
               (SELECT string_agg('backlog__' || CASE name WHEN 'drain' THEN ''
                                  ELSE split_part(name, ':', 2) || '__' END
                                  || lpad(position::text, 6, '0'), ', ' ORDER BY name)
                  FROM watermarks WHERE name = 'drain' OR name LIKE 'drain:%') AS turn
          FROM entries WHERE dag_id = 'drain_backlog' AND run_id = 'held' AND status <> 'done'
        """,
    ),
    "set-aside": Listing(
        "Entries that were set aside or taken back, the newest 500 first",
        """
        SELECT id AS entry, created_at, source, noise_reason AS why
          FROM entries WHERE outcome = 'noise' ORDER BY id DESC LIMIT 500
        """,
    ),
    "set-aside-counts": Listing(
        "How many entries each rule set aside, and how many of them people restored",
        """
        SELECT noise_reason AS why, count(*) AS set_aside, count(restored_at) AS restored
          FROM entries WHERE noise_reason IS NOT NULL GROUP BY noise_reason ORDER BY noise_reason
        """,
    ),
    "parts": Listing(
        "Entries that were taken apart, and their parts, the newest 500 first",
        """
        SELECT p.id AS entry, c.id AS part, c.pain_number AS number, c.status, c.outcome,
               c.run_id AS run
          FROM entries p JOIN entries c ON c.parent_id = p.id
         WHERE p.outcome = 'split' ORDER BY p.id DESC, c.pain_number LIMIT 500
        """,
    ),
    "decisions": Listing(
        "Who decided what about an entry, and by which thresholds",
        """
        SELECT decided_at, step, route, request_id AS request, confidence, actor_kind, actor,
               thresholds_version AS thresholds, degraded, reason
          FROM decisions WHERE entry_id = :entry ORDER BY id
        """,
        ("entry",),
    ),
    "thresholds": Listing(
        "The thresholds in force, for all, by area and by judge",
        """
        SELECT DISTINCT ON (t.area_id, t.judge) t.version, coalesce(a.slug, '(all)') AS area,
               coalesce(t.judge, '(all)') AS judge, t.attach, t.ask, t.note, t.created_by,
               t.created_at
          FROM thresholds t LEFT JOIN areas a ON a.id = t.area_id
         WHERE t.judge IS NULL OR NOT EXISTS (
               SELECT FROM thresholds g WHERE g.judge IS NULL AND g.version > t.version
                  AND g.area_id IS NOT DISTINCT FROM t.area_id)
         ORDER BY t.area_id, t.judge NULLS FIRST, t.version DESC
        """,
    ),
    "corrections": Listing(
        "How often people corrected the matcher, by version of the thresholds",
        """
        SELECT m.thresholds_version AS thresholds,
               count(*) FILTER (WHERE m.route = 'attach') AS attached, count(u.id) AS undone,
               count(*) FILTER (WHERE m.route = 'ask') AS asked,
               count(*) FILTER (WHERE a.route = 'attach') AS confirmed,
               count(*) FILTER (WHERE a.route = 'create') AS declined
          FROM decisions m
          LEFT JOIN decisions u ON u.entry_id = m.entry_id AND u.step = 'undo'
          LEFT JOIN decisions a ON a.entry_id = m.entry_id AND a.step = 'answer'
         WHERE m.step = 'match' GROUP BY m.thresholds_version ORDER BY m.thresholds_version
        """,
    ),
    "merged": Listing(
        "Which requests are merged, and into what",
        """
        SELECT r.slug AS merged, s.slug AS into, m.merged_by, m.merged_at, m.reason
          FROM request_merges m
          JOIN requests r ON r.id = m.request_id JOIN requests s ON s.id = m.into_id
         WHERE m.undone_at IS NULL ORDER BY m.merged_at
        """,
    ),
    "vectors": Listing(
        "The keys of requests' vectors, and how many requests have each",
        """
        SELECT e.model AS key, i.state, count(*) AS requests, min(e.created_at) AS oldest
          FROM request_embeddings e LEFT JOIN embedding_indexes i ON i.key = e.model
         GROUP BY e.model, i.state ORDER BY e.model
        """,
    ),
    "models": Listing(
        "Language model servers: what each lacks, and how it does",
        """
        SELECT model, in_use, lacking, notes, failures, resting_until, last_error, last_error_at,
               last_answer_at
          FROM model_servers ORDER BY in_use DESC, model
        """,
    ),
    "model-calls": Listing(
        "Calls of language models by day and task, with tokens and US dollars",
        """
        SELECT date_trunc('day', created_at, 'UTC') AS day, task, model, outcome,
               count(*) AS calls, sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out,
               sum(cost) AS us_dollars, avg(seconds) AS seconds
          FROM model_calls GROUP BY 1, 2, 3, 4 ORDER BY 1 DESC, 2, 3, 4
        """,
    ),
    "reports-missing": Listing(
        "Areas without a report for today (New York)",
        """
        SELECT a.slug AS area FROM areas a
         WHERE NOT EXISTS (SELECT 1 FROM area_reports r
                            WHERE r.area_id = a.id
                              AND r.day = (now() AT TIME ZONE 'America/New_York')::date)
         ORDER BY a.slug
        """,
    ),
    "digests": Listing(
        "Digests, and whether each was posted",
        """
        SELECT d.week, d.as_of, m.state, m.error, m.sent_at, d.chart_file_id IS NOT NULL AS chart
          FROM digests d LEFT JOIN messages m ON m.key = 'digest:' || d.week
         ORDER BY d.week DESC
        """,
    ),
}


def rows_of(session: Session, name: str, **values: Any) -> list[dict[str, Any]]:
    """The rows of a list, as they are now."""
    listing = LISTS[name]
    wanted = {one: values[one] for one in listing.needs}
    return [dict(row) for row in session.execute(text(listing.sql), wanted).mappings()]
