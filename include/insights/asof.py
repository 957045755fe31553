"""The state of the data at a past moment, as SQL every metric starts from.

Rules, each applied inside PostgreSQL:

* A request exists from ``created_at``. Its status is the last change until the moment; with a
  history that begins later it was open.
* A request that was merged into another is not counted; its feedback is the other's.
* Feedback counts from ``created_at`` until ``removed_at``; its request, account and severity, an
  account's ARR, region and enterprise flag, and a request's areas are those of the moment, from the
  revisions the database keeps.
* An account that the CRM told us of later counts with what was first known of it. A negative ARR
  counts as none.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from include.base.errors import FatalError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

ZONE = ZoneInfo("America/New_York")
"""Where a report's day and a digest's week begin and end."""

CLOCK_MARGIN = timedelta(minutes=5)


def check_as_of(as_of: datetime, now: datetime) -> datetime:
    """The moment in UTC.

    Raises:
        FatalError: it has no time zone, or is in the future.
    """
    if as_of.tzinfo is None:
        raise FatalError(f"as_of {as_of.isoformat()} has no time zone; add one, for example 'Z'")
    if as_of > now + CLOCK_MARGIN:
        raise FatalError(
            f"as_of {as_of.isoformat()} is in the future (it is {now.isoformat()}); nothing is "
            "known of it yet. Choose a past logical date."
        )
    return as_of.astimezone(UTC)


def day_of(as_of: datetime) -> date:
    """The day a report belongs to."""
    return as_of.astimezone(ZONE).date()


def week_of(as_of: datetime) -> str:
    """The ISO week that ended last before the moment, ``2026-W47``: a Monday's digest is about it.

    The digest of Monday 09:00 tells of the seven days before, so it carries the week that is over.
    """
    year, week, _ = (as_of.astimezone(ZONE).date() - timedelta(days=7)).isocalendar()
    return f"{year}-W{week:02d}"


def database_now(session: Session) -> datetime:
    """The database's clock, which every component shares."""
    from sqlalchemy import text

    now: datetime = session.execute(text("SELECT durable_now()")).scalar_one()
    return now


def rows(session: Session, statement: str, **parameters: Any) -> list[Any]:
    """The rows of a statement."""
    from sqlalchemy import text

    return list(session.execute(text(statement), parameters))


MEMBERS = """
first_change AS (
    SELECT DISTINCT ON (request_id) request_id, change
      FROM request_area_changes WHERE area_id = :area AND changed_at > :as_of
     ORDER BY request_id, changed_at, id
),
member AS (
    SELECT request_id FROM request_areas WHERE area_id = :area
       AND request_id NOT IN (SELECT request_id FROM first_change WHERE change = 'added')
    UNION
    SELECT request_id FROM first_change WHERE change = 'removed'
)"""
"""CTE ``member``: ids of the requests that belonged to the area ``:area``."""

EVERYTHING = """
member AS (SELECT id AS request_id FROM requests WHERE created_at <= :as_of)"""
"""CTE ``member``: all requests, for what is not about one area."""

STATUS = """
    COALESCE(
        (SELECT CASE WHEN c.status IN ('planned', 'in_progress') THEN 'open' ELSE c.status END
           FROM request_status_changes c
          WHERE c.request_id = r.id AND c.changed_at <= :as_of
          ORDER BY c.changed_at DESC, c.id DESC LIMIT 1),
        CASE WHEN r.shipped_at > :as_of
               OR (SELECT true FROM request_status_changes c WHERE c.request_id = r.id LIMIT 1)
               OR r.status IN ('planned', 'in_progress')
             THEN 'open' ELSE r.status END)"""
"""The status of the request ``r`` at the moment; a request without any history has the one it says.

What is planned or in progress is open here: customers still wait for it.

With LIMIT instead of EXISTS, which PostgreSQL may answer by reading the whole history.
"""

MERGED = """
merging AS (
    SELECT request_id, into_id FROM request_merges
     WHERE merged_at <= :as_of AND (undone_at IS NULL OR undone_at > :as_of)
),
merged AS MATERIALIZED (
    WITH RECURSIVE up AS (
        SELECT request_id, into_id AS root FROM merging
        UNION
        SELECT u.request_id, m.into_id FROM up u JOIN merging m ON m.request_id = u.root
    )
    SELECT request_id, root FROM up WHERE root NOT IN (SELECT request_id FROM merging)
)"""
"""CTE ``merged``: requests that counted as part of another, with the one they ended up in."""

REQUESTS = f"""{MERGED},
request AS MATERIALIZED (
    SELECT r.id, r.slug, r.title, r.created_at, {STATUS} AS status
      FROM member m JOIN requests r ON r.id = m.request_id
     WHERE r.created_at <= :as_of AND r.id NOT IN (SELECT request_id FROM merged)
)"""
"""CTEs ``merged`` and ``request``: the members that existed and were not merged into another, with
their status. Needs ``member``.
"""

EVIDENCE = """
moved AS MATERIALIZED (
    SELECT DISTINCT ON (feedback_id) feedback_id, request_id, severity, account_id
      FROM feedback_revisions WHERE valid_until > :as_of
     ORDER BY feedback_id, valid_until, id
),
family AS MATERIALIZED (
    SELECT id AS request_id, id AS root FROM request
    UNION ALL SELECT g.request_id, g.root FROM merged g JOIN request q ON q.id = g.root
),
evidence AS MATERIALIZED (
    SELECT f.id, f.entry_id, y.root AS request_id, f.severity, f.account_id, f.created_at
      FROM family y JOIN feedback f ON f.request_id = y.request_id
     WHERE f.created_at <= :as_of AND (f.removed_at IS NULL OR f.removed_at > :as_of)
       AND f.id NOT IN (SELECT feedback_id FROM moved)
    UNION ALL
    SELECT f.id, f.entry_id, y.root, v.severity, v.account_id, f.created_at
      FROM moved v JOIN family y ON y.request_id = v.request_id
      JOIN feedback f ON f.id = v.feedback_id
     WHERE f.created_at <= :as_of AND (f.removed_at IS NULL OR f.removed_at > :as_of)
)"""
"""CTE ``evidence``: live feedback of ``request`` and what is merged into it; needs ``merged``."""

_KNOWN_ARR = """
           -- Not GREATEST(arr, 0), which makes an unknown ARR a known 0.
           CASE WHEN v.account_id IS NOT NULL THEN CASE WHEN v.arr < 0 THEN 0 ELSE v.arr END
                ELSE CASE WHEN a.arr < 0 THEN 0 ELSE a.arr END END AS arr,
           CASE WHEN v.account_id IS NULL THEN a.region ELSE v.region END AS region,
           COALESCE(v.is_enterprise, a.is_enterprise) AS is_enterprise"""
_EARLIER = """
      LEFT JOIN LATERAL (
          SELECT r.account_id, r.arr, r.region, r.is_enterprise FROM account_revisions r
           WHERE r.account_id = a.id AND r.valid_until > :as_of
           ORDER BY r.valid_until, r.id LIMIT 1) v ON true"""

SAID = f"""
said AS MATERIALIZED (
    SELECT request_id, account_id, count(*) AS feedback,
           count(*) FILTER (
               WHERE created_at > CAST(:as_of AS timestamptz) - interval '7 days') AS week,
           count(*) FILTER (WHERE severity = 'high') AS high
      FROM evidence GROUP BY request_id, account_id
),
known AS MATERIALIZED (
    SELECT s.*, a.id AS customer, {_KNOWN_ARR}
      FROM said s LEFT JOIN accounts a ON a.id = s.account_id {_EARLIER}
)"""
"""CTE ``known``: ``evidence``, which it needs, counted by request and account, with the account.

``customer`` is null where nobody knows the account. The table is joined, not a CTE of accounts: the
planner knows how large it is.
"""

CUSTOMERS = f"""
customer AS MATERIALIZED (
    SELECT a.id, {_KNOWN_ARR}
      FROM (SELECT DISTINCT account_id FROM evidence WHERE account_id IS NOT NULL) e
      JOIN accounts a ON a.id = e.account_id {_EARLIER}
)"""
"""CTE ``customer``: the known accounts of ``evidence``, which it needs; ``arr`` null or >= 0."""
