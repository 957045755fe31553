"""What the read API answers: its fields, with their meaning, for the OpenAPI document and MCP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """Read from rows of the product's queries."""

    model_config = ConfigDict(from_attributes=True)


class AreaRef(Shape):
    """A product area."""

    slug: str
    name: str


class Partly(Shape):
    """Something with lists that may be long."""

    cut: list[str] = Field(
        default=[], description="Names of the lists here that hold only their first or newest."
    )


class Page(Shape):
    """One page of a list; ``next`` is the ``cursor`` of the following one, null on the last."""

    next: str | None = None


class RequestItem(Shape):
    """A feature request in a list. ARR is in US dollars a year, each account counted once."""

    id: int
    slug: str
    title: str
    status: str
    areas: list[str] = Field(description="Slugs.")
    owner: str | None
    feedback: int
    accounts: int
    arr: float
    dealbreakers: int
    trend: int = Field(description="Feedback of the last 28 days less that of the 28 before.")
    newest_at: datetime | None = Field(description="Of the newest evidence.")
    created_at: datetime
    url: str | None = Field(description="Its page.")


class RequestPage(Page):
    """Feature requests."""

    items: list[RequestItem]


class FoundItem(Shape):
    """A request that a search found, with how surely and why."""

    id: int
    slug: str
    title: str
    status: str
    confidence: float
    reason: str
    is_guess: bool = Field(description="Only the nearest there is; its confidence is 0.")
    customers: int = Field(description="Accounts with feedback on it.")
    url: str | None


class Found(Shape):
    """What a search found, best first."""

    items: list[FoundItem]


class Evidence(Shape):
    """What one customer said, attached to a request."""

    id: int
    entry_id: int
    request: str = Field(description="Slug: one that is merged into the request, or itself.")
    quote: str
    severity: str
    account_id: str | None
    account: str | None
    arr: float | None
    opportunity: str | None
    confidence: float | None
    match_type: str
    reason: str
    source: str
    source_link: str | None
    given_by: str | None
    created_at: datetime


class EvidencePage(Page):
    """Evidence, the newest first."""

    items: list[Evidence]


class StatusChange(Shape):
    """A change of status."""

    status: str
    by: str
    at: datetime


class Neighbour(Shape):
    """Another request, and how it is linked."""

    slug: str
    title: str
    kind: str
    confidence: float | None = None


class RequestFull(Partly):
    """A feature request. ``asked_for`` differs from ``slug`` where that one is merged into this."""

    asked_for: str
    is_survivor: bool = Field(description="Whether the slug asked for is merged into this request.")
    id: int
    slug: str
    external_id: str | None
    title: str
    description: str
    status: str
    areas: list[AreaRef]
    owner: str | None
    opened_by: str | None
    feedback: int
    accounts: int
    arr: float
    dealbreakers: int
    followers: int
    trend: int
    created_at: datetime
    updated_at: datetime
    shipped_at: datetime | None
    evidence: EvidencePage
    history: list[StatusChange]
    merged: list[Neighbour]
    related: list[Neighbour]
    url: str | None


class EntryEvent(Shape):
    """Something that happened to an entry."""

    at: datetime
    kind: str
    what: dict[str, Any]


class EntryFull(Partly):
    """One submission, what became of it and why."""

    id: int
    status: str
    outcome: str | None
    customer_pain: str
    severity: str
    account_id: str | None
    account: str | None
    opportunity_id: str | None
    source: str
    external_id: str | None
    links: list[str]
    submitter: str | None
    request: str | None = Field(description="Slug of the request it is evidence of now.")
    parts: list[int] = Field(description="Entries of the same text, if it was taken apart.")
    created_at: datetime
    events: list[EntryEvent]
    url: str | None


class AreaItem(Shape):
    """A product area, with the day of its newest report."""

    slug: str
    name: str
    description: str
    slack_channel: str | None
    requests: int
    report_day: date | None
    url: str | None


class Areas(Shape):
    """Every area."""

    items: list[AreaItem]


class AreaFull(Shape):
    """An area with its report of a day; ``days`` are those that have one, the newest first."""

    slug: str
    name: str
    description: str
    slack_channel: str | None
    days: list[date]
    day: date | None
    report: dict[str, Any] | None
    url: str | None


class AccountItem(Shape):
    """A customer."""

    id: str
    name: str
    arr: float | None
    region: str | None
    is_enterprise: bool
    feedback: int
    url: str | None


class AccountPage(Page):
    """Customers, those with the highest ARR first."""

    items: list[AccountItem]


class Deal(Shape):
    """An opportunity."""

    id: str
    name: str
    stage: str | None
    arr: float | None


class AccountRequest(Shape):
    """A request that an account has asked for."""

    slug: str
    title: str
    status: str
    feedback: int
    dealbreakers: int


class AccountFull(Partly):
    """A customer, also one that feedback names and nobody has loaded."""

    id: str
    name: str | None
    arr: float | None
    region: str | None
    is_enterprise: bool | None
    opportunities: list[Deal]
    requests: list[AccountRequest]
    url: str | None


class QuestionWords(Shape):
    """What a question is about: a customer's words and how well they match."""

    entry_id: int
    quote: str
    severity: str
    account_id: str | None
    account: str | None
    confidence: float | None
    reason: str


class QuestionItem(Shape):
    """An open question: do these words belong to this request?"""

    id: str
    request: str = Field(description="Slug of the suggested request.")
    title: str
    request_status: str
    words: list[QuestionWords]
    more: int = Field(description="Entries of the question that are not listed.")
    asked: list[str] = Field(description="Who may answer; empty for everybody who may answer.")
    is_mine: bool
    asked_at: datetime
    expires_at: datetime | None


class Questions(Page):
    """Open questions, the oldest first."""

    items: list[QuestionItem]
