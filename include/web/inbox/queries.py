"""Open questions, and those that were decided lately, in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, cast, false, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from include.durable.api import get_hook, signing_keys
from include.durable.keys import sign
from include.entries.spoken_for import reasons_with_evidence
from include.entries.state import HANDLER, question_state
from include.matching.types import UNDELIVERED
from include.slack.cards.words import closed_words
from include.store.models import (
    Account,
    Area,
    Decision,
    Entry,
    Hook,
    HookStatus,
    LinkKind,
    Opportunity,
    Request,
    RequestArea,
    RequestFigures,
    RequestLink,
    RequestMerge,
)
from include.web.names import Names

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from include.durable.types import HookView

PAGE = 25
LATELY = timedelta(days=1)
MOST_LATELY = 10
SHOWN = 3
"""How many customers' words of one question are listed."""

ABOUT = cast(Hook.question["request_id"].astext, BigInteger)
OPEN = (Hook.handler == HANDLER, Hook.is_current, Hook.status == HookStatus.PENDING)
UNOWNED = Hook.responders == []


@dataclass(frozen=True)
class Words:
    """What one customer said."""

    entry_id: int
    quote: str
    severity: str
    account_id: str | None
    account: str | None
    arr: float | None
    opportunity: str | None
    confidence: float | None
    reason: str


@dataclass(frozen=True)
class Question:
    """A question as the inbox shows it; ``more`` counts entries that are not listed."""

    id: UUID
    token: str
    words: list[Words]
    more: int
    request_id: int
    slug: str
    title: str
    request_status: str
    asked_at: datetime
    asked: list[str]
    expires_at: datetime | None
    is_mine: bool


@dataclass(frozen=True)
class Twins:
    """Two requests that look the same, each with what it amounts to."""

    token: str
    confidence: float
    reason: str
    sides: list[tuple[Request, RequestFigures]]


@dataclass(frozen=True)
class Decided:
    """A question that was closed lately."""

    id: UUID
    slug: str
    title: str
    status: str
    choice: str | None
    by: str
    at: datetime | None
    entry_id: int


@dataclass(frozen=True)
class Inbox:
    """One page of the inbox with the numbers of its tabs; ``whose`` is what was chosen."""

    whose: str
    questions: list[Question]
    following: str | None
    counts: dict[str, int]
    areas: list[tuple[str, str]]
    decided: list[Decided]


def read_inbox(
    session: Session, *, whose: str, area: str, labels: Collection[str], after: str
) -> Inbox:
    """A page of open questions, the oldest first.

    Args:
        session: On the product's database.
        whose: ``mine``, ``unowned`` or ``all``; empty for mine if there are any, else all.
        area: A slug; empty for every area.
        labels: Every name under which rows may mean the visitor.
        after: Where the page before ended.
    """
    counts = count_open(session, labels)
    whose = whose or ("mine" if counts["mine"] else "all")
    chosen: list[Any] = [*OPEN]
    if whose == "mine":
        chosen.append(_mine(labels))
    elif whose == "unowned":
        chosen.append(UNOWNED)
    if area:
        inside = select(RequestArea.request_id).join(Area).where(Area.slug == area)
        chosen.append(ABOUT.in_(inside))
    if place := _place(after):
        chosen.append(tuple_(Hook.created_at, Hook.id) > place)
    rows = session.scalars(
        select(Hook).where(*chosen).order_by(Hook.created_at, Hook.id).limit(PAGE + 1)
    ).all()
    page = list(rows[:PAGE])
    decided = session.execute(
        select(Hook, Request.slug, Request.title)
        .join(Request, Request.id == ABOUT)
        .where(
            Hook.handler == HANDLER,
            Hook.status != HookStatus.PENDING,
            Hook.closed_at > func.now() - LATELY,
        )
        .order_by(Hook.closed_at.desc())
        .limit(MOST_LATELY)
    ).all()
    asked = [one for hook in page for one in hook.responders]
    names = Names(session, [*asked, *(hook.answered_by for hook, _, _ in decided)])
    areas = session.execute(select(Area.slug, Area.name).order_by(Area.name)).all()
    last = page[-1] if len(rows) > PAGE else None
    return Inbox(
        whose=whose,
        questions=_questions(session, page, names, labels),
        following=f"{last.created_at.isoformat()}_{last.id}" if last else None,
        counts=counts,
        areas=[(row.slug, row.name) for row in areas],
        decided=[
            Decided(
                id=hook.id,
                slug=slug,
                title=title,
                status=hook.status,
                choice=(hook.answer or {}).get("choice"),
                by=names(hook.answered_by),
                at=hook.closed_at,
                entry_id=int(hook.question["entries"][0][0]),
            )
            for hook, slug, title in decided
        ],
    )


def count_open(session: Session, labels: Collection[str]) -> dict[str, int]:
    """How many questions are open: ``mine``, ``unowned`` and ``all``."""
    counts = session.execute(
        select(
            func.count().filter(_mine(labels)).label("mine"),
            func.count().filter(UNOWNED).label("unowned"),
            func.count().label("all"),
        ).where(*OPEN)
    ).one()
    return dict(counts._mapping)


def read_question(session: Session, hook_id: UUID) -> Question | None:
    """One open question; None when it is closed or there is none."""
    hook = session.scalars(select(Hook).where(*OPEN, Hook.id == hook_id)).one_or_none()
    if hook is None:
        return None
    [found] = _questions(session, [hook], Names(session, hook.responders), ())
    return found


def closed_since(session: Session, ids: Sequence[UUID]) -> list[tuple[HookView, str]]:
    """Those of the questions that are closed, with who decided what."""
    closed = session.scalars(
        select(Hook.id).where(Hook.id.in_(ids), Hook.status != HookStatus.PENDING)
    ).all()
    views = [view for one in closed if (view := get_hook(session, one)) is not None]
    return [(view, closed_words(question_state(view))) for view in views]


def read_twins(session: Session) -> tuple[list[Twins], int]:
    """The surest pairs of undelivered requests that look the same; and how many there are."""
    low, high = aliased(Request), aliased(Request)
    merged = select(RequestMerge.id).where(
        RequestMerge.undone_at.is_(None), RequestMerge.request_id.in_([low.id, high.id])
    )
    rows = session.execute(
        select(RequestLink, low, high, func.count().over().label("total"))
        .join(low, low.id == RequestLink.low_id)
        .join(high, high.id == RequestLink.high_id)
        .where(
            RequestLink.kind == LinkKind.DUPLICATE,
            low.status.in_(UNDELIVERED),
            high.status.in_(UNDELIVERED),
            ~merged.exists(),
        )
        .order_by(RequestLink.confidence.desc(), RequestLink.id)
        .limit(PAGE)
    ).all()
    key = signing_keys(session)[0]
    figures = {
        row.request_id: row
        for row in session.scalars(
            select(RequestFigures).where(
                RequestFigures.request_id.in_({one.id for row in rows for one in row[1:3]})
            )
        )
    }
    twins = [
        Twins(
            token=sign("merge", str(link.id), key),
            confidence=link.confidence,
            reason=link.reason,
            sides=[(one, figures[one.id]) for one in (lower, higher)],
        )
        for link, lower, higher, _ in rows
    ]
    return twins, rows[0].total if rows else 0


def _mine(labels: Collection[str]) -> ColumnElement[bool]:
    return or_(false(), *(Hook.responders.contains([label]) for label in sorted(labels)))


def _questions(
    session: Session, hooks: list[Hook], names: Names, labels: Collection[str]
) -> list[Question]:
    asked = {hook.id: hook.question["entries"] for hook in hooks}
    listed = [int(one[0]) for entries in asked.values() for one in entries[:SHOWN]]
    words = _words(session, listed)
    requests = {
        row.id: row
        for row in session.execute(
            select(Request.id, Request.slug, Request.title, Request.status).where(
                Request.id.in_({int(hook.question["request_id"]) for hook in hooks})
            )
        )
    }
    key = signing_keys(session)[0]
    found = []
    for hook in hooks:
        request = requests[int(hook.question["request_id"])]
        said = [
            Words(**words[int(one)], confidence=confidence)
            for one, confidence in asked[hook.id][:SHOWN]
            if int(one) in words
        ]
        found.append(
            Question(
                id=hook.id,
                token=sign("hook", str(hook.id), key),
                words=said,
                more=len(asked[hook.id]) - len(said),
                request_id=request.id,
                slug=request.slug,
                title=request.title,
                request_status=request.status,
                asked_at=hook.created_at,
                asked=[names(one) for one in hook.responders],
                expires_at=hook.expires_at,
                is_mine=not set(labels).isdisjoint(hook.responders),
            )
        )
    return found


def _words(session: Session, entry_ids: list[int]) -> dict[int, dict[str, Any]]:
    """What a question shows of each entry: its words, and why, as the card in Slack says it."""
    rows = session.execute(
        select(
            Decision,
            Entry.id.label("entry_id"),
            Entry.customer_pain.label("quote"),
            Entry.severity,
            Entry.account_id,
            func.coalesce(Account.name, Entry.account_id).label("account"),
            Account.arr,
            func.coalesce(Opportunity.name, Entry.opportunity_id).label("opportunity"),
        )
        .outerjoin(Account, Account.id == Entry.account_id)
        .outerjoin(Opportunity, Opportunity.id == Entry.opportunity_id)
        .outerjoin(Decision, Decision.key == func.concat("match:", Entry.id, ":0"))
        .where(Entry.id.in_(entry_ids))
    ).mappings()
    found = [dict(row) for row in rows]
    decisions = [one.pop("Decision") for one in found]
    reasons = reasons_with_evidence(session, [one for one in decisions if one is not None])
    return {
        one["entry_id"]: one | {"reason": reasons[made.id] if made is not None else ""}
        for one, made in zip(found, decisions, strict=True)
    }


def _place(after: str) -> tuple[datetime, str] | None:
    moment, _, hook_id = after.partition("_")
    try:
        return (datetime.fromisoformat(moment), hook_id) if hook_id else None
    except ValueError:
        return None
