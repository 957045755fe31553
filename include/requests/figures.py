"""Counting again what requests amount to, where something has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from include.store.locks import AdvisoryLock, try_hold

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

AT_ONCE = 300
"""Requests counted by one call: a page that catches up first must stay quick."""

_CLAIM = text(
    """
    DELETE FROM request_figures_stale
     WHERE id IN (SELECT id FROM request_figures_stale ORDER BY id LIMIT :most)
    RETURNING request_id
    """
)
_AGED = text(
    """
    SELECT request_id FROM request_figures
     WHERE (recent > 0 OR before > 0) AND counted_at < now() - interval '1 day'
     ORDER BY counted_at LIMIT :most
    """
)
_COUNT = text(
    """
    WITH RECURSIVE up AS (
        SELECT unnest(CAST(:ids AS bigint[])) AS id
        UNION
        SELECT m.into_id FROM up
          JOIN request_merges m ON m.request_id = up.id AND m.undone_at IS NULL
    ), down AS (
        SELECT id AS top, id FROM up
        UNION
        SELECT d.top, m.request_id FROM down d
          JOIN request_merges m ON m.into_id = d.id AND m.undone_at IS NULL
    ), said AS MATERIALIZED (
        SELECT d.top, f.account_id, f.severity, f.created_at
          FROM down d JOIN feedback f ON f.request_id = d.id AND f.removed_at IS NULL
    ), counted AS (
        SELECT top, count(*) AS feedback,
               count(*) FILTER (WHERE severity = 'high') AS dealbreakers,
               count(DISTINCT account_id) AS accounts, max(created_at) AS newest_at,
               count(*) FILTER (WHERE created_at > now() - interval '28 days') AS recent,
               count(*) FILTER (WHERE created_at <= now() - interval '28 days'
                                  AND created_at > now() - interval '56 days') AS before
          FROM said GROUP BY top
    ), money AS (
        SELECT o.top, sum(greatest(a.arr, 0)) AS arr
          FROM (SELECT DISTINCT top, account_id FROM said) o
          JOIN accounts a ON a.id = o.account_id
         GROUP BY o.top
    )
    INSERT INTO request_figures AS old
        (request_id, feedback, dealbreakers, accounts, arr, newest_at, recent, before, counted_at)
    SELECT r.id, coalesce(c.feedback, 0), coalesce(c.dealbreakers, 0), coalesce(c.accounts, 0),
           coalesce(m.arr, 0), coalesce(c.newest_at, '1970-01-01 00:00:00+00'),
           coalesce(c.recent, 0), coalesce(c.before, 0), now()
      FROM up JOIN requests r ON r.id = up.id
      LEFT JOIN counted c ON c.top = r.id LEFT JOIN money m ON m.top = r.id
     ORDER BY r.id
    ON CONFLICT (request_id) DO UPDATE
       SET feedback = excluded.feedback, dealbreakers = excluded.dealbreakers,
           accounts = excluded.accounts, arr = excluded.arr, newest_at = excluded.newest_at,
           recent = excluded.recent, before = excluded.before, counted_at = excluded.counted_at
    """
)


def catch_up(session: Session, most: int = AT_ONCE) -> int:
    """Count up to ``most`` requests again whose numbers are stale; how many were.

    One transaction at a time counts, so that an older count never replaces a newer one. Whoever
    finds another at it goes on: the numbers will be right in a moment.
    """
    if not try_hold(session, AdvisoryLock.COUNTING_FIGURES):
        return 0
    ids = set(session.scalars(_CLAIM, {"most": most}))
    if ids:
        session.execute(_COUNT, {"ids": sorted(ids)})
    return len(ids)


def count_aged(session: Session, most: int = 10_000) -> int:
    """Count those again whose last four weeks were counted more than a day ago; how many."""
    if not try_hold(session, AdvisoryLock.COUNTING_FIGURES):
        return 0
    ids = list(session.scalars(_AGED, {"most": most}))
    if ids:
        session.execute(_COUNT, {"ids": ids})
    return len(ids)
