"""The prepared queries behind analytics questions. Every number of an answer is counted here.

The rules are those of the reports: feedback that was undone does not count, feedback of a merged
request counts for the one it became part of, an account counts once in a sum, a negative ARR counts
as none and an unknown one is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.insights.asof import rows

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.insights.question import Filters, Question

SECONDS = 15
"""A prepared query is given up after so long; the answer says so."""


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of a query, at most as many as were asked for, and totals over all of them."""

    rows: tuple[dict[str, Any], ...]
    total_rows: int
    totals: dict[str, Any]


def read_only(session: Session) -> None:
    """Make the transaction one that PostgreSQL lets change nothing, in one state of the data."""
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    from sqlalchemy import text

    session.execute(text("SET TRANSACTION READ ONLY"))
    session.execute(text(f"SET LOCAL statement_timeout = '{SECONDS}s'"))


def run_query(session: Session, question: Question) -> Found:
    """Run a question's prepared query; call :func:`read_only` first.

    Raises:
        KeyError: there is no prepared query of that name.
    """
    statement = _STATEMENTS[question.query]
    values = _values(question.query, question.filters)
    found = rows(session, statement, limit=question.limit, **values)
    [totals] = rows(session, _TOTALS, **values)
    listed = [_plain(row._mapping) for row in found]
    count = int(listed[0].pop("of")) if listed else 0
    for row in listed[1:]:
        row.pop("of")
    return Found(tuple(listed), count, _plain(totals._mapping))


def _values(query: str, filters: Filters) -> dict[str, Any]:
    period = filters.period
    is_shipped = query == "shipped"
    return {
        "areas": list(filters.areas) or None,
        "regions": [region.lower() for region in filters.regions] or None,
        "enterprise": filters.enterprise,
        "severity": filters.severity,
        "status": "shipped" if is_shipped else filters.status,
        "account": filters.account,
        "deal": filters.deal,
        "slug": filters.request,
        "since": period.since if period and not is_shipped else None,
        "until": period.until if period and not is_shipped else None,
        "shipped_since": period.since if period and is_shipped else None,
        "shipped_until": period.until if period and is_shipped else None,
        # Filters on who said it leave out requests that nobody of them spoke of.
        "said_only": bool(
            filters.regions
            or filters.account
            or filters.deal
            or filters.severity
            or filters.enterprise is not None
            or (period and not is_shipped)
        ),
    }


def _plain(row: Any) -> dict[str, Any]:
    return {key: _json(value) for key, value in row.items()}


def _json(value: Any) -> Any:
    from datetime import date
    from decimal import Decimal

    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value


_DAY = "AT TIME ZONE 'America/New_York'"

_DATA = f"""
WITH chosen AS MATERIALIZED (
    SELECT r.id, r.slug, r.title, r.status, r.created_at, r.shipped_at
      FROM requests r JOIN request_roots t ON t.request_id = r.id AND t.root_id = r.id
     WHERE (CAST(:status AS text) IS NULL OR r.status = :status
            OR (:status = 'open' AND r.status IN ('planned', 'in_progress')))
       AND (CAST(:slug AS text) IS NULL OR r.slug = :slug)
       AND (CAST(:areas AS text[]) IS NULL OR EXISTS (
            SELECT 1 FROM request_areas x JOIN areas a ON a.id = x.area_id
             WHERE x.request_id = r.id AND a.slug = ANY(CAST(:areas AS text[]))))
       AND (CAST(:shipped_since AS date) IS NULL
            OR ((r.shipped_at {_DAY})::date >= :shipped_since
                AND (r.shipped_at {_DAY})::date < CAST(:shipped_until AS date)))
),
said AS MATERIALIZED (
    SELECT f.id, q.id AS request_id, f.severity, f.created_at, a.id AS account_id, a.name, a.region,
           a.is_enterprise, CASE WHEN a.arr < 0 THEN 0 ELSE a.arr END AS arr
      FROM chosen q JOIN request_roots t ON t.root_id = q.id
      JOIN feedback f ON f.request_id = t.request_id AND f.removed_at IS NULL
      LEFT JOIN accounts a ON a.id = f.account_id
     WHERE (CAST(:severity AS text) IS NULL OR f.severity = :severity)
       AND (CAST(:account AS text) IS NULL OR a.id = :account)
       AND (CAST(:deal AS text) IS NULL OR f.opportunity_id = :deal)
       AND (CAST(:enterprise AS boolean) IS NULL OR a.is_enterprise = :enterprise)
       AND (CAST(:regions AS text[]) IS NULL OR lower(a.region) = ANY(CAST(:regions AS text[])))
       AND (CAST(:since AS date) IS NULL OR ((f.created_at {_DAY})::date >= :since
            AND (f.created_at {_DAY})::date < CAST(:until AS date)))
),
request AS MATERIALIZED (
    SELECT * FROM chosen WHERE NOT :said_only OR id IN (SELECT request_id FROM said)
)"""


def _counted(key: str) -> str:
    """CTE ``counted``: feedback, accounts and their ARR by one column of ``said``."""
    return f"""
counted AS (
    SELECT {key}, sum(feedback)::bigint AS feedback, sum(high)::bigint AS high,
           count(account_id) AS accounts, COALESCE(sum(arr), 0) AS arr
      FROM (SELECT {key}, account_id, min(arr) AS arr, count(*) AS feedback,
                   count(*) FILTER (WHERE severity = 'high') AS high
              FROM said GROUP BY {key}, account_id) one
     GROUP BY {key}
)"""


_TOTALS = f"""{_DATA},
account AS (SELECT account_id, min(arr) AS arr FROM said
             WHERE account_id IS NOT NULL GROUP BY account_id)
SELECT (SELECT count(*) FROM request) AS requests,
       (SELECT count(*) FROM said) AS feedback,
       (SELECT count(*) FROM said WHERE severity = 'high') AS high,
       (SELECT count(*) FROM account) AS accounts,
       (SELECT COALESCE(sum(arr), 0) FROM account) AS arr,
       (SELECT count(*) FROM account WHERE arr IS NULL) AS unknown_arr
"""

_STATEMENTS = {
    "top_requests": f"""{_DATA},{_counted("request_id")}
SELECT q.slug, q.title, q.status, c.feedback, c.high, c.accounts, c.arr, count(*) OVER () AS of
  FROM counted c JOIN request q ON q.id = c.request_id
 ORDER BY c.arr DESC, c.feedback DESC, q.slug LIMIT :limit""",
    "totals": f"{_DATA} SELECT 1 AS of WHERE false AND CAST(:limit AS int) > 0",
    "by_segment": f"""{_DATA},{_counted("is_enterprise, region")}
SELECT is_enterprise AS enterprise, region, feedback, high, accounts, arr, count(*) OVER () AS of
  FROM counted ORDER BY arr DESC, feedback DESC, region NULLS LAST, is_enterprise LIMIT :limit""",
    "by_area": f"""{_DATA},
placed AS (
    SELECT x.area_id, s.* FROM said s JOIN request_areas x ON x.request_id = s.request_id
),
{_counted("area_id").replace("FROM said", "FROM placed")},
requests_in AS (
    SELECT x.area_id, count(*) AS requests FROM request q
      JOIN request_areas x ON x.request_id = q.id GROUP BY x.area_id
)
SELECT a.slug, a.name, n.requests, COALESCE(c.feedback, 0) AS feedback,
       COALESCE(c.high, 0) AS high, COALESCE(c.accounts, 0) AS accounts,
       COALESCE(c.arr, 0) AS arr, count(*) OVER () AS of
  FROM requests_in n JOIN areas a ON a.id = n.area_id LEFT JOIN counted c ON c.area_id = n.area_id
 WHERE CAST(:areas AS text[]) IS NULL OR a.slug = ANY(CAST(:areas AS text[]))
 ORDER BY arr DESC, feedback DESC, a.slug LIMIT :limit""",
    "by_account": f"""{_DATA}
SELECT account_id AS account, name, region, is_enterprise AS enterprise, min(arr) AS arr,
       count(*) AS feedback, count(*) FILTER (WHERE severity = 'high') AS high,
       count(DISTINCT request_id) AS requests, count(*) OVER () AS of
  FROM said WHERE account_id IS NOT NULL
 GROUP BY account_id, name, region, is_enterprise
 ORDER BY min(arr) DESC NULLS LAST, feedback DESC, account_id LIMIT :limit""",
    "by_status": f"""{_DATA}
SELECT status, count(*) AS requests, count(*) OVER () AS of
  FROM request GROUP BY status ORDER BY requests DESC, status LIMIT :limit""",
    "by_week": f"""{_DATA}
SELECT date_trunc('week', created_at {_DAY})::date AS week, count(*) AS feedback,
       count(*) FILTER (WHERE severity = 'high') AS high, count(*) OVER () AS of
  FROM said GROUP BY 1 ORDER BY 1 DESC LIMIT :limit""",
    "feedback": f"""{_DATA}
SELECT q.slug, q.title, q.status, s.name AS account, s.severity,
       (s.created_at {_DAY})::date AS given_on, count(*) OVER () AS of
  FROM said s JOIN request q ON q.id = s.request_id
 ORDER BY s.created_at DESC, s.id DESC LIMIT :limit""",
    "shipped": f"""{_DATA},{_counted("request_id")}
SELECT q.slug, q.title, (q.shipped_at {_DAY})::date AS shipped_on,
       COALESCE(c.feedback, 0) AS feedback, COALESCE(c.accounts, 0) AS accounts,
       COALESCE(c.arr, 0) AS arr, count(*) OVER () AS of
  FROM request q LEFT JOIN counted c ON c.request_id = q.id
 ORDER BY q.shipped_at DESC NULLS LAST, q.slug LIMIT :limit""",
}
