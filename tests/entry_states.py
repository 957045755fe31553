"""One entry in every stage, as the database could have it."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from include.base.entry_state import (
    Change,
    Customer,
    EntryState,
    QuestionState,
    RequestFacts,
    Stage,
)
from include.slack.cards.entry_card import Tokens

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = datetime(2026, 3, 2, 10, tzinfo=UTC)
HOOK = uuid.UUID(int=7)
URL = "https://feedback.example.com/requests/"


def request(number: int = 1, title: str = "Export tables as CSV", **more: Any) -> RequestFacts:
    """A request with its page."""
    facts: dict[str, Any] = {"slug": f"r{number}", "url": f"{URL}r{number}", "status": "open"}
    return RequestFacts(id=number, title=title, **facts | more)


def question(status: str = "pending", choice: str | None = None, **more: Any) -> QuestionState:
    """A question to Ann."""
    by = "slack:U0ANN" if status == "answered" else None
    at = None if status == "pending" else AT
    return QuestionState(HOOK, status, choice, None, by, at, ("slack:U0ANN",), **more)


def entry(stage: Stage, quote: str = "We copy tables by hand.", **more: Any) -> EntryState:
    """An entry of Kestrel, handed in by Ann."""
    customer = Customer(
        severity="high",
        account="Kestrel",
        account_id="acc-1",
        account_known=True,
        arr=Decimal(480_000),
        deal="Renewal 2027",
        submitter="slack:U0ANN",
    )
    return EntryState(3, stage, quote, customer, AT, **more)


def every_stage() -> dict[str, EntryState]:
    """The stages, and each of the ways into those that have several."""
    on, near = request(), tuple(request(n, f"Near {n}") for n in (2, 3, 4))
    sure: dict[str, Any] = {"confidence": 0.86, "reason": "Both ask for tables.", "request": on}
    asked = entry(Stage.ASKED, question=question(), **sure)
    decided = {
        f"decided {status} {choice or ''}".strip(): replace(
            asked, stage=Stage.DECIDED, question=question(status, choice)
        )
        for status, choice in (
            ("answered", "attach"),
            ("answered", "create"),
            ("answered", "set_aside"),
            ("expired", None),
            ("cancelled", None),
        )
    }
    attached = entry(Stage.ATTACHED, feedback_id=5, **sure)
    created = entry(Stage.CREATED, feedback_id=5, request=on, nearest=near)
    undone = replace(created, change=Change("undo", "slack:U0ANN", LATER), came_from=near[0])
    return {
        "working": entry(Stage.WORKING),
        "taken up": entry(Stage.WORKING, change=Change("restore", "slack:U0ANN", LATER)),
        "asked": asked,
        "asked of a shipped one": replace(asked, request=request(status="shipped")),
        **decided,
        "attached": attached,
        "attached by an answer": replace(attached, question=question("answered", "attach")),
        "attached to a merged one": replace(attached, request=request(part_of=near[0])),
        "joined a twin": replace(attached, question=question("expired")),
        "moved": replace(attached, change=Change("pick", "slack:U0BEN", LATER), came_from=near[1]),
        "created": created,
        "created by the clock": replace(created, question=question("expired")),
        "undone": undone,
        "set aside": entry(Stage.SET_ASIDE, noise_reason="only_praise"),
        "withdrawn": entry(
            Stage.WITHDRAWN,
            noise_reason="not_feedback",
            change=Change("withdraw", "slack:U0ANN", LATER),
        ),
        "split": entry(Stage.SPLIT, pains=(attached, created)),
        "failed": entry(Stage.FAILED),
    }


def tokens(state: EntryState) -> Tokens:
    """Tokens one can recognise."""
    targets = [*state.nearest, *([state.came_from] if state.came_from else [])]
    return Tokens(
        "q", "place", "withdraw", "restore", "details", {t.id: f"m{t.id}" for t in targets}
    )
