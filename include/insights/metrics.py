"""The numbers of one area at one moment. Every one of them is counted by PostgreSQL.

Amounts are annual recurring revenue (ARR) in US dollars. An account counts once in every sum.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from include.insights.asof import CUSTOMERS, EVIDENCE, MEMBERS, REQUESTS, rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

SHOWN = 10
"""At most so many rows of a kind are listed in a report; the totals are about all."""


@dataclass(frozen=True)
class Execution:
    """How many requests of the area there are by status; ``ship_rate`` is None without any."""

    open: int
    shipped: int
    deprioritized: int

    @property
    def ship_rate(self) -> float | None:
        """Shipped / (open + shipped)."""
        total = self.open + self.shipped
        return self.shipped / total if total else None


@dataclass(frozen=True)
class Volume:
    """Live feedback on the area's open requests; ``week`` is the seven days before the moment."""

    feedback: int
    week: int
    high: int
    accounts: int
    arr: float


@dataclass(frozen=True)
class Dealbreaker:
    """An open request with high-severity feedback of at least one enterprise account."""

    slug: str
    title: str
    accounts: int
    arr: float
    feedback: int
    days_open: int


@dataclass(frozen=True)
class Dealbreakers:
    """The greatest by ARR, and totals over all of them in which an account counts once."""

    count: int = 0
    accounts: int = 0
    arr: float = 0.0
    unknown_arr: int = 0
    listed: tuple[Dealbreaker, ...] = ()


@dataclass(frozen=True)
class Segment:
    """High-severity feedback of one kind of customer; ``enterprise`` is None for nobody we know."""

    enterprise: bool | None
    region: str | None
    feedback: int
    accounts: int
    arr: float


@dataclass(frozen=True)
class GroupCounts:
    """Counts over a group of requests (a theme)."""

    feedback: int
    accounts: int
    arr: float
    high: int


@dataclass(frozen=True)
class AreaMetrics:
    """Everything counted for one area and moment."""

    execution: Execution
    volume: Volume
    dealbreakers: Dealbreakers
    segments: tuple[Segment, ...] = field(default=())

    def flat(self) -> dict[str, Any]:
        """The plain numbers by name, for storage and trends."""
        return {
            **asdict(self.execution),
            "ship_rate": self.execution.ship_rate,
            "feedback": self.volume.feedback,
            "feedback_week": self.volume.week,
            "feedback_high": self.volume.high,
            "accounts": self.volume.accounts,
            "arr": self.volume.arr,
            "dealbreakers": self.dealbreakers.count,
            "dealbreaker_accounts": self.dealbreakers.accounts,
            "dealbreaker_arr": self.dealbreakers.arr,
        }


def area_metrics(session: Session, area_id: int, as_of: datetime) -> AreaMetrics:
    """Count everything for one area at one moment: four statements."""
    return AreaMetrics(
        execution=execution(session, area_id, as_of),
        volume=volume(session, area_id, as_of),
        dealbreakers=dealbreakers(session, area_id, as_of),
        segments=segments(session, area_id, as_of),
    )


def execution(session: Session, area_id: int, as_of: datetime) -> Execution:
    """Requests of the area by their status at the moment."""
    found = rows(session, EXECUTION_SQL, area=area_id, as_of=as_of)
    counts = {row.status: row.count for row in found}
    return Execution(
        counts.get("open", 0), counts.get("shipped", 0), counts.get("deprioritized", 0)
    )


def volume(session: Session, area_id: int, as_of: datetime) -> Volume:
    """How much is said about the area's open requests, and by whom."""
    [row] = rows(session, VOLUME_SQL, area=area_id, as_of=as_of)
    return Volume(row.feedback, row.week, row.high, row.accounts, float(row.arr))


def dealbreakers(session: Session, area_id: int, as_of: datetime) -> Dealbreakers:
    """Open requests that an enterprise account calls a dealbreaker, greatest ARR first."""
    found = rows(session, DEALBREAKERS_SQL, area=area_id, as_of=as_of, shown=SHOWN)
    if not found:
        return Dealbreakers()
    listed = tuple(
        Dealbreaker(
            row.slug, row.title, row.accounts, float(row.arr), row.feedback, max(0, row.days_open)
        )
        for row in found
    )
    first = found[0]
    return Dealbreakers(
        first.total, first.all_accounts, float(first.all_arr), first.unknown_arr, listed
    )


def segments(session: Session, area_id: int, as_of: datetime) -> tuple[Segment, ...]:
    """High-severity feedback on open requests by enterprise flag and region."""
    return tuple(
        Segment(row.is_enterprise, row.region, row.feedback, row.accounts, float(row.arr))
        for row in rows(session, SEGMENTS_SQL, area=area_id, as_of=as_of)
    )


def group_counts(
    session: Session, area_id: int, as_of: datetime, groups: Mapping[int, Sequence[int]]
) -> dict[int, GroupCounts]:
    """Counts over the open requests of each group; a request belongs to one group at most."""
    request_ids = [request_id for members in groups.values() for request_id in members]
    keys = [key for key, members in groups.items() for _ in members]
    if not keys:
        return {}
    found = rows(session, GROUPS_SQL, area=area_id, as_of=as_of, request_ids=request_ids, keys=keys)
    return {
        row.key: GroupCounts(row.feedback, row.accounts, float(row.arr), row.high) for row in found
    }


EXECUTION_SQL = f"""
WITH {MEMBERS}, {REQUESTS}
SELECT status, count(*) AS count FROM request GROUP BY status
"""

_OPEN = f"""
WITH {MEMBERS},
{REQUESTS.replace("request AS", "known AS")},
request AS MATERIALIZED (SELECT * FROM known WHERE status = 'open'),
{EVIDENCE}, {CUSTOMERS}
"""

VOLUME_SQL = f"""
{_OPEN}
SELECT count(*) AS feedback,
       count(*) FILTER (WHERE created_at > CAST(:as_of AS timestamptz) - interval '7 days') AS week,
       count(*) FILTER (WHERE severity = 'high') AS high,
       (SELECT count(*) FROM customer) AS accounts,
       (SELECT COALESCE(sum(arr), 0) FROM customer) AS arr
  FROM evidence
"""

DEALBREAKERS_SQL = f"""
{_OPEN},
hit AS MATERIALIZED (
    SELECT e.request_id, e.account_id, count(*) AS feedback, min(c.arr) AS arr
      FROM evidence e JOIN customer c ON c.id = e.account_id
     WHERE e.severity = 'high' AND c.is_enterprise
     GROUP BY e.request_id, e.account_id
),
account AS (SELECT account_id, min(arr) AS arr FROM hit GROUP BY account_id),
total AS (
    SELECT count(*) AS all_accounts, COALESCE(sum(arr), 0) AS all_arr,
           count(*) FILTER (WHERE arr IS NULL) AS unknown_arr FROM account
)
SELECT q.slug, q.title, count(*) AS accounts, COALESCE(sum(h.arr), 0) AS arr,
       sum(h.feedback)::bigint AS feedback,
       floor(extract(epoch FROM CAST(:as_of AS timestamptz) - q.created_at) / 86400)::int
           AS days_open,
       count(*) OVER () AS total, t.all_accounts, t.all_arr, t.unknown_arr
  FROM hit h JOIN request q ON q.id = h.request_id CROSS JOIN total t
 GROUP BY q.id, q.slug, q.title, q.created_at, t.all_accounts, t.all_arr, t.unknown_arr
 ORDER BY arr DESC, accounts DESC, feedback DESC, q.slug
 LIMIT :shown
"""

SEGMENTS_SQL = f"""
{_OPEN},
said AS (
    SELECT c.is_enterprise, c.region, c.id, min(c.arr) AS arr, count(*) AS feedback
      FROM evidence e LEFT JOIN customer c ON c.id = e.account_id
     WHERE e.severity = 'high'
     GROUP BY c.is_enterprise, c.region, c.id
)
SELECT is_enterprise, region, sum(feedback)::bigint AS feedback, count(id) AS accounts,
       COALESCE(sum(arr), 0) AS arr
  FROM said GROUP BY is_enterprise, region
 ORDER BY is_enterprise DESC NULLS LAST, arr DESC, feedback DESC, region NULLS LAST
"""

GROUPS_SQL = f"""
WITH {MEMBERS},
{REQUESTS.replace("request AS", "known AS")},
wanted AS (
    SELECT request_id, key
      FROM unnest(CAST(:request_ids AS bigint[]), CAST(:keys AS bigint[])) AS g (request_id, key)
),
request AS MATERIALIZED (
    SELECT k.*, w.key FROM known k JOIN wanted w ON w.request_id = k.id WHERE k.status = 'open'
),
{EVIDENCE}, {CUSTOMERS},
said AS (
    SELECT q.key, c.id, min(c.arr) AS arr, count(*) AS feedback,
           count(*) FILTER (WHERE e.severity = 'high') AS high
      FROM evidence e JOIN request q ON q.id = e.request_id
      LEFT JOIN customer c ON c.id = e.account_id
     GROUP BY q.key, c.id
)
SELECT key, sum(feedback)::bigint AS feedback, count(id) AS accounts,
       COALESCE(sum(arr), 0) AS arr, sum(high)::bigint AS high
  FROM said GROUP BY key
"""
