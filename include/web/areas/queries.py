"""Areas with the numbers of their newest report, and one report with the one of a week before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from include.insights.read import Report, latest_reports, report_on
from include.requests.figures import catch_up
from include.store.models import (
    Area,
    AreaReport,
    Request,
    RequestArea,
    RequestFigures,
    RequestMerge,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

TOP = 10
WEEK = timedelta(days=7)

METRICS = (
    ("feedback", "pieces of feedback"),
    ("accounts", "accounts"),
    ("arr", "ARR (USD)"),
    ("dealbreakers", "dealbreakers"),
    ("open", "open requests"),
    ("shipped", "shipped"),
)
"""The numbers of a report that the page shows, where the report has them."""


@dataclass(frozen=True)
class AreaRow:
    """An area in the list."""

    id: int
    slug: str
    name: str
    description: str
    slack_channel: str | None
    owner_id: int | None
    requests: int
    report: Report | None


@dataclass(frozen=True)
class AreaPage:
    """One area with the report of a day."""

    area: Area
    days: Sequence[date]
    report: Report | None
    changes: list[tuple[str, Any, float | None]]
    top: Sequence[Any]


def read_areas(session: Session) -> list[AreaRow]:
    """Every area, by name."""
    requests = (
        select(func.count()).where(RequestArea.area_id == Area.id).correlate(Area).scalar_subquery()
    )
    rows = session.execute(select(Area, requests).order_by(Area.name, Area.slug)).all()
    reports = {report.area_slug: report for report in latest_reports(session)}
    return [
        AreaRow(
            id=area.id,
            slug=area.slug,
            name=area.name,
            description=area.description,
            slack_channel=area.slack_channel,
            owner_id=area.owner_id,
            requests=number,
            report=reports.get(area.slug),
        )
        for area, number in rows
    ]


def read_area(session: Session, slug: str, day: date | None) -> AreaPage | None:
    """An area with its report of a day, else the newest; None without such an area."""
    area = session.scalars(select(Area).where(Area.slug == slug)).one_or_none()
    if area is None:
        return None
    catch_up(session)
    days = session.scalars(
        select(AreaReport.day).where(AreaReport.area_id == area.id).order_by(AreaReport.day.desc())
    ).all()
    wanted = day or (days[0] if days else None)
    report = report_on(session, slug, wanted) if wanted else None
    before = report_on(session, slug, wanted - WEEK) if wanted else None
    merged = select(RequestMerge.id).where(
        RequestMerge.request_id == Request.id, RequestMerge.undone_at.is_(None)
    )
    top = session.execute(
        select(
            Request.slug,
            Request.title,
            Request.status,
            RequestFigures.arr,
            RequestFigures.accounts,
            RequestFigures.feedback,
            RequestFigures.trend,
        )
        .join(RequestFigures, RequestFigures.request_id == Request.id)
        .join(RequestArea, RequestArea.request_id == Request.id)
        .where(
            RequestArea.area_id == area.id,
            Request.status.in_(("open", "planned", "in_progress")),
            ~merged.exists(),
        )
        .order_by(RequestFigures.arr.desc(), RequestFigures.feedback.desc(), Request.id)
        .limit(TOP)
    ).all()
    return AreaPage(area, days, report, _changes(report, before), top)


def _changes(report: Report | None, before: Report | None) -> list[tuple[str, Any, float | None]]:
    """Words, value, and by how much it grew against the report of seven days before."""
    if report is None:
        return []
    found = []
    for key, words in METRICS:
        value = report.metrics.get(key)
        if not isinstance(value, int | float):
            continue
        old = before.metrics.get(key) if before else None
        change = value - old if isinstance(old, int | float) else None
        found.append((words, value, change))
    return found
