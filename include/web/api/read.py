"""The pages' queries as shapes: for the read API's routes and for MCP's tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from include.base.errors import FatalError
from include.base.settings import load_settings
from include.requests.search_now import search_now
from include.store.models import Area, RequestArea
from include.web.accounts.queries import SAID, read_account, read_accounts
from include.web.api import shapes
from include.web.areas.queries import read_area, read_areas
from include.web.entry.queries import read_entry
from include.web.inbox.queries import read_inbox
from include.web.request.queries import MOST_HISTORY, MOST_RELATED, read_request, survivor_of
from include.web.requests.queries import Wanted, read_requests

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from sqlalchemy.orm import Session

    from include.store.models import User
    from include.web.entry.queries import EntryPage, Event


class Missing(FatalError):
    """There is no such thing; the message names it."""


def requests(session: Session, wanted: Wanted, limit: int) -> shapes.RequestPage:
    """A page of requests that are not merged."""
    rows, following = read_requests(session, wanted, limit)
    slugs = _area_slugs(session, [row.id for row in rows])
    items = [
        shapes.RequestItem.model_validate(
            dict(row._mapping)
            | {
                "areas": slugs.get(row.id, []),
                "newest_at": row.newest_at if row.feedback else None,
                "url": _url(f"requests/{row.slug}"),
            }
        )
        for row in rows
    ]
    return shapes.RequestPage(items=items, next=following)


def search(query: str, limit: int) -> shapes.Found:
    """Requests that words mean, best first."""
    found = search_now(query, limit=limit)
    return shapes.Found(
        items=[
            shapes.FoundItem(
                id=one.id,
                slug=one.slug,
                title=one.title,
                status=one.status,
                confidence=round(one.confidence, 4),
                reason=one.reason,
                is_guess=one.is_guess,
                customers=one.customers,
                url=_url(f"requests/{one.slug}"),
            )
            for one in found
        ]
    )


def request(session: Session, slug: str, before: int | None) -> shapes.RequestFull:
    """A request, or the one that stands for it.

    Args:
        session: On the product's database.
        slug: As it was asked for.
        before: Evidence with smaller ids; the newest without it.

    Raises:
        Missing: no request has the slug.
    """
    found = survivor_of(session, slug)
    if found is None:
        raise Missing(f"there is no request {slug[:80]!r}; look it up with api/requests?q=")
    page = read_request(session, found, visitor_id=None, before=before)
    evidence = [
        shapes.Evidence(
            id=row.feedback_id,
            entry_id=row.entry_id,
            request=row.slug,
            quote=row.quote,
            severity=row.severity,
            account_id=row.account_id,
            account=row.account,
            arr=row.arr,
            opportunity=row.opportunity,
            confidence=row.confidence,
            match_type=row.match_type,
            reason=row.reason,
            source=row.source,
            source_link=row.permalink or next(iter(row.links), None),
            given_by=row.given_by,
            created_at=row.created_at,
        )
        for row in page.evidence
    ]
    following = str(page.following) if page.following is not None else None
    return shapes.RequestFull(
        asked_for=slug,
        is_survivor=found.slug != slug,
        id=found.id,
        slug=found.slug,
        external_id=found.external_id,
        title=found.title,
        description=found.description,
        status=found.status,
        areas=[shapes.AreaRef(slug=area.slug, name=area.name) for area in page.areas],
        owner=_name(page.owner),
        opened_by=_name(page.opened_by),
        feedback=page.figures.feedback,
        accounts=page.figures.accounts,
        arr=page.figures.arr,
        dealbreakers=page.figures.dealbreakers,
        followers=page.figures.followers,
        trend=page.figures.trend,
        created_at=found.created_at,
        updated_at=found.updated_at,
        shipped_at=found.shipped_at,
        evidence=shapes.EvidencePage(items=evidence, next=following),
        history=[
            shapes.StatusChange(status=one.status, by=page.names(one.changed_by), at=one.changed_at)
            for one in page.history
        ],
        merged=[
            shapes.Neighbour(slug=row.slug, title=row.title, kind="merged") for row in page.merged
        ],
        related=[
            shapes.Neighbour(
                slug=row.slug, title=row.title, kind=row.kind, confidence=row.confidence
            )
            for row in page.related
        ],
        url=_url(f"requests/{found.slug}"),
        cut=_cut(
            history=len(page.history) >= MOST_HISTORY,
            merged=len(page.merges) >= MOST_HISTORY,
            related=len(page.related) >= MOST_RELATED,
        ),
    )


def entry(session: Session, entry_id: int) -> shapes.EntryFull:
    """An entry with what happened to it.

    Raises:
        Missing: there is none.
    """
    page = read_entry(session, entry_id)
    if page is None:
        raise Missing(f"there is no entry {entry_id}")
    one = page.entry
    return shapes.EntryFull(
        id=one.id,
        status=one.status,
        outcome=one.outcome,
        customer_pain=one.customer_pain,
        severity=one.severity,
        account_id=one.account_id,
        account=page.account.name if page.account else None,
        opportunity_id=one.opportunity_id,
        source=one.source,
        external_id=one.external_id,
        links=one.links,
        submitter=_name(page.submitter),
        request=page.evidence.slug if page.evidence else None,
        parts=[row.id for row in page.parts],
        created_at=one.created_at,
        events=[_event(page, event) for event in page.line],
        url=_url(f"entries/{one.id}"),
        cut=_cut(events=page.is_cut),
    )


def areas(session: Session) -> shapes.Areas:
    """Every area."""
    return shapes.Areas(
        items=[
            shapes.AreaItem(
                slug=row.slug,
                name=row.name,
                description=row.description,
                slack_channel=row.slack_channel,
                requests=row.requests,
                report_day=row.report.day if row.report else None,
                url=_url(f"areas/{row.slug}"),
            )
            for row in read_areas(session)
        ]
    )


def area(session: Session, slug: str, day: date | None) -> shapes.AreaFull:
    """An area with its report of a day, else its newest.

    Raises:
        Missing: there is no such area.
    """
    page = read_area(session, slug, day)
    if page is None:
        raise Missing(f"there is no area {slug[:80]!r}")
    return shapes.AreaFull(
        slug=page.area.slug,
        name=page.area.name,
        description=page.area.description,
        slack_channel=page.area.slack_channel,
        days=list(page.days),
        day=page.report.day if page.report else None,
        report=page.report.as_dict() if page.report else None,
        url=_url(f"areas/{page.area.slug}"),
    )


def accounts(session: Session, name: str, cursor: str) -> shapes.AccountPage:
    """A page of accounts."""
    rows, following = read_accounts(session, name, cursor)
    items = [
        shapes.AccountItem.model_validate(dict(row._mapping) | {"url": _url(f"accounts/{row.id}")})
        for row in rows
    ]
    return shapes.AccountPage(items=items, next=following)


def account(session: Session, account_id: str) -> shapes.AccountFull:
    """An account with its deals and what it asked for.

    Raises:
        Missing: neither was it loaded nor does any feedback name it.
    """
    page = read_account(session, account_id)
    if page is None:
        raise Missing(f"there is no account {account_id[:80]!r}")
    known = page.account
    return shapes.AccountFull(
        id=account_id,
        name=known.name if known else None,
        arr=float(known.arr) if known and known.arr is not None else None,
        region=known.region if known else None,
        is_enterprise=known.is_enterprise if known else None,
        opportunities=[shapes.Deal.model_validate(one) for one in page.opportunities],
        requests=[shapes.AccountRequest.model_validate(row) for row in page.requests],
        url=_url(f"accounts/{account_id}"),
        cut=_cut(requests=page.is_cut or len(page.requests) >= SAID),
    )


def questions(
    session: Session, *, whose: str, area: str, labels: Collection[str], cursor: str
) -> shapes.Questions:
    """A page of open questions, without what an answer is signed with."""
    found = read_inbox(session, whose=whose, area=area, labels=labels, after=cursor)
    items = [
        shapes.QuestionItem(
            id=str(one.id),
            request=one.slug,
            title=one.title,
            request_status=one.request_status,
            words=[shapes.QuestionWords.model_validate(words) for words in one.words],
            more=one.more,
            asked=one.asked,
            is_mine=one.is_mine,
            asked_at=one.asked_at,
            expires_at=one.expires_at,
        )
        for one in found.questions
    ]
    return shapes.Questions(items=items, next=found.following)


def _event(page: EntryPage, event: Event) -> shapes.EntryEvent:
    about = event.about
    what: dict[str, Any] = {}
    if event.kind == "decision":
        used = page.thresholds.get(about.thresholds_version or 0)
        what = {
            "step": about.step,
            "route": about.route,
            "request": _slug(page, about.request_id),
            "confidence": about.confidence,
            "reason": page.reasons[about.id],
            "judge": about.judge,
            "by": page.names(about.actor),
            "thresholds": {"attach": used.attach, "ask": used.ask} if used else None,
            "candidates": [
                {
                    "request": _slug(page, int(one["request_id"])),
                    "confidence": one.get("confidence"),
                    "cosine": one.get("cosine"),
                }
                for one in about.candidates
            ],
        }
    elif event.kind == "model_call":
        what = {"task": about.task, "model": about.model, "outcome": about.outcome}
    elif event.kind == "message":
        what = {"purpose": about.purpose, "kind": about.kind, "state": about.state}
    elif event.kind in ("asked", "reminded", "closed"):
        what = {"question": str(about.id), "status": about.status}
        if event.kind == "closed":
            choice = (about.answer or {}).get("choice")
            what |= {"choice": choice, "by": page.names(about.answered_by)}
    elif event.kind in ("attached", "removed"):
        what = {"request": about.slug, "reason": about.Feedback.reason}
    return shapes.EntryEvent(at=event.at, kind=event.kind, what=what)


def _cut(**lists: bool) -> list[str]:
    return [name for name, is_cut in lists.items() if is_cut]


def _slug(page: EntryPage, request_id: int | None) -> str | None:
    row = page.requests.get(request_id or 0)
    return row.slug if row else None


def _area_slugs(session: Session, ids: Sequence[int]) -> dict[int, list[str]]:
    slugs: dict[int, list[str]] = {}
    rows = session.execute(
        select(RequestArea.request_id, Area.slug)
        .join(Area, Area.id == RequestArea.area_id)
        .where(RequestArea.request_id.in_(ids))
        .order_by(Area.slug)
    )
    for request_id, slug in rows:
        slugs.setdefault(request_id, []).append(slug)
    return slugs


def _name(user: User | None) -> str | None:
    return (user.name or user.email) if user is not None else None


def _url(path: str) -> str | None:
    base = load_settings().web_base_url.rstrip("/")
    return f"{base}/{path}" if base else None
