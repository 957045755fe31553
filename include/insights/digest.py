"""One week's digest: what is new, rising, shipped and waiting, counted as of the week's end.

The week is the seven days before a Monday 09:00, by the clock of New York. ARR is in US dollars and
an account counts once in every sum.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.insights import digest_sql as sql
from include.insights.asof import ZONE, rows, week_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

SHOWN = 5
ENDS_AT_HOUR = 9
"""A week ends on Monday at this hour of New York."""

WAITING_DAYS = 30
"""An open request nobody decided on counts as unanswered from this age on, in days."""

RISE = 2
"""A request rises when it got at least so many pieces of feedback more than the week before."""

CHART_DAYS = 28
SEVERITIES = ("high", "medium", "low")


@dataclass(frozen=True)
class Listing:
    """How many there are, and the first few, each a mapping of plain values."""

    count: int = 0
    items: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Part:
    """What a digest says of all areas, or of one."""

    feedback: int
    feedback_before: int
    accounts: int
    arr: float
    new: Listing
    rising: Listing
    shipped: Listing
    unanswered: Listing


@dataclass(frozen=True)
class Work:
    """How much was decided, by whom. ``by_model`` counts matches a language model judged.

    ``clicks`` is how often ``people`` pressed a button in Slack: what the product cost them.
    ``model_cost`` is what all calls of language models cost, in US dollars.
    """

    matched: int = 0
    asked: int = 0
    by_people: int = 0
    by_model: int = 0
    clicks: int = 0
    people: int = 0
    model_cost: float = 0.0


@dataclass(frozen=True)
class DigestContent:
    """A digest as it is stored; ``days`` is ``[day, high, medium, low]`` for the chart.

    ``opening`` is one or two sentences of a language model, empty without one.
    """

    week: str
    since: str
    as_of: str
    whole: Part
    questions: Listing
    work: Work
    days: tuple[tuple[str, int, int, int], ...] = ()
    areas: dict[str, Part] = field(default_factory=dict)
    opening: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def week_end(moment: datetime) -> datetime:
    """The last Monday 09:00 of New York: a week has one digest, whenever it is asked for."""
    local = moment.astimezone(ZONE)
    monday = local.date() - timedelta(days=local.weekday())
    end = datetime(monday.year, monday.month, monday.day, ENDS_AT_HOUR, tzinfo=ZONE)
    if end > local:
        end -= timedelta(days=7)  # the same hour of the clock, a week earlier
    return end.astimezone(UTC)


def week_start(as_of: datetime) -> datetime:
    """Seven days earlier at the same hour of New York, also across a change of the clocks."""
    return (as_of.astimezone(ZONE) - timedelta(days=7)).astimezone(UTC)


def make_digest(
    session: Session, as_of: datetime, areas: Mapping[str, int] | None = None
) -> DigestContent:
    """Count the week that ends at ``as_of``; with a part for each of ``areas`` (slug to id)."""
    since = week_start(as_of)
    return DigestContent(
        week=week_of(as_of),
        since=since.isoformat(),
        as_of=as_of.astimezone(UTC).isoformat(),
        whole=_part(session, since, as_of, None),
        questions=_questions(session, as_of),
        work=_work(session, since, as_of),
        days=_days(session, as_of),
        areas={
            slug: _part(session, since, as_of, area_id)
            for slug, area_id in sorted((areas or {}).items())
        },
    )


def _part(session: Session, since: datetime, as_of: datetime, area: int | None) -> Part:
    at: dict[str, Any] = {"since": since, "as_of": as_of, "area": area}
    before = week_start(since)
    [totals] = rows(session, sql.TOTALS, before=before, **at)
    return Part(
        feedback=totals.feedback,
        feedback_before=totals.feedback_before,
        accounts=totals.accounts,
        arr=float(totals.arr),
        new=_listing(rows(session, sql.NEW, shown=SHOWN, **at)),
        rising=_listing(rows(session, sql.RISING, shown=SHOWN, before=before, rise=RISE, **at)),
        shipped=_listing(rows(session, sql.SHIPPED, shown=SHOWN, **at)),
        unanswered=_listing(
            rows(
                session,
                sql.UNANSWERED,
                shown=SHOWN,
                opened_by=as_of - timedelta(days=WAITING_DAYS),
                **at,
            )
        ),
    )


def _listing(found: list[Any]) -> Listing:
    items = []
    for row in found:
        item = {key: value for key, value in row._mapping.items() if key != "total"}
        if "arr" in item:
            item["arr"] = float(item["arr"])
        items.append(item)
    return Listing(found[0].total if found else 0, tuple(items))


def _questions(session: Session, as_of: datetime) -> Listing:
    return _listing(rows(session, sql.QUESTIONS, as_of=as_of, shown=SHOWN))


def _work(session: Session, since: datetime, as_of: datetime) -> Work:
    [row] = rows(session, sql.WORK, since=since, as_of=as_of)
    return Work(
        matched=row.matched,
        asked=row.asked,
        by_people=row.by_people,
        by_model=row.by_model,
        clicks=row.clicks,
        people=row.people,
        model_cost=round(float(row.model_cost), 4),
    )


def _days(session: Session, as_of: datetime) -> tuple[tuple[str, int, int, int], ...]:
    """Feedback of the last 28 whole days of New York; days without any are there with zeros."""
    last = as_of.astimezone(ZONE).date() - timedelta(days=1)
    first = last - timedelta(days=CHART_DAYS - 1)
    start = datetime(first.year, first.month, first.day, tzinfo=ZONE)
    end = start + timedelta(days=CHART_DAYS)
    found: dict[date, dict[str, int]] = {}
    for row in rows(session, sql.DAYS, start=start, end=end, as_of=as_of, zone=str(ZONE)):
        found.setdefault(row.day, {})[row.severity] = row.count
    out = []
    for number in range(CHART_DAYS):
        day = first + timedelta(days=number)
        high, medium, low = (found.get(day, {}).get(severity, 0) for severity in SEVERITIES)
        out.append((day.isoformat(), high, medium, low))
    return tuple(out)
