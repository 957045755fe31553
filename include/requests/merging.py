"""Merging two requests: a link that can be taken back, never a move.

The merged request keeps its evidence, followers, status and vector. The survivor shows them too,
and what matches the merged one from now on is taken to the survivor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, text

from include.base.errors import FatalError
from include.outbox.events import record_event
from include.requests.lookup import find_request
from include.requests.opening import lock_opening
from include.requests.waking import Wake, wake_new_request
from include.store.models import Request, RequestMerge

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_FAMILY = text(
    """
    WITH RECURSIVE family AS (
        SELECT CAST(:id AS bigint) AS id
        UNION
        SELECT m.request_id FROM request_merges m JOIN family f ON m.into_id = f.id
         WHERE m.undone_at IS NULL
    )
    SELECT id FROM family ORDER BY id
    """
)
_TOTALS = text(
    """
    SELECT count(*) AS feedback,
           count(DISTINCT f.account_id) AS accounts,
           coalesce((SELECT sum(a.arr) FROM accounts a WHERE a.id IN (
               SELECT g.account_id FROM feedback g
                WHERE g.request_id = ANY(:ids) AND g.removed_at IS NULL)), 0) AS arr,
           (SELECT count(DISTINCT w.user_id) FROM request_followers w
             WHERE w.request_id = ANY(:ids)) AS followers
      FROM feedback f WHERE f.request_id = ANY(:ids) AND f.removed_at IS NULL
    """
)


@dataclass(frozen=True)
class Totals:
    """What a request and all that is merged into it have together; an account counts once."""

    feedback: int
    accounts: int
    arr: float
    followers: int

    def as_dict(self) -> dict[str, Any]:
        """For an XCom."""
        return {
            "feedback": self.feedback,
            "accounts": self.accounts,
            "arr": self.arr,
            "followers": self.followers,
        }


def family_of(session: Session, request_id: int) -> list[int]:
    """The request and everything merged into it, directly or not."""
    return list(session.scalars(_FAMILY, {"id": request_id}))


def totals_of(session: Session, request_id: int) -> Totals:
    """Evidence, unique accounts with their ARR, and followers of a request's family."""
    row = session.execute(_TOTALS, {"ids": family_of(session, request_id)}).one()
    return Totals(row.feedback, row.accounts, float(row.arr), row.followers)


def merge(
    session: Session, reference: str, into: str, *, by: str, reason: str = "", dry_run: bool = False
) -> dict[str, Any]:
    """Merge one request into another; a repeat of the same merge changes nothing.

    Raises:
        FatalError: one of them does not exist, they are the same, the first is merged into a third,
            the second is merged itself, or the merge would close a circle.
    """
    lock_opening(session)
    request = find_request(session, reference, lock=True)
    survivor = find_request(session, into)
    if request.id == survivor.id:
        raise FatalError(f"{request.slug!r} cannot be merged into itself")
    existing = _live_merge(session, request.id)
    result = {"request": request.slug, "into": survivor.slug, "dry_run": dry_run}
    if existing is not None and existing.into_id == survivor.id:
        return result | {"already": True, "totals": totals_of(session, survivor.id).as_dict()}
    if existing is not None:
        other = session.get_one(Request, existing.into_id)
        raise FatalError(
            f"{request.slug!r} is merged into {other.slug!r} already; undo that first, or merge "
            f"{other.slug!r} into {survivor.slug!r}"
        )
    if survivor.id in family_of(session, request.id):
        raise FatalError(
            f"{survivor.slug!r} is merged into {request.slug!r}; merging back would close a circle"
        )
    if (beyond := _live_merge(session, survivor.id)) is not None:
        other = session.get_one(Request, beyond.into_id)
        raise FatalError(
            f"{survivor.slug!r} is merged into {other.slug!r}; merge into {other.slug!r} instead"
        )
    if dry_run:
        return result | {"already": False, "totals": _together(session, request.id, survivor.id)}
    session.add(
        RequestMerge(request_id=request.id, into_id=survivor.id, merged_by=by, reason=reason)
    )
    session.flush()
    wake_new_request(session, request.id, Wake.MERGED)
    _record(session, "merged", request, survivor, by)
    return result | {"already": False, "totals": totals_of(session, survivor.id).as_dict()}


def unmerge(session: Session, reference: str, *, by: str, dry_run: bool = False) -> dict[str, Any]:
    """Take a merge back: both requests are as if it had never been.

    What was attached to the survivor meanwhile stays there.

    Raises:
        FatalError: the request does not exist or is not merged.
    """
    lock_opening(session)
    request = find_request(session, reference, lock=True)
    existing = _live_merge(session, request.id)
    if existing is None:
        raise FatalError(f"{request.slug!r} is not merged into another request")
    survivor = session.get_one(Request, existing.into_id)
    result = {"request": request.slug, "into": survivor.slug, "dry_run": dry_run}
    if not dry_run:
        existing.undone_at, existing.undone_by = func.now(), by
        session.flush()
        _record(session, "unmerged", request, survivor, by)
    return result | {"totals": totals_of(session, survivor.id).as_dict()}


def _together(session: Session, one: int, other: int) -> dict[str, Any]:
    ids = [*family_of(session, one), *family_of(session, other)]
    row = session.execute(_TOTALS, {"ids": ids}).one()
    return Totals(row.feedback, row.accounts, float(row.arr), row.followers).as_dict()


def _live_merge(session: Session, request_id: int) -> RequestMerge | None:
    return session.scalars(
        select(RequestMerge)
        .where(RequestMerge.request_id == request_id, RequestMerge.undone_at.is_(None))
        .with_for_update()
    ).one_or_none()


def _record(session: Session, what: str, request: Request, survivor: Request, by: str) -> None:
    merges = session.scalar(
        select(func.count(RequestMerge.id)).where(RequestMerge.request_id == request.id)
    )
    record_event(
        session,
        f"{what}:{request.id}:{survivor.id}:{merges}",
        f"request_{what}",
        request_id=request.id,
        actor=by,
        slug=request.slug,
        into=survivor.slug,
    )
