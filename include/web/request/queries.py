"""Everything the page of a request shows, in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import aliased

from include.requests.figures import catch_up
from include.requests.merging import family_of
from include.store.models import (
    Account,
    Area,
    Entry,
    Feedback,
    LinkKind,
    Opportunity,
    Request,
    RequestArea,
    RequestFigures,
    RequestFollower,
    RequestLink,
    RequestMerge,
    RequestStatusChange,
    SlackCapture,
    User,
)
from include.web.names import Names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

EVIDENCE_PAGE = 30
MOST_HISTORY = 50
MOST_RELATED = 10
MOST_ACCOUNTS = 12

_ROOT = text(
    """
    WITH RECURSIVE up AS (
        SELECT id, id AS at FROM requests WHERE slug = :slug
        UNION
        SELECT up.id, m.into_id FROM up
          JOIN request_merges m ON m.request_id = up.at AND m.undone_at IS NULL
    )
    SELECT up.at FROM up
     WHERE NOT EXISTS (SELECT 1 FROM request_merges m
                        WHERE m.request_id = up.at AND m.undone_at IS NULL)
     LIMIT 1
    """
)


@dataclass(frozen=True)
class Figures:
    """What a request amounts to, with all that is merged into it."""

    feedback: int
    dealbreakers: int
    accounts: int
    arr: float
    followers: int
    trend: int


@dataclass(frozen=True)
class RequestPage:
    """The rows of the page; ``following`` is where the next page of evidence begins."""

    request: Request
    figures: Figures
    areas: Sequence[Any]
    all_areas: Sequence[Any]
    owner: User | None
    opened_by: User | None
    evidence: Sequence[Any]
    moved_from: dict[int, Any]
    following: int | None
    accounts: Sequence[Any]
    history: Sequence[RequestStatusChange]
    merged: Sequence[Any]
    merges: Sequence[Any]
    related: Sequence[Any]
    is_followed: bool
    names: Names


def survivor_of(session: Session, slug: str) -> Request | None:
    """The request that stands for this one, itself unless it is merged; None for no such slug."""
    root = session.scalar(_ROOT, {"slug": slug})
    return session.get(Request, root) if root is not None else None


def read_request(
    session: Session, request: Request, *, visitor_id: int | None, before: int | None
) -> RequestPage:
    """The page of a request that is not merged.

    Args:
        session: On the product's database.
        request: The survivor.
        visitor_id: The product's user who looks, to say whether they follow it.
        before: Evidence with smaller ids; the newest without it.
    """
    catch_up(session)
    family = family_of(session, request.id)
    evidence = _evidence(session, family, before)
    page = evidence[:EVIDENCE_PAGE]
    history = session.scalars(
        select(RequestStatusChange)
        .where(RequestStatusChange.request_id == request.id)
        .order_by(RequestStatusChange.changed_at.desc(), RequestStatusChange.id.desc())
        .limit(MOST_HISTORY)
    ).all()
    merges = _merges(session, family)
    labels = [one.changed_by for one in history]
    labels += [one for row in merges for one in (row.merged_by, row.undone_by)]
    owner, opener = aliased(User), aliased(User)
    named = session.execute(
        select(owner, opener)
        .select_from(Request)
        .outerjoin(owner, owner.id == Request.owner_id)
        .outerjoin(opener, opener.id == Request.created_by)
        .where(Request.id == request.id)
    ).one()
    areas = session.execute(
        select(
            Area.id,
            Area.slug,
            Area.name,
            select(RequestArea.area_id)
            .where(RequestArea.area_id == Area.id, RequestArea.request_id == request.id)
            .exists()
            .label("chosen"),
        ).order_by(Area.name)
    ).all()
    return RequestPage(
        request=request,
        figures=_figures(session, request.id, family),
        areas=[area for area in areas if area.chosen],
        all_areas=areas,
        owner=named[0],
        opened_by=named[1],
        evidence=page,
        moved_from=_moved_from(session, page, family),
        following=page[-1].feedback_id if len(evidence) > EVIDENCE_PAGE else None,
        accounts=_accounts(session, family),
        history=history,
        merged=[row for row in merges if row.undone_at is None],
        merges=merges,
        related=_related(session, request.id),
        is_followed=_is_followed(session, request.id, visitor_id),
        names=Names(session, labels),
    )


def _figures(session: Session, request_id: int, family: list[int]) -> Figures:
    row = session.execute(
        select(
            RequestFigures,
            select(func.count(RequestFollower.user_id.distinct()))
            .where(RequestFollower.request_id.in_(family))
            .scalar_subquery(),
        ).where(RequestFigures.request_id == request_id)
    ).one()
    counted = row[0]
    return Figures(
        feedback=counted.feedback,
        dealbreakers=counted.dealbreakers,
        accounts=counted.accounts,
        arr=float(counted.arr),
        followers=row[1],
        trend=counted.trend,
    )


def _evidence(session: Session, family: list[int], before: int | None) -> Sequence[Any]:
    statement = (
        select(
            Feedback.id.label("feedback_id"),
            Feedback.entry_id,
            Feedback.quote,
            Feedback.severity,
            Feedback.confidence,
            Feedback.reason,
            Feedback.match_type,
            Feedback.links,
            Feedback.created_at,
            Feedback.account_id,
            func.coalesce(Account.name, Feedback.account_id).label("account"),
            Account.arr,
            func.coalesce(Opportunity.name, Feedback.opportunity_id).label("opportunity"),
            Entry.source,
            Entry.submitter_id,
            func.coalesce(func.nullif(User.name, ""), User.email).label("given_by"),
            SlackCapture.permalink,
            Request.slug,
            Request.title,
        )
        .join(Entry, Entry.id == Feedback.entry_id)
        .join(Request, Request.id == Feedback.request_id)
        .outerjoin(Account, Account.id == Feedback.account_id)
        .outerjoin(Opportunity, Opportunity.id == Feedback.opportunity_id)
        .outerjoin(User, User.id == Feedback.created_by)
        .outerjoin(SlackCapture, SlackCapture.key == Entry.external_id)
        .where(Feedback.request_id.in_(family), Feedback.removed_at.is_(None))
    )
    if before is not None:
        statement = statement.where(Feedback.id < before)
    return session.execute(statement.order_by(Feedback.id.desc()).limit(EVIDENCE_PAGE + 1)).all()


def _moved_from(session: Session, rows: Sequence[Any], family: list[int]) -> dict[int, Any]:
    """The request where each piece was last before it came here, by entry."""
    found = session.execute(
        select(Feedback.entry_id, Feedback.request_id, Request.title)
        .join(Request, Request.id == Feedback.request_id)
        .where(
            Feedback.entry_id.in_([row.entry_id for row in rows]),
            Feedback.removed_at.is_not(None),
            Feedback.request_id.not_in(family),
        )
        .order_by(Feedback.id)
    )
    return {row.entry_id: row for row in found}


def _accounts(session: Session, family: list[int]) -> Sequence[Any]:
    said = (
        select(Feedback.account_id, func.count().label("feedback"))
        .where(
            Feedback.request_id.in_(family),
            Feedback.removed_at.is_(None),
            Feedback.account_id.is_not(None),
        )
        .group_by(Feedback.account_id)
        .subquery()
    )
    return session.execute(
        select(
            said.c.account_id,
            func.coalesce(Account.name, said.c.account_id).label("name"),
            Account.arr,
            Account.region,
            said.c.feedback,
        )
        .outerjoin(Account, Account.id == said.c.account_id)
        .order_by(Account.arr.desc().nulls_last(), said.c.feedback.desc(), said.c.account_id)
        .limit(MOST_ACCOUNTS)
    ).all()


def _merges(session: Session, family: list[int]) -> Sequence[Any]:
    gone = aliased(Request)
    return session.execute(
        select(
            gone.slug,
            gone.title,
            RequestMerge.reason,
            RequestMerge.merged_by,
            RequestMerge.merged_at,
            RequestMerge.undone_by,
            RequestMerge.undone_at,
        )
        .join(gone, gone.id == RequestMerge.request_id)
        .where(RequestMerge.into_id.in_(family))
        .order_by(RequestMerge.merged_at.desc())
        .limit(MOST_HISTORY)
    ).all()


def _related(session: Session, request_id: int) -> Sequence[Any]:
    other = aliased(Request)
    return session.execute(
        select(other.slug, other.title, other.status, RequestLink.kind, RequestLink.confidence)
        .join(
            other,
            or_(
                (RequestLink.low_id == request_id) & (other.id == RequestLink.high_id),
                (RequestLink.high_id == request_id) & (other.id == RequestLink.low_id),
            ),
        )
        .where(
            or_(RequestLink.low_id == request_id, RequestLink.high_id == request_id),
            RequestLink.kind != LinkKind.DISMISSED,
        )
        .order_by(RequestLink.confidence.desc(), RequestLink.id)
        .limit(MOST_RELATED)
    ).all()


def _is_followed(session: Session, request_id: int, user_id: int | None) -> bool:
    statement = select(RequestFollower.user_id).where(
        RequestFollower.request_id == request_id, RequestFollower.user_id == user_id
    )
    return session.scalar(statement) is not None
