"""An analytics answer in words: what was counted, how, and the query and filters it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.insights.question import QUERIES
from include.insights.wording import count, money, quoted, segment_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.insights.prepared import Found
    from include.insights.question import Filters, Question, Vocabulary

_SEVERITY = {"high": "dealbreakers only", "medium": "medium severity", "low": "low severity"}
_WORDS = {"high": "dealbreaker", "medium": "significant pain", "low": "nice to have"}
EXAMPLES = (
    "what hurts enterprise customers in EMEA?",
    "which areas have the most dealbreakers?",
    "how much ARR is at stake in the last 30 days?",
    "what shipped last month?",
    "show me feedback from Acme",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of an answer: a name, the slug of a request if it is one, and the facts."""

    name: str
    facts: str
    slug: str | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """An answer ready to be shown."""

    heading: str
    lines: tuple[Line, ...]
    totals: str
    source: str

    @property
    def text(self) -> str:
        """All of it as plain text."""
        listed = [
            f"{number}. {line.name}: {line.facts}" for number, line in enumerate(self.lines, 1)
        ]
        return "\n".join([self.heading, *listed, self.totals, self.source])


def answer_words(question: Question, found: Found, known: Vocabulary) -> Words:
    """The words of an answer; every number in them is one of ``found``."""
    lines = tuple(_LINES[question.query](row) for row in found.rows)
    heading = f"{QUERIES[question.query]}:"
    if question.query != "totals" and not lines:
        heading = "I found nothing that fits."
    elif question.query == "totals":
        heading = f"{QUERIES['totals']}."
    return Words(heading, lines, _totals(question, found), source_words(question, known))


def source_words(question: Question, known: Vocabulary) -> str:
    """Where the numbers come from: the query, its filters, and what was not understood."""
    filters = ", ".join(filter_words(question.filters, known)) or "none"
    said = f"Query {question.query}; filters: {filters}."
    if question.unread:
        said += f" Not understood and not used: {quoted(question.unread)}."
    return said


def filter_words(filters: Filters, known: Vocabulary) -> list[str]:
    """Each filter as people say it."""
    words = []
    if filters.enterprise is not None:
        words.append("enterprise customers" if filters.enterprise else "other customers")
    words += [f"region {region}" for region in filters.regions]
    words += [f"area {known.areas.get(slug, slug)}" for slug in filters.areas]
    if filters.account:
        words.append(f"account {known.accounts.get(filters.account, filters.account)}")
    if filters.deal:
        words.append(f"deal {known.deals.get(filters.deal, filters.deal)}")
    if filters.request:
        words.append(f"request {known.requests.get(filters.request, filters.request)}")
    if filters.status:
        words.append(f"{filters.status} requests")
    if filters.severity:
        words.append(_SEVERITY[filters.severity])
    if filters.period:
        words.append(filters.period.words)
    return words


def _totals(question: Question, found: Found) -> str:
    totals = found.totals
    if not totals["requests"] and not totals["feedback"]:
        return "There is no request and no feedback like that."
    said = (
        f"In all {count(totals['requests'], 'request')}, "
        f"{count(totals['feedback'], 'piece')} of feedback ({totals['high']:,} high severity) "
        f"from {count(totals['accounts'], 'account')} with {money(totals['arr'])} ARR."
    )
    if totals["unknown_arr"]:
        said += f" The ARR of {count(totals['unknown_arr'], 'account')} is not known."
    if question.query != "totals" and found.total_rows > len(found.rows):
        said += f" {len(found.rows):,} of {found.total_rows:,} rows are listed."
    return said


def _request(row: dict[str, Any]) -> Line:
    return Line(row["title"], _said(row), row["slug"])


def _feedback(row: dict[str, Any]) -> Line:
    who = row["account"] or "no account named"
    facts = f"{who}, {_WORDS[row['severity']]}, given on {row['given_on']}, {row['status']} request"
    return Line(row["title"], facts, row["slug"])


def _shipped(row: dict[str, Any]) -> Line:
    day = row["shipped_on"] or "an unknown day"
    return Line(row["title"], f"shipped on {day}, {_said(row)}", row["slug"])


def _segment(row: dict[str, Any]) -> Line:
    return Line(segment_name(row["enterprise"], row["region"]), _said(row))


def _area(row: dict[str, Any]) -> Line:
    return Line(row["name"], f"{count(row['requests'], 'request')}, {_said(row)}")


def _account(row: dict[str, Any]) -> Line:
    arr = "ARR not known" if row["arr"] is None else f"{money(row['arr'])} ARR"
    pieces, requests = count(row["feedback"], "piece"), count(row["requests"], "request")
    return Line(row["name"], f"{arr}, {pieces} of feedback on {requests}")


def _status(row: dict[str, Any]) -> Line:
    return Line(row["status"], count(row["requests"], "request"))


def _week(row: dict[str, Any]) -> Line:
    pieces = count(row["feedback"], "piece")
    return Line(f"week of {row['week']}", f"{pieces} of feedback, {row['high']:,} high severity")


def _said(row: dict[str, Any]) -> str:
    pieces = f"{count(row['feedback'], 'piece')} of feedback"
    if not row["accounts"]:
        return pieces
    return f"{count(row['accounts'], 'account')}, {money(row['arr'])} ARR, {pieces}"


_LINES: dict[str, Callable[[dict[str, Any]], Line]] = {
    "top_requests": _request,
    "shipped": _shipped,
    "feedback": _feedback,
    "by_segment": _segment,
    "by_area": _area,
    "by_account": _account,
    "by_status": _status,
    "by_week": _week,
}
