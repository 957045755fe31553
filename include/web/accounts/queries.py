"""Accounts by ARR, and everything that one has said."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, literal_column, select, tuple_

from include.store.models import Account, Entry, Feedback, Opportunity, Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

PAGE = 50
SAID = 100
COUNTED = 5000
"""The requests of an account are ranked by so many of its newest pieces: enough for any account
that a person can have an opinion on, and read at once."""


@dataclass(frozen=True)
class AccountPage:
    """One account: ``requests`` with its feedback counted, ``said`` its newest words.

    ``is_cut`` says that only the newest ``COUNTED`` pieces of feedback were counted.
    """

    account: Account | None
    opportunities: Sequence[Opportunity]
    requests: Sequence[Any]
    said: Sequence[Any]
    is_cut: bool


def read_accounts(session: Session, name: str, after: str) -> tuple[Sequence[Any], str | None]:
    """Accounts with the highest ARR first, and where the next page begins.

    Args:
        session: On the product's database.
        name: Only those whose name has this in it.
        after: Where the page before ended.
    """
    arr = func.coalesce(Account.arr, literal_column("-1"))  # as its index has it
    count = (
        select(func.count())
        .where(Feedback.account_id == Account.id, Feedback.removed_at.is_(None))
        .scalar_subquery()
    )
    statement = select(
        Account.id,
        Account.name,
        Account.arr,
        Account.region,
        Account.is_enterprise,
        count.label("feedback"),
        arr.label("place"),
    )
    if name:
        statement = statement.where(Account.name.icontains(name, autoescape=True))
    value, _, last = after.partition("_")
    if last:
        try:
            statement = statement.where(tuple_(arr, Account.id) < (Decimal(value), last))
        except InvalidOperation:
            last = ""
    rows = session.execute(statement.order_by(arr.desc(), Account.id.desc()).limit(PAGE + 1)).all()
    page = rows[:PAGE]
    following = f"{page[-1].place}_{page[-1].id}" if len(rows) > PAGE else None
    return page, following


def read_account(session: Session, account_id: str) -> AccountPage | None:
    """One account; None when neither the CRM nor any feedback names it."""
    account = session.get(Account, account_id)
    said = session.execute(
        select(
            Feedback.id,
            Feedback.entry_id,
            Feedback.quote,
            Feedback.severity,
            Feedback.created_at,
            Request.slug,
            Request.title,
            Request.status,
        )
        .join(Request, Request.id == Feedback.request_id)
        .where(Feedback.account_id == account_id, Feedback.removed_at.is_(None))
        .order_by(Feedback.id.desc())
        .limit(SAID)
    ).all()
    newest = (
        select(Feedback.request_id, Feedback.severity, Feedback.created_at)
        .where(Feedback.account_id == account_id, Feedback.removed_at.is_(None))
        .order_by(Feedback.id.desc())
        .limit(COUNTED)
        .subquery()
    )
    severe = func.count().filter(newest.c.severity == "high")
    counted = (
        select(
            newest.c.request_id,
            func.count().label("feedback"),
            severe.label("dealbreakers"),
            func.max(newest.c.created_at).label("newest"),
            func.sum(func.count()).over().label("counted"),
        )
        .group_by(newest.c.request_id)
        .order_by(severe.desc(), func.count().desc(), newest.c.request_id)
        .limit(SAID)
        .subquery()
    )
    requests = session.execute(
        select(Request.slug, Request.title, Request.status, counted)
        .join(counted, counted.c.request_id == Request.id)
        .order_by(counted.c.dealbreakers.desc(), counted.c.feedback.desc(), Request.id)
    ).all()
    known = account is not None or said
    if not known and not session.scalar(
        select(Entry.id).where(Entry.account_id == account_id).limit(1)
    ):
        return None
    opportunities = session.scalars(
        select(Opportunity).where(Opportunity.account_id == account_id).order_by(Opportunity.id)
    ).all()
    is_cut = bool(requests) and requests[0].counted >= COUNTED
    return AccountPage(account, opportunities, requests, said, is_cut)
