"""What a page of the product shows in short: for link previews."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from include.slack.cards.unfurl import PageFacts
from include.store.models import Account, Area, Entry, Feedback, Request, RequestArea, RequestStatus

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.requests.pages import Page


def facts_of(session: Session, page: Page) -> PageFacts | None:
    """The facts of a page; ``None`` when there is no such request, area or account."""
    readers = {"request": _request, "area": _area, "account": _account}
    return readers[page.kind](session, page.key)


def _request(session: Session, slug: str) -> PageFacts | None:
    request = session.scalars(select(Request).where(Request.slug == slug)).one_or_none()
    if request is None:
        return None
    live = (Feedback.request_id == request.id, Feedback.removed_at.is_(None))
    count, accounts = session.execute(
        select(func.count(Feedback.id), func.count(Feedback.account_id.distinct())).where(*live)
    ).one()
    blockers = session.scalar(
        select(func.count(Feedback.id)).where(*live, Feedback.severity == "high")
    )
    areas = session.scalars(
        select(Area.name)
        .join(RequestArea, RequestArea.area_id == Area.id)
        .where(RequestArea.request_id == request.id)
        .order_by(Area.name)
    ).all()
    facts = [request.status, _counted(count, "piece of feedback", "pieces of feedback")]
    if accounts:
        facts.append(_counted(accounts, "account", "accounts"))
    if blockers:
        facts.append(_counted(blockers, "dealbreaker", "dealbreakers"))
    return PageFacts("request", request.title, request.description, (*facts, *areas))


def _area(session: Session, slug: str) -> PageFacts | None:
    area = session.scalars(select(Area).where(Area.slug == slug)).one_or_none()
    if area is None:
        return None
    rows = session.execute(
        select(Request.status, func.count(Request.id))
        .join(RequestArea, RequestArea.request_id == Request.id)
        .where(RequestArea.area_id == area.id)
        .group_by(Request.status)
    )
    counts = {status: number for status, number in rows}
    facts = tuple(
        f"{counts.get(status, 0)} {status}"
        for status in (RequestStatus.OPEN, RequestStatus.SHIPPED)
    )
    return PageFacts("area", area.name, area.description, facts)


def _account(session: Session, account_id: str) -> PageFacts | None:
    account = session.get(Account, account_id)
    if account is None:
        return None
    entries = session.scalar(select(func.count(Entry.id)).where(Entry.account_id == account_id))
    requests = session.scalar(
        select(func.count(Feedback.request_id.distinct())).where(
            Feedback.account_id == account_id, Feedback.removed_at.is_(None)
        )
    )
    facts = [
        _counted(entries or 0, "piece of feedback", "pieces of feedback"),
        _counted(requests or 0, "request", "requests"),
    ]
    facts += [account.region] if account.region else []
    facts += ["enterprise"] if account.is_enterprise else []
    return PageFacts("account", account.name, "", tuple(facts))


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
