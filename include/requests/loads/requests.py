"""Feature requests that another system keeps: a tracker, a roadmap, a spreadsheet."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator, Field
from sqlalchemy import delete, func, or_, select

from include.base.checked import Id, Problem, Text, none_if_blank, refusal, shown
from include.base.text import stored
from include.people.person import EmailAddress, Submitter, one_line
from include.people.users import ensure_user
from include.requests.lifecycle import set_status
from include.requests.loads.areas import Slug
from include.requests.loads.load import Change, Target
from include.requests.loads.row import Given, Row
from include.requests.opening import free_slug, lock_opening, slug_of
from include.store.models import (
    Area,
    Request,
    RequestArea,
    RequestStatus,
    RequestStatusChange,
    User,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.orm import Session


def _title(value: str) -> str:
    if value and len(value) < 5:
        raise refusal(f"has {len(value)} characters; at least 5 are needed to name a problem")
    return value


def _past(value: datetime) -> datetime:
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    if moment > datetime.now(UTC):
        raise refusal(f"{moment.isoformat()} is in the future")
    return moment


def _sorted(slugs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(slugs)))


Moment = Annotated[datetime, AfterValidator(_past)]


class RequestRow(Row):
    """A feature request. ``owner`` is an e-mail address."""

    private: ClassVar[frozenset[str]] = frozenset({"title", "description"})
    key: ClassVar[str] = "external_id"
    needed: ClassVar[tuple[str, ...]] = ("title",)
    lists: ClassVar[frozenset[str]] = frozenset({"areas"})
    also: ClassVar[dict[str, str]] = {
        "id": "external_id",
        "key": "external_id",
        "name": "title",
        "summary": "title",
        "state": "status",
        "area": "areas",
        "created": "created_at",
        "shipped": "shipped_at",
    }

    external_id: Id = Field(min_length=1)
    slug: Slug | None = None
    title: Annotated[
        Annotated[str, Text(one_line, 120, 480), AfterValidator(_title)] | None,
        AfterValidator(none_if_blank),
    ] = None
    description: Annotated[str, Text(lambda text: stored(text).strip(), 5_000, 20_000)] = ""
    status: RequestStatus = RequestStatus.OPEN
    areas: Annotated[tuple[Slug, ...], AfterValidator(_sorted)] = Field((), max_length=20)
    owner: Annotated[
        Annotated[EmailAddress, AfterValidator(str.lower)] | None, AfterValidator(none_if_blank)
    ] = None
    created_at: Moment | None = None
    shipped_at: Moment | None = None


class Requests(Target[RequestRow]):
    """Requests by their external id; a ``slug`` ties one that is here to its id elsewhere.

    Args:
        by: Who changes a status, for its history.
    """

    kind = RequestRow

    def __init__(self, by: str) -> None:
        self.by = by
        self.touched: list[int] = []

    def lock(self, session: Session) -> None:
        """What a pain is compared with does not change while one opens a request."""
        super().lock(session)
        lock_opening(session)

    def find(self, session: Session, rows: Sequence[RequestRow]) -> dict[str, Request]:
        """By external id, else by slug if that request has no external id yet."""
        ids = {row.external_id for row in rows}
        slugs = {row.slug for row in rows if row.slug}
        found = session.scalars(
            select(Request).where(or_(Request.external_id.in_(ids), Request.slug.in_(slugs)))
        ).all()
        by_id = {one.external_id: one for one in found if one.external_id}
        free = {one.slug: one for one in found if not one.external_id}
        pairs = {
            row.external_id: by_id.get(row.external_id) or free.get(row.slug or "") for row in rows
        }
        known = {key: one for key, one in pairs.items() if one is not None}
        self._touch(one.id for one in known.values())
        return known

    def values_of(
        self, session: Session, there: Sequence[Request]
    ) -> dict[Request, dict[str, Any]]:
        """Its own columns, the slugs of its areas, the address of its owner."""
        areas: dict[int, list[str]] = {}
        ids = [one.id for one in there]
        for request_id, slug in session.execute(
            select(RequestArea.request_id, Area.slug)
            .join(Area, Area.id == RequestArea.area_id)
            .where(RequestArea.request_id.in_(ids))
        ):
            areas.setdefault(request_id, []).append(slug)
        people = {one.owner_id for one in there if one.owner_id}
        found = session.scalars(select(User).where(User.id.in_(people)))
        owners = {user.id: (user.email or "").lower() or None for user in found}
        return {
            one: {
                "external_id": one.external_id,
                "title": one.title,
                "description": one.description,
                "status": one.status,
                "areas": tuple(sorted(areas.get(one.id, ()))),
                "owner": owners.get(one.owner_id or 0),
            }
            for one in there
        }

    def refuse(
        self, session: Session, part: Sequence[Given[RequestRow]]
    ) -> dict[int, list[Problem]]:
        """An area that is not loaded; a slug that is another request's, or would change."""
        slugs = set(session.scalars(select(Area.slug)))
        rows = {one.number: one.row for one in part if one.row is not None}
        wanted = {row.slug for row in rows.values() if row.slug}
        ids = {row.external_id for row in rows.values()}
        found = session.execute(
            select(Request.slug, Request.external_id).where(
                or_(Request.slug.in_(wanted), Request.external_id.in_(ids))
            )
        ).all()
        owner = {one.slug: one.external_id for one in found}
        slug_by_id = {one.external_id: one.slug for one in found if one.external_id}
        problems: dict[int, list[Problem]] = {}
        named: set[str] = set()
        for number, row in rows.items():
            mine = [
                Problem("areas", f"{shown(slug)} is unknown; load the area first")
                for slug in row.areas
                if slug not in slugs
            ]
            kept = slug_by_id.get(row.external_id)
            if row.slug and kept and kept != row.slug:
                mine.append(Problem("slug", f"is {kept!r} already, and a request keeps its slug"))
            elif row.slug and owner.get(row.slug) not in (None, row.external_id):
                other = shown(owner[row.slug])
                mine.append(Problem("slug", f"{row.slug!r} is the request with the id {other}"))
            elif row.slug in named:
                mine.append(Problem("slug", f"{row.slug!r} is on an earlier line already"))
            named |= {row.slug} if row.slug else set()
            if mine:
                problems[number] = mine
        return problems

    def write(self, session: Session, changes: Sequence[Change[RequestRow]]) -> None:
        """Add and change requests; a status goes into the history."""
        areas = dict(session.execute(select(Area.slug, Area.id)).all())
        self._add(session, [one for one in changes if one.there is None], areas)
        for change in changes:
            if change.there is not None:
                self._change(session, change.there, change.values, areas)

    def _touch(self, ids: Iterable[int]) -> None:
        """Keep the lowest and the highest id of the requests that the lines name."""
        both = [*self.touched, *ids]
        self.touched = [min(both), max(both)] if both else []

    def _add(
        self, session: Session, changes: Sequence[Change[RequestRow]], areas: Mapping[str, int]
    ) -> None:
        bases = [one.row.slug or slug_of(one.row.title or "") for one in changes]
        taken = set(session.scalars(select(Request.slug).where(Request.slug.in_(bases))))
        added = []
        for change, base in zip(changes, bases, strict=True):
            row = change.row
            slug = base
            if base in taken:
                # Those of this part are looked at as well once they are stored.
                session.flush()
                slug = free_slug(session, row.title or "")
            taken.add(slug)
            request = Request(
                slug=slug,
                external_id=row.external_id,
                title=row.title,
                description=row.description,
                status=row.status,
                owner_id=_owner(session, row.owner),
            )
            if row.created_at is not None:
                request.created_at = row.created_at
            if row.status == RequestStatus.SHIPPED:
                request.shipped_at = row.shipped_at or func.now()
            session.add(request)
            added.append((row, request))
        session.flush()
        for row, request in added:
            self._touch([request.id])
            session.add_all(
                RequestArea(request_id=request.id, area_id=areas[slug]) for slug in row.areas
            )
            session.add_all(_history(request.id, row, self.by))

    def _change(
        self,
        session: Session,
        request: Request,
        values: Mapping[str, Any],
        areas: Mapping[str, int],
    ) -> None:
        for name in ("external_id", "title", "description"):
            if name in values:
                setattr(request, name, values[name])
        if "owner" in values:
            request.owner_id = _owner(session, values["owner"])
        if "areas" in values:
            mine = RequestArea.request_id == request.id
            wanted = {areas[slug] for slug in values["areas"]}
            there = set(session.scalars(select(RequestArea.area_id).where(mine)))
            session.execute(delete(RequestArea).where(mine, RequestArea.area_id.not_in(wanted)))
            session.add_all(
                RequestArea(request_id=request.id, area_id=one) for one in sorted(wanted - there)
            )
        session.flush()
        if "status" in values:
            set_status(session, request, values["status"], by=self.by)


def _owner(session: Session, email: str | None) -> int | None:
    return ensure_user(session, Submitter(email=email)) if email else None


def _history(request_id: int, row: RequestRow, by: str) -> list[RequestStatusChange]:
    opened = RequestStatusChange(request_id=request_id, status=RequestStatus.OPEN, changed_by=by)
    if row.created_at is not None:
        opened.changed_at = row.created_at
    if row.status == RequestStatus.OPEN:
        return [opened]
    now = RequestStatusChange(request_id=request_id, status=row.status, changed_by=by)
    if row.shipped_at is not None and row.status == RequestStatus.SHIPPED:
        now.changed_at = row.shipped_at
    return [opened, now]
