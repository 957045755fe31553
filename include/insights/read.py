"""Reading stored reports: the newest, one of a day, and what changed between two days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from include.store.models import Area, AreaReport

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy import Select
    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Report:
    """A stored report as the pages show it."""

    area_slug: str
    area_name: str
    day: date
    as_of: datetime
    generated_at: datetime
    sections: list[dict[str, Any]]
    metrics: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """As JSON: ``{area, as_of, generated_at, sections, metrics}``."""
        return {
            "area": {"slug": self.area_slug, "name": self.area_name},
            "day": self.day.isoformat(),
            "as_of": self.as_of.isoformat(),
            "generated_at": self.generated_at.isoformat(),
            "sections": self.sections,
            "metrics": self.metrics,
        }


@dataclass(frozen=True)
class Trend:
    """A metric's values by day, oldest first; ``change`` is last minus first, None without two."""

    metric: str
    days: list[tuple[date, float | None]]

    @property
    def change(self) -> float | None:
        """How much it grew between the first and the last day that have a value."""
        values = [value for _, value in self.days if value is not None]
        return values[-1] - values[0] if len(values) > 1 else None


def latest_report(session: Session, slug: str) -> Report | None:
    """The area's newest report."""
    return _one(session, _reports(slug).order_by(AreaReport.day.desc()).limit(1))


def report_on(session: Session, slug: str, day: date) -> Report | None:
    """The area's report of that day."""
    return _one(session, _reports(slug).where(AreaReport.day == day))


def report_days(session: Session, slug: str) -> list[date]:
    """The days the area has a report of, newest first."""
    statement = select(AreaReport.day).join(Area).where(Area.slug == slug)
    return list(session.scalars(statement.order_by(AreaReport.day.desc())))


def latest_reports(session: Session) -> list[Report]:
    """Every area's newest report, by the area's name."""
    other = aliased(AreaReport)
    newest = select(func.max(other.day)).where(other.area_id == Area.id).scalar_subquery()
    statement = _reports().where(AreaReport.day == newest).order_by(Area.name, Area.slug)
    return [_report(*row) for row in session.execute(statement)]


def trend(session: Session, slug: str, metric: str, first: date, last: date) -> Trend:
    """One metric (a key of a report's ``metrics``) from the first to the last day."""
    statement = (
        select(AreaReport.day, AreaReport.metrics[metric])
        .join(Area)
        .where(Area.slug == slug, AreaReport.day.between(first, last))
        .order_by(AreaReport.day)
    )
    return Trend(
        metric,
        [
            (day, None if value is None else float(value))
            for day, value in session.execute(statement)
        ],
    )


def _reports(slug: str | None = None) -> Select[AreaReport, str, str]:
    statement = select(AreaReport, Area.slug, Area.name).join(Area)
    return statement if slug is None else statement.where(Area.slug == slug)


def _one(session: Session, statement: Select[AreaReport, str, str]) -> Report | None:
    row = session.execute(statement).one_or_none()
    return None if row is None else _report(*row)


def _report(row: AreaReport, slug: str, name: str) -> Report:
    return Report(slug, name, row.day, row.as_of, row.generated_at, row.sections, row.metrics)
