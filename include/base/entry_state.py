"""What can truly be said about an entry: facts, for every surface that shows one.

``include.entries.state`` reads them from the database. Cards, replies in threads, App Home and
pages are made of them and of nothing else, so that none can say what is not so.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal
    from uuid import UUID


class Stage(StrEnum):
    """Where an entry is. ``decided`` has an answer that is not carried out yet."""

    WORKING = "working"
    ASKED = "asked"
    DECIDED = "decided"
    ATTACHED = "attached"
    CREATED = "created"
    SET_ASIDE = "set_aside"
    WITHDRAWN = "withdrawn"
    SPLIT = "split"
    FAILED = "failed"


@dataclass(frozen=True)
class RequestFacts:
    """A request; ``part_of`` is the one that it is merged into."""

    id: int
    title: str
    slug: str
    url: str | None
    status: str
    areas: tuple[str, ...] = ()
    part_of: RequestFacts | None = None


@dataclass(frozen=True)
class Customer:
    """Whose words they are: ``arr`` in US dollars a year, ``submitter`` as rows name people.

    ``account`` is a name, or the id as it was given where ``account_known`` is false.
    """

    severity: str
    account: str | None = None
    account_id: str | None = None
    account_known: bool = False
    arr: Decimal | None = None
    deal: str | None = None
    deal_id: str | None = None
    submitter: str | None = None


@dataclass(frozen=True)
class QuestionState:
    """The question about an entry: what was asked, and its answer if it has one.

    ``status`` is the one of its durable hook; ``choice`` is ``attach``, ``create`` or
    ``set_aside``; ``picked_id`` names another request than the suggested one. ``together`` is how
    many entries the question is about.
    """

    hook_id: UUID
    status: str
    choice: str | None
    picked_id: int | None
    by: str | None
    at: datetime | None
    asked: tuple[str, ...] = ()
    expires_at: datetime | None = None
    together: int = 1

    @property
    def is_open(self) -> bool:
        """Whether somebody may still answer."""
        return self.status == "pending"


@dataclass(frozen=True)
class Change:
    """The last thing that a person did after the entry had its place: ``undo``, ``pick``, ..."""

    step: str
    by: str | None
    at: datetime


@dataclass(frozen=True)
class EntryState:
    """One entry. ``request`` is where it is now, or the one that it is asked about.

    ``came_from`` is the request that it was on before. ``nearest`` are the requests that were
    looked at when it opened its own, the nearest first. ``in_review`` says that nobody can be
    reached as its submitter, so that others read its card. ``pains`` are the entries that it was
    taken apart into. ``why_url`` is the page that says how it came here.
    """

    entry_id: int
    stage: Stage
    quote: str
    customer: Customer
    created_at: datetime
    request: RequestFacts | None = None
    confidence: float | None = None
    reason: str = ""
    question: QuestionState | None = None
    change: Change | None = None
    came_from: RequestFacts | None = None
    nearest: tuple[RequestFacts, ...] = ()
    feedback_id: int | None = None
    noise_reason: str | None = None
    in_review: bool = False
    pains: tuple[EntryState, ...] = ()
    why_url: str | None = None
