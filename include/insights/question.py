"""What an analytics question asks for: a prepared query and its filters. Plain values.

Whoever reads the question, rules or a language model, can only choose among these. The numbers come
from SQL (``include.insights.prepared``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

QUERIES = {
    "top_requests": "Which requests hurt most: by ARR of the accounts that asked, then feedback",
    "totals": "How many requests, pieces of feedback and accounts, and how much ARR",
    "by_segment": "Feedback, accounts and ARR by enterprise flag and region",
    "by_area": "Requests, feedback, accounts and ARR by product area",
    "by_account": "Which accounts said most, by ARR",
    "by_status": "How many requests are open, shipped and deprioritized",
    "by_week": "Pieces of feedback by week",
    "shipped": "What shipped, newest first",
    "feedback": "Pieces of feedback, newest first, with the request that each is on",
}
"""The prepared queries by name, and what each answers."""

STATUSES = ("open", "shipped", "deprioritized")
SEVERITIES = ("low", "medium", "high")
LIMIT, MOST = 5, 20


@dataclass(frozen=True, slots=True)
class Period:
    """Days from ``since`` up to, and without, ``until``; ``words`` as a person says it."""

    since: date
    until: date
    words: str


@dataclass(frozen=True, slots=True)
class Filters:
    """What a query is narrowed to; nothing given narrows nothing.

    ``areas`` are slugs, ``request`` a slug, ``account`` and ``deal`` an id. ``enterprise`` false
    means other accounts only. ``status`` is of the request, ``severity`` of the feedback.
    ``period`` is when the feedback was given, for ``shipped`` when the request shipped.
    """

    areas: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    enterprise: bool | None = None
    severity: str | None = None
    status: str | None = None
    account: str | None = None
    request: str | None = None
    deal: str | None = None
    period: Period | None = None

    def given(self) -> dict[str, Any]:
        """The filters that narrow something, as JSON."""
        found: dict[str, Any] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if value is None or value == ():
                continue
            if isinstance(value, Period):
                value = {"since": value.since.isoformat(), "until": value.until.isoformat()}
            found[one.name] = list(value) if isinstance(value, tuple) else value
        return found


@dataclass(frozen=True, slots=True)
class Question:
    """A chosen query. ``unread`` are words of the question that nothing was made of."""

    query: str
    filters: Filters = field(default_factory=Filters)
    limit: int = LIMIT
    unread: tuple[str, ...] = ()


def question_of(chosen: Mapping[str, Any]) -> Question:
    """A question out of plain values, of which only what may be is used.

    Names of areas, regions, accounts and requests must have been checked before.
    """
    unread = [str(word) for word in chosen.get("not_covered") or ()]
    status, severity = chosen.get("status"), chosen.get("severity")
    query = str(chosen["query"])
    filters = Filters(
        areas=tuple(chosen.get("areas") or ()),
        regions=tuple(chosen.get("regions") or ()),
        enterprise=chosen.get("enterprise"),
        severity=severity if severity in SEVERITIES else None,
        status=status if status in STATUSES and query not in ("shipped", "by_status") else None,
        account=chosen.get("account"),
        request=chosen.get("request"),
        period=_period(chosen.get("since"), chosen.get("until"), unread),
    )
    if query == "top_requests" and filters.status is None and filters.request is None:
        filters = replace(filters, status="open")
    limit = chosen.get("limit")
    limit = limit if isinstance(limit, int) and limit > 0 else LIMIT
    return Question(query, filters, min(limit, MOST), tuple(unread))


def _period(since: Any, until: Any, unread: list[str]) -> Period | None:
    if since is None and until is None:
        return None
    try:
        first = date.fromisoformat(since) if since else date(2000, 1, 1)
        end = date.fromisoformat(until) if until else date(2100, 1, 1)
    except (TypeError, ValueError):
        unread.append(f"{since} to {until}")
        return None
    if first >= end:
        unread.append(f"{since} to {until}")
        return None
    return Period(first, end, f"from {first.isoformat()} to before {end.isoformat()}")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the product knows and a question may name; keys as stored, values as people say it.

    ``accounts`` and ``requests`` hold only those that the question itself names.
    """

    areas: dict[str, str] = field(default_factory=dict)
    regions: tuple[str, ...] = ()
    accounts: dict[str, str] = field(default_factory=dict)
    requests: dict[str, str] = field(default_factory=dict)
    deals: dict[str, str] = field(default_factory=dict)
    nicknames: dict[str, str] = field(default_factory=dict)
    """Accounts by the first word of their name, where that names one account alone."""
