"""A small world whose reports can be computed by hand: days of March 2026, in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.store.models import (
    Account,
    Area,
    Entry,
    Feedback,
    Request,
    RequestArea,
    RequestEmbedding,
    RequestStatusChange,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MODEL = "hand-384"


def at(day: float) -> datetime:
    """A moment of March 2026: ``at(5)`` is the fifth at noon, UTC."""
    return datetime(2026, 2, 28, 12, tzinfo=UTC) + timedelta(days=day)


@dataclass
class World:
    """Makes rows with dates of their own."""

    session: Session
    areas: dict[str, Area] = field(default_factory=dict)
    count: int = 0

    def area(self, slug: str, name: str | None = None, channel: str | None = None) -> Area:
        area = Area(slug=slug, name=name or slug.title(), slack_channel=channel)
        self.session.add(area)
        self.session.flush()
        self.areas[slug] = area
        return area

    def account(
        self, account_id: str, arr: float | None, region: str | None, enterprise: bool
    ) -> None:
        self.session.add(
            Account(
                id=account_id, name=account_id, arr=arr, region=region, is_enterprise=enterprise
            )
        )
        self.session.flush()

    def request(
        self, slug: str, *areas: str, day: float, vector: list[float] | None = None
    ) -> Request:
        request = Request(slug=slug, title=f"Request {slug}", created_at=at(day))
        self.session.add(request)
        self.session.flush()
        for name in areas:
            self.session.add(RequestArea(request_id=request.id, area_id=self.areas[name].id))
        if vector is not None:
            self.session.add(
                RequestEmbedding(
                    request_id=request.id,
                    model=MODEL,
                    dimensions=384,
                    content_hash="h",
                    embedding=vector + [0.0] * (384 - len(vector)),
                )
            )
        self.session.flush()
        self.status(request, "open", day)
        return request

    def status(self, request: Request, status: str, day: float) -> None:
        self.session.add(
            RequestStatusChange(
                request_id=request.id, status=status, changed_by="test", changed_at=at(day)
            )
        )
        request.status = status
        request.shipped_at = at(day) if status == "shipped" else None
        self.session.flush()

    def feedback(
        self,
        request: Request,
        severity: str,
        account: str | None,
        day: float,
        *,
        removed: float | None = None,
        quote: str = "It hurts every single day.",
    ) -> Feedback:
        self.count += 1
        entry = Entry(
            idempotency_key=f"test:{self.count}",
            source="import",
            customer_pain=quote,
            severity=severity,
            account_id=account,
            status="done",
            outcome="attached",
            dag_id="test",
            run_id=f"run {self.count}",
            created_at=at(day),
        )
        self.session.add(entry)
        self.session.flush()
        row = Feedback(
            request_id=request.id,
            entry_id=entry.id,
            quote_length=len(quote),
            severity=severity,
            account_id=account,
            match_type="test",
            created_at=at(day),
            removed_at=None if removed is None else at(removed),
        )
        self.session.add(row)
        self.session.flush()
        return row

    def changing(self, day: float) -> None:
        """Changes of this transaction from here on count from ``day``."""
        self.session.execute(
            text("SELECT set_config('feedback.effective_at', :at, true)"),
            {"at": at(day).isoformat()},
        )

    def run(self, statement: str, **parameters: Any) -> None:
        self.session.execute(text(statement), parameters)


@pytest.fixture
def world(session: Session) -> World:
    """An empty world on a fresh database."""
    return World(session)


@pytest.fixture
def history(world: World) -> World:
    """The hand-computed history; the tests say what it comes to on which day."""
    world.area("reporting")
    world.area("access")
    world.account("big", 400_000, "EMEA", True)
    world.account("huge", 300_000, None, True)
    world.account("debt", -5_000, "EMEA", True)
    world.account("blank", None, "AMER", True)
    world.account("small", 20_000, "AMER", False)
    csv = world.request("csv", "reporting", day=1)
    pdf = world.request("pdf", "reporting", "access", day=2)
    late = world.request("late", "reporting", day=10)
    world.feedback(csv, "high", "big", 2)
    world.feedback(csv, "high", "big", 3)
    world.feedback(csv, "high", "huge", 8)
    world.feedback(csv, "medium", "small", 3)
    world.feedback(pdf, "high", "big", 4)
    world.feedback(pdf, "high", "debt", 4)
    world.feedback(pdf, "high", "blank", 4)
    world.feedback(pdf, "high", "small", 4, removed=6)
    world.feedback(pdf, "high", "not in the crm", 5)
    world.feedback(late, "low", None, 11)
    world.status(pdf, "shipped", 9)
    world.session.commit()
    return world
