"""A page of the list of requests, read by an index whatever it is sorted by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, tuple_

from include.requests.figures import catch_up
from include.store.models import (
    Area,
    Request,
    RequestArea,
    RequestFigures,
    RequestMerge,
    RequestStatus,
    User,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

PAGE = 50
SORTS: dict[str, tuple[str, Any]] = {
    "arr": ("ARR", RequestFigures.arr),
    "accounts": ("accounts", RequestFigures.accounts),
    "feedback": ("pieces of feedback", RequestFigures.feedback),
    "dealbreakers": ("dealbreakers", RequestFigures.dealbreakers),
    "newest": ("newest evidence", RequestFigures.newest_at),
    "trend": ("trend", RequestFigures.trend),
    "opened": ("newest request", RequestFigures.request_id),
}
STATUSES = tuple(RequestStatus)


@dataclass(frozen=True)
class Wanted:
    """What the address asks for.

    Attributes:
        status: One of the statuses, ``undelivered`` for those customers wait for, empty for all.
        area: A slug; empty for every area.
        owner: A user's id, ``none`` for requests without an owner; empty for all.
        sort: A key of ``SORTS``; the highest come first.
        after: Where the page before ended.
    """

    status: str = ""
    area: str = ""
    owner: str = ""
    sort: str = "arr"
    after: str = ""


def read_requests(
    session: Session, wanted: Wanted, limit: int = PAGE
) -> tuple[Sequence[Any], str | None]:
    """Requests that are not merged, the highest first, and where the next page begins."""
    catch_up(session)
    _, column = SORTS[wanted.sort]
    statement = _listed().where(*_filters(wanted))
    if (place := _place(wanted)) is not None:
        statement = statement.where(tuple_(column, RequestFigures.request_id) < place)
    order = dict.fromkeys((column.desc(), RequestFigures.request_id.desc()))
    rows = session.execute(statement.order_by(*order).limit(limit + 1)).all()
    page = rows[:limit]
    if len(rows) <= limit:
        return page, None
    last = page[-1]
    value = last.id if wanted.sort == "opened" else getattr(last, column.key)
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return page, f"{text}_{last.id}"


def read_found(session: Session, ids: Sequence[int], wanted: Wanted) -> Sequence[Any]:
    """Those of the found requests that fit the filters, in the order they were found."""
    catch_up(session)
    statement = _listed(merged=True).where(Request.id.in_(ids), *_filters(wanted))
    rows = {row.id: row for row in session.execute(statement)}
    return [rows[one] for one in ids if one in rows]


def choices(session: Session) -> tuple[Sequence[Any], Sequence[Any]]:
    """Areas and owners to filter by."""
    areas = session.execute(select(Area.slug, Area.name).order_by(Area.name)).all()
    owning = select(Request.owner_id).where(Request.owner_id.is_not(None))
    owners = session.execute(
        select(User.id, func.coalesce(func.nullif(User.name, ""), User.email).label("name"))
        .where(User.id.in_(owning))
        .order_by("name")
    ).all()
    return areas, owners


def _listed(*, merged: bool = False) -> Any:
    areas = (
        select(func.string_agg(Area.name, ", "))
        .join(RequestArea, RequestArea.area_id == Area.id)
        .where(RequestArea.request_id == Request.id)
        .scalar_subquery()
    )
    statement = (
        select(
            Request.id,
            Request.slug,
            Request.title,
            Request.status,
            Request.created_at,
            RequestFigures.feedback,
            RequestFigures.accounts,
            RequestFigures.arr,
            RequestFigures.dealbreakers,
            RequestFigures.newest_at,
            RequestFigures.trend,
            areas.label("areas"),
            func.coalesce(func.nullif(User.name, ""), User.email).label("owner"),
        )
        .join(RequestFigures, RequestFigures.request_id == Request.id)
        .outerjoin(User, User.id == Request.owner_id)
    )
    if merged:
        return statement
    live = select(RequestMerge.id).where(
        RequestMerge.request_id == Request.id, RequestMerge.undone_at.is_(None)
    )
    return statement.where(~live.exists())


def _filters(wanted: Wanted) -> list[ColumnElement[bool]]:
    chosen: list[ColumnElement[bool]] = []
    if wanted.status == "undelivered":
        chosen.append(Request.status.in_(("open", "planned", "in_progress")))
    elif wanted.status:
        chosen.append(Request.status == wanted.status)
    if wanted.area:
        area_id = select(Area.id).where(Area.slug == wanted.area).scalar_subquery()
        inside = select(RequestArea.request_id).where(
            RequestArea.request_id == Request.id, RequestArea.area_id == area_id
        )
        chosen.append(inside.exists())
    if wanted.owner == "none":
        chosen.append(Request.owner_id.is_(None))
    elif wanted.owner.isascii() and wanted.owner.isdigit() and len(wanted.owner) < 19:
        chosen.append(Request.owner_id == int(wanted.owner))
    return chosen


def _place(wanted: Wanted) -> tuple[Any, int] | None:
    value, _, last = wanted.after.rpartition("_")
    if not (last.isascii() and last.isdigit() and len(last) < 19):
        return None
    try:
        read = datetime.fromisoformat(value) if wanted.sort == "newest" else Decimal(value)
    except (ValueError, InvalidOperation):
        return None
    if isinstance(read, Decimal) and not read.is_finite():
        return None
    return read, int(last)
