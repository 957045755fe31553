"""Opening requests and attaching evidence: the rows an entry ends in."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anyascii import anyascii
from sqlalchemy import func, select

from include.outbox.webhooks import queue_webhooks
from include.requests.vectors import live_key
from include.store.locks import AdvisoryLock, hold
from include.store.models import (
    Area,
    Entry,
    Request,
    RequestArea,
    RequestEmbedding,
    RequestStatusChange,
    WebhookEvent,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from include.agents.draft import Draft


@dataclass(frozen=True)
class Vector:
    """A vector with what made it. ``content_hash`` starting with ``pain:`` marks a provisional one.

    A provisional vector is the customer's words' own; it serves until the request's text is
    embedded.
    """

    model: str
    values: list[float]
    content_hash: str


def lock_opening(session: Session) -> None:
    """Let nobody else open a request until this transaction ends: what is new is seen first."""
    hold(session, AdvisoryLock.OPENING_REQUESTS)


def newest_request_id(session: Session) -> int:
    """The horizon of a search: requests with a greater id were opened after it. 0 when none."""
    return session.scalar(select(func.max(Request.id))) or 0


def open_request(session: Session, entry: Entry, draft: Draft, vector: Vector | None) -> Request:
    """Open the request of an entry, once: a repeat returns the one it opened before.

    Call it under :func:`lock_opening`, after looking for what was opened meanwhile.
    """
    existing = session.scalars(
        select(Request).where(Request.opened_by_entry_id == entry.id)
    ).one_or_none()
    if existing is not None:
        return existing
    request = Request(
        slug=free_slug(session, draft.title),
        title=draft.title,
        description=draft.description,
        created_by=entry.submitter_id,
        opened_by_entry_id=entry.id,
        owner_id=_owner(session, draft.area_ids),
    )
    session.add(request)
    session.flush()
    session.add_all(RequestArea(request_id=request.id, area_id=area) for area in draft.area_ids)
    session.add(
        RequestStatusChange(request_id=request.id, status="open", changed_by=f"entry {entry.id}")
    )
    if vector is not None:
        session.add(
            RequestEmbedding(
                request_id=request.id,
                model=live_key(session, vector.model),
                dimensions=len(vector.values),
                content_hash=vector.content_hash,
                embedding=vector.values,
            )
        )
    session.flush()
    key = f"opened:{request.id}"
    queue_webhooks(session, WebhookEvent.REQUEST_OPENED, key, request_id=request.id)
    return request


def _owner(session: Session, area_ids: Sequence[int]) -> int | None:
    """Who owns a new request: the owner of its area, where it has one area."""
    if len(area_ids) != 1:
        return None
    return session.scalar(select(Area.owner_id).where(Area.id == area_ids[0]))


def areas_by_id(session: Session) -> Sequence[Area]:
    """All product areas, in a stable order."""
    return session.scalars(select(Area).order_by(Area.id)).all()


def slug_of(title: str) -> str:
    """A title as the part of a URL: ASCII letters, digits and hyphens, at most 60 characters.

    Other scripts are written in Latin letters.
    """
    plain = anyascii(unicodedata.normalize("NFKC", title)).lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")
    return slug or "request"


def free_slug(session: Session, title: str) -> str:
    """An address that no request has yet; call it under :func:`lock_opening`."""
    base = slug_of(title)
    taken = set(session.scalars(select(Request.slug).where(Request.slug.like(f"{base}%"))))
    if base not in taken:
        return base
    number = 2
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}"
