"""The numbers of one area at one moment. Every one of them is counted by PostgreSQL.

Amounts are annual recurring revenue (ARR) in US dollars. An account counts once in every sum.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from include.insights.asof import EVIDENCE, MEMBERS, REQUESTS, SAID, rows

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
    """Count everything for one area at one moment, in one statement."""
    [row] = rows(session, METRICS_SQL, area=area_id, as_of=as_of, shown=SHOWN)
    by_status, total = row.by_status, row.total
    return AreaMetrics(
        execution=Execution(
            by_status.get("open", 0), by_status.get("shipped", 0), by_status.get("deprioritized", 0)
        ),
        volume=Volume(
            total["feedback"], total["week"], total["high"], total["accounts"], float(total["arr"])
        ),
        dealbreakers=Dealbreakers(
            count=row.stake["requests"],
            accounts=row.stake["accounts"],
            arr=float(row.stake["arr"]),
            unknown_arr=row.stake["unknown_arr"],
            listed=tuple(
                Dealbreaker(**one | {"arr": float(one["arr"])}) for one in row.listed or ()
            ),
        ),
        segments=tuple(Segment(**one | {"arr": float(one["arr"])}) for one in row.segments or ()),
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


METRICS_SQL = f"""
WITH {MEMBERS},
{REQUESTS.replace("request AS", "asked AS")},
request AS MATERIALIZED (SELECT * FROM asked WHERE status = 'open'),
{EVIDENCE}, {SAID},
account AS MATERIALIZED (
    SELECT customer, min(arr) AS arr, sum(high) AS high, min(region) AS region,
           bool_or(is_enterprise) AS is_enterprise
      FROM known WHERE customer IS NOT NULL GROUP BY customer
),
stake AS MATERIALIZED (SELECT * FROM known WHERE high > 0 AND is_enterprise),
staked AS (SELECT customer, min(arr) AS arr FROM stake GROUP BY customer),
dealbreaker AS (
    SELECT q.slug, q.title, count(*) AS accounts, COALESCE(sum(s.arr), 0) AS arr,
           sum(s.high)::bigint AS feedback,
           GREATEST(0, floor(extract(epoch FROM CAST(:as_of AS timestamptz) - q.created_at)
                             / 86400)::int) AS days_open
      FROM stake s JOIN requests q ON q.id = s.request_id
     GROUP BY q.id, q.slug, q.title, q.created_at
     ORDER BY arr DESC, accounts DESC, feedback DESC, q.slug LIMIT :shown
),
segment AS (
    SELECT is_enterprise AS enterprise, region, sum(high)::bigint AS feedback,
           count(*) AS accounts, COALESCE(sum(arr), 0) AS arr
      FROM account WHERE high > 0 GROUP BY is_enterprise, region
    UNION ALL
    SELECT NULL, NULL, sum(high)::bigint, 0, 0
      FROM known WHERE customer IS NULL HAVING sum(high) > 0
)
SELECT (SELECT COALESCE(json_object_agg(status, n), '{{}}')
          FROM (SELECT status, count(*) AS n FROM asked GROUP BY status) x) AS by_status,
       (SELECT json_build_object(
                   'feedback', COALESCE(sum(feedback), 0), 'week', COALESCE(sum(week), 0),
                   'high', COALESCE(sum(high), 0), 'accounts', (SELECT count(*) FROM account),
                   'arr', (SELECT COALESCE(sum(arr), 0) FROM account))
          FROM known) AS total,
       (SELECT json_build_object(
                   'requests', (SELECT count(DISTINCT request_id) FROM stake),
                   'accounts', count(*), 'arr', COALESCE(sum(arr), 0),
                   'unknown_arr', count(*) FILTER (WHERE arr IS NULL))
          FROM staked) AS stake,
       (SELECT json_agg(d ORDER BY d.arr DESC, d.accounts DESC, d.feedback DESC, d.slug)
          FROM dealbreaker d) AS listed,
       (SELECT json_agg(s ORDER BY s.enterprise DESC NULLS LAST, s.arr DESC, s.feedback DESC,
                                   s.region NULLS LAST)
          FROM segment s) AS segments
"""

GROUPS_SQL = f"""
WITH {MEMBERS},
{REQUESTS.replace("request AS", "asked AS")},
wanted AS (
    SELECT request_id, key
      FROM unnest(CAST(:request_ids AS bigint[]), CAST(:keys AS bigint[])) AS g (request_id, key)
),
request AS MATERIALIZED (
    SELECT k.*, w.key FROM asked k JOIN wanted w ON w.request_id = k.id WHERE k.status = 'open'
),
{EVIDENCE}, {SAID},
grouped AS (
    SELECT q.key, k.customer, min(k.arr) AS arr, sum(k.feedback) AS feedback, sum(k.high) AS high
      FROM known k JOIN request q ON q.id = k.request_id GROUP BY q.key, k.customer
)
SELECT key, sum(feedback)::bigint AS feedback, count(customer) AS accounts,
       COALESCE(sum(arr), 0) AS arr, sum(high)::bigint AS high
  FROM grouped GROUP BY key
"""
