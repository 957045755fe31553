"""Editing a request by hand, opening one without feedback, and following one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from include.base.errors import FatalError
from include.base.text import unstorable
from include.engine.dag_ids import SYNC_EMBEDDINGS
from include.outbox.events import record_event
from include.outbox.runs import queue_new_request, queue_run
from include.outbox.webhooks import queue_webhooks
from include.requests.lookup import find_request
from include.requests.opening import free_slug, lock_opening
from include.store.models import (
    Area,
    Request,
    RequestArea,
    RequestFollower,
    RequestStatusChange,
    User,
    WebhookEvent,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session

SHORTEST_TITLE, LONGEST_TITLE = 5, 120
LONGEST_DESCRIPTION = 2_000


@dataclass(frozen=True)
class Text:
    """What a person writes about a request.

    Attributes:
        title: 5 to 120 characters.
        description: At most 2,000 characters.
        areas: Slugs.
        owner_id: A user's id.
    """

    title: str
    description: str
    areas: tuple[str, ...] = ()
    owner_id: int | None = None


class ChangedMeanwhile(FatalError):
    """Somebody else saved the request since the form was opened."""


def edit(
    session: Session, reference: str, said: Text, *, by: str, seen: str | None = None
) -> tuple[Request, list[int]]:
    """Change a request's text, areas and owner; the runs to start after the commit.

    Args:
        session: The caller's transaction.
        reference: Slug or address.
        said: All of it, as it shall be.
        by: Who changes it.
        seen: :func:`version_of` when the form was opened; None to change it whatever it says now.

    Raises:
        ChangedMeanwhile: it says something else by now.
        FatalError: there is no such request, or a value does not fit.
    """
    request = find_request(session, reference, lock=True)
    if seen is not None and seen != version_of(session, request):
        raise ChangedMeanwhile(f"{request.slug!r} was changed since you opened the form")
    area_ids = _checked(session, said)
    before = (request.title, request.description)
    request.title, request.description = _line(said.title), said.description.strip()
    request.owner_id = said.owner_id
    _set_areas(session, request.id, area_ids)
    request.updated_at = func.now()
    session.flush()
    session.refresh(request)
    record_event(
        session,
        f"edited:{request.id}:{request.updated_at.isoformat()}",
        "request_edited",
        request_id=request.id,
        actor=by,
        slug=request.slug,
    )
    if before == (request.title, request.description):
        return request, []
    # Search finds it by its old words until its text is embedded again.
    run_id = f"edited__{request.id}__{request.updated_at:%Y%m%dT%H%M%S%f}"
    return request, [queue_run(session, SYNC_EMBEDDINGS, run_id, {}, request_id=request.id)]


def version_of(session: Session, request: Request) -> str:
    """What changes whenever the text, the areas or the owner of a request do."""
    areas = session.scalars(
        select(RequestArea.area_id)
        .where(RequestArea.request_id == request.id)
        .order_by(RequestArea.area_id)
    )
    from hashlib import sha256

    said = [request.title, request.description, str(request.owner_id), *map(str, areas)]
    return sha256("\0".join(said).encode()).hexdigest()[:24]


def open_by_hand(
    session: Session, said: Text, *, by: str, user_id: int | None
) -> tuple[Request, list[int]]:
    """Open a request that no feedback has opened; the runs to start after the commit.

    Raises:
        FatalError: a value does not fit.
    """
    area_ids = _checked(session, said)
    lock_opening(session)
    request = Request(
        slug=free_slug(session, said.title),
        title=_line(said.title),
        description=said.description.strip(),
        created_by=user_id,
        owner_id=said.owner_id,
    )
    session.add(request)
    session.flush()
    _set_areas(session, request.id, area_ids)
    session.add(RequestStatusChange(request_id=request.id, status=request.status, changed_by=by))
    key = f"opened:{request.id}"
    queue_webhooks(session, WebhookEvent.REQUEST_OPENED, key, request_id=request.id)
    if user_id is not None:
        follow(session, request.id, user_id)
    return request, [queue_new_request(session, request)]


def follow(session: Session, request_id: int, user_id: int) -> None:
    """Let a user hear of a request."""
    session.execute(
        insert(RequestFollower)
        .values(request_id=request_id, user_id=user_id)
        .on_conflict_do_nothing()
    )


def unfollow(session: Session, request_id: int, user_id: int) -> None:
    """Let a user hear of it no more, whatever made them follow it."""
    session.execute(
        delete(RequestFollower).where(
            RequestFollower.request_id == request_id, RequestFollower.user_id == user_id
        )
    )


def _checked(session: Session, said: Text) -> list[int]:
    """The areas' ids of a text that fits."""
    title = _line(said.title)
    for name, value in (("title", title), ("description", said.description)):
        if fault := unstorable(value):
            raise FatalError(f"{name} {fault}")
    if not SHORTEST_TITLE <= len(title) <= LONGEST_TITLE:
        raise FatalError(
            f"title has {len(title)} characters: it needs {SHORTEST_TITLE} to {LONGEST_TITLE}"
        )
    if len(said.description) > LONGEST_DESCRIPTION:
        raise FatalError(
            f"description has {len(said.description)} characters: at most {LONGEST_DESCRIPTION}"
        )
    if said.owner_id is not None and session.get(User, said.owner_id) is None:
        raise FatalError("owner is nobody that the product knows")
    known = dict(session.execute(select(Area.slug, Area.id).where(Area.slug.in_(said.areas))).all())
    unknown = sorted(set(said.areas) - set(known))
    if unknown:
        raise FatalError(f"there is no area {unknown[0][:80]!r}")
    return sorted(known.values())


def _set_areas(session: Session, request_id: int, area_ids: Collection[int]) -> None:
    have = set(
        session.scalars(select(RequestArea.area_id).where(RequestArea.request_id == request_id))
    )
    session.execute(
        delete(RequestArea).where(
            RequestArea.request_id == request_id, RequestArea.area_id.in_(have - set(area_ids))
        )
    )
    session.add_all(
        RequestArea(request_id=request_id, area_id=area_id) for area_id in set(area_ids) - have
    )
    session.flush()


def _line(title: str) -> str:
    return " ".join(title.split())
