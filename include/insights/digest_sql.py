"""The digest's statements. Each reads the rows of its window only, by the indexes on the dates."""

from __future__ import annotations

from include.insights.asof import CUSTOMERS, EVIDENCE, MEMBERS, MERGED, STATUS

_MOVED = f"{MERGED},{EVIDENCE[: EVIDENCE.index('family AS')]}"
"""CTEs ``merged``, and ``moved``: feedback that was changed after the moment, as it was then."""

_FAMILY_EVIDENCE = EVIDENCE[EVIDENCE.index("family AS") :]
"""CTEs ``family`` and ``evidence``; they need ``merged``, ``moved`` and ``request``."""

_HERE = "(CAST(:area AS bigint) IS NULL OR {column} IN (SELECT request_id FROM member))"


def _window(start: str) -> str:
    """CTE ``evidence``: live feedback since ``start``, of the area if one is given."""
    live = (
        f"f.created_at > :{start} AND f.created_at <= :as_of"
        " AND (f.removed_at IS NULL OR f.removed_at > :as_of)"
    )
    columns = "f.id, f.created_at"
    return f"""{MEMBERS},{_MOVED}
evidence AS MATERIALIZED (
    SELECT {columns}, COALESCE(g.root, f.request_id) AS request_id, f.account_id, f.severity
      FROM feedback f LEFT JOIN merged g ON g.request_id = f.request_id
     WHERE {live} AND f.id NOT IN (SELECT feedback_id FROM moved)
       AND {_HERE.format(column="COALESCE(g.root, f.request_id)")}
    UNION ALL
    SELECT {columns}, COALESCE(g.root, v.request_id), v.account_id, v.severity
      FROM moved v JOIN feedback f ON f.id = v.feedback_id
      LEFT JOIN merged g ON g.request_id = v.request_id
     WHERE {live} AND {_HERE.format(column="COALESCE(g.root, v.request_id)")}
)"""


TOTALS = f"""
WITH {_window("before")},
recent AS MATERIALIZED (SELECT * FROM evidence WHERE created_at > :since),
{CUSTOMERS.replace("FROM evidence", "FROM recent")}
SELECT (SELECT count(*) FROM recent) AS feedback,
       (SELECT count(*) FROM evidence WHERE created_at <= :since) AS feedback_before,
       (SELECT count(*) FROM customer) AS accounts,
       (SELECT COALESCE(sum(arr), 0) FROM customer) AS arr
"""

_AREA_NAMES = """
    (SELECT string_agg(a.name, ', ' ORDER BY a.name)
       FROM request_areas x JOIN areas a ON a.id = x.area_id WHERE x.request_id = s.id) AS areas"""

NEW = f"""
WITH {MEMBERS},{_MOVED}
request AS MATERIALIZED (
    SELECT r.id, r.slug, r.title, r.created_at FROM requests r
     WHERE r.created_at > :since AND r.created_at <= :as_of AND {_HERE.format(column="r.id")}
       AND r.id NOT IN (SELECT request_id FROM merged)
),
{_FAMILY_EVIDENCE},
{CUSTOMERS},
said AS (
    SELECT request_id, account_id, count(*) AS feedback FROM evidence GROUP BY 1, 2
),
counted AS (
    SELECT q.id, q.slug, q.title, COALESCE(sum(s.feedback), 0)::bigint AS feedback,
           count(c.id) AS accounts, COALESCE(sum(c.arr), 0) AS arr
      FROM request q LEFT JOIN said s ON s.request_id = q.id
      LEFT JOIN customer c ON c.id = s.account_id
     GROUP BY q.id, q.slug, q.title
),
top AS (
    SELECT *, count(*) OVER () AS total FROM counted
     ORDER BY arr DESC, feedback DESC, id LIMIT :shown
)
SELECT s.slug, s.title, s.feedback, s.accounts, s.arr, s.total, {_AREA_NAMES}
  FROM top s ORDER BY s.arr DESC, s.feedback DESC, s.id
"""

RISING = f"""
WITH {_window("before")},
counted AS (
    SELECT request_id, count(*) FILTER (WHERE created_at > :since) AS week,
           count(*) FILTER (WHERE created_at <= :since) AS week_before
      FROM evidence GROUP BY request_id
),
risen AS (
    SELECT r.id, r.slug, r.title, c.week, c.week_before
      FROM counted c JOIN requests r ON r.id = c.request_id
     WHERE c.week - c.week_before >= :rise AND r.created_at <= :since AND {STATUS} = 'open'
),
top AS (
    SELECT *, count(*) OVER () AS total FROM risen
     ORDER BY week - week_before DESC, week DESC, id LIMIT :shown
)
SELECT s.slug, s.title, s.week, s.week_before, s.total, {_AREA_NAMES}
  FROM top s ORDER BY s.week - s.week_before DESC, s.week DESC, s.id
"""

# Evidence of the few requests that are listed only.
_ALL_OF_TOP = f"""
request AS MATERIALIZED (SELECT * FROM top),
{_FAMILY_EVIDENCE},
{CUSTOMERS},
said AS (SELECT request_id, account_id, count(*) AS feedback FROM evidence GROUP BY 1, 2),
counted AS (
    SELECT s.request_id, sum(s.feedback)::bigint AS feedback, count(c.id) AS accounts,
           COALESCE(sum(c.arr), 0) AS arr
      FROM said s LEFT JOIN customer c ON c.id = s.account_id GROUP BY s.request_id
)"""

SHIPPED = f"""
WITH {MEMBERS},{_MOVED}
candidate AS (
    SELECT DISTINCT c.request_id FROM request_status_changes c
     WHERE c.changed_at > :since AND c.changed_at <= :as_of AND c.status = 'shipped'
       AND {_HERE.format(column="c.request_id")}
),
done AS (
    SELECT r.id, r.slug, r.title FROM candidate x JOIN requests r ON r.id = x.request_id
     WHERE {STATUS} = 'shipped' AND r.id NOT IN (SELECT request_id FROM merged)
),
ranked AS (
    SELECT d.*, (SELECT count(*) FROM feedback f
                  WHERE f.request_id = d.id AND f.created_at <= :as_of
                    AND (f.removed_at IS NULL OR f.removed_at > :as_of)) AS wanted,
           count(*) OVER () AS total FROM done d
),
top AS (SELECT * FROM ranked ORDER BY wanted DESC, id LIMIT :shown),
{_ALL_OF_TOP}
SELECT s.slug, s.title, COALESCE(c.feedback, 0) AS feedback, COALESCE(c.accounts, 0) AS accounts,
       COALESCE(c.arr, 0) AS arr, s.total, {_AREA_NAMES}
  FROM top s LEFT JOIN counted c ON c.request_id = s.id ORDER BY s.wanted DESC, s.id
"""

UNANSWERED = f"""
WITH {_window("since").replace("evidence AS", "recent AS")},
asked AS (SELECT request_id, count(*) AS week FROM recent GROUP BY request_id),
waiting AS (
    SELECT r.id, r.slug, r.title, r.created_at, a.week
      FROM asked a JOIN requests r ON r.id = a.request_id
     WHERE r.created_at <= :opened_by AND {STATUS} = 'open'
       AND NOT EXISTS (SELECT 1 FROM request_status_changes c
                        WHERE c.request_id = r.id AND c.changed_at <= :as_of
                          AND c.status IN ('shipped', 'deprioritized'))
),
top AS (
    SELECT *, count(*) OVER () AS total FROM waiting
     ORDER BY week DESC, created_at, id LIMIT :shown
),
{_ALL_OF_TOP}
SELECT s.slug, s.title, s.week,
       floor(extract(epoch FROM CAST(:as_of AS timestamptz) - s.created_at) / 86400)::int AS days,
       COALESCE(c.accounts, 0) AS accounts, COALESCE(c.arr, 0) AS arr, s.total, {_AREA_NAMES}
  FROM top s LEFT JOIN counted c ON c.request_id = s.id ORDER BY s.week DESC, s.created_at, s.id
"""

QUESTIONS = """
WITH waiting AS (
    SELECT h.id, h.created_at, h.responders ->> 0 AS responder, h.question ->> 'request_id' AS rid
      FROM hooks h
     WHERE h.kind = 'approval' AND h.created_at <= :as_of
       AND (h.closed_at IS NULL OR h.closed_at > :as_of)
),
top AS (SELECT *, count(*) OVER () AS total FROM waiting ORDER BY created_at, id LIMIT :shown)
SELECT floor(extract(epoch FROM CAST(:as_of AS timestamptz) - t.created_at) / 3600)::int AS hours,
       COALESCE(NULLIF(u.name, ''), '') AS person, r.slug, r.title, t.total
  FROM top t
  LEFT JOIN users u ON 'slack:' || u.slack_user_id = t.responder
  LEFT JOIN requests r ON r.id = CASE WHEN t.rid ~ '^[0-9]+$' THEN t.rid::bigint END
 ORDER BY t.created_at, t.id
"""

WORK = """
SELECT count(*) FILTER (WHERE step = 'match') AS matched,
       count(*) FILTER (WHERE step = 'match' AND route = 'ask') AS asked,
       count(*) FILTER (WHERE actor_kind = 'person') AS by_people,
       count(*) FILTER (WHERE step = 'match' AND prompt_version IS NOT NULL) AS by_model,
       (SELECT count(*) FROM slack_events c WHERE c.kind LIKE 'action:%'
           AND c.received_at > :since AND c.received_at <= :as_of) AS clicks,
       (SELECT count(DISTINCT c.user_id) FROM slack_events c WHERE c.kind LIKE 'action:%'
           AND c.received_at > :since AND c.received_at <= :as_of) AS people,
       (SELECT coalesce(sum(m.cost), 0) FROM model_calls m
         WHERE m.created_at > :since AND m.created_at <= :as_of) AS model_cost
  FROM decisions WHERE decided_at > :since AND decided_at <= :as_of
"""

DAYS = """
SELECT (created_at AT TIME ZONE :zone)::date AS day, severity, count(*) AS count
  FROM feedback
 WHERE created_at >= :start AND created_at < :end
   AND (removed_at IS NULL OR removed_at > :as_of)
 GROUP BY 1, 2
"""
