"""Sixty made-up days: requests, feedback, decisions and what changed, to try reports on.

``python -m sandbox.history`` fills the running sandbox. The same day gives the same rows; a
second call adds nothing. Accounts have no, negative or changing ARR, regions are missing, requests
ship and are reopened, feedback is taken back: what reports must cope with.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, text

from include.matching.embed import content_hash, embedding_text
from include.requests.opening import slug_of
from include.store.models import (
    Account,
    Area,
    Decision,
    Entry,
    Feedback,
    Opportunity,
    Request,
    RequestArea,
    RequestEmbedding,
    RequestStatus,
    RequestStatusChange,
)
from sandbox.environment import Sandbox
from sandbox.history_words import FIRST, SECOND, TOPICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from include.matching.types import Embedder
    from sandbox.history_words import Topic

DAYS = 60
_REGIONS = ("EMEA", "AMER", "APAC", "LATAM", None)
_SEVERITIES = ("low", "low", "medium", "medium", "medium", "high")
_ANSWERED_BY = ("slack:U0HISTORY1", "slack:U0HISTORY2", "slack:U0HISTORY3")
_STAGES = ("proposal", "evaluation", "negotiation")


@dataclass(frozen=True)
class Loaded:
    """How many rows were added."""

    requests: int = 0
    feedback: int = 0
    accounts: int = 0


class Maker:
    """Makes the rows of one history, all chosen by one seeded generator."""

    def __init__(self, session: Session, until: date) -> None:
        self.session = session
        self.random = random.Random(f"history {until.isoformat()}")
        self.end = datetime(until.year, until.month, until.day, tzinfo=UTC)
        self.start = self.end - timedelta(days=DAYS)
        self.vectors: dict[str, list[float]] = {}
        self.feedback = 0

    def moment(self, first: datetime, last: datetime) -> datetime:
        """A moment between two."""
        return first + (last - first) * self.random.random()

    def embed(self, embedder: Embedder) -> None:
        """Vectors of everything that is said, each text once."""
        texts = [
            text
            for topic in TOPICS
            for text in (*(embedding_text(*one) for one in topic.requests), *topic.pains)
        ]
        for begin in range(0, len(texts), 64):
            batch = texts[begin : begin + 64]
            self.vectors |= dict(zip(batch, embedder.embed(batch), strict=True))

    def accounts(self) -> list[str]:
        """Sixty accounts, some with odd data, and a deal with every third."""
        ids = []
        for number, (first, second) in enumerate((a, b) for b in SECOND for a in FIRST):
            account_id = f"HIS-{number:03}"
            enterprise = self.random.random() < 0.4
            amount = self.random.lognormvariate(12.2 if enterprise else 10.2, 0.7)
            arr: Decimal | None = Decimal(int(amount) // 500 * 500)
            if number % 20 == 7:
                arr = None
            elif number == 11:
                arr = Decimal(-1200)
            self.session.add(
                Account(
                    id=account_id,
                    name=f"{first} {second}",
                    arr=arr,
                    region=self.random.choice(_REGIONS),
                    is_enterprise=enterprise,
                    created_at=self.start,
                )
            )
            ids.append(account_id)
        self.session.flush()
        for number, account_id in enumerate(ids[::3]):
            self.session.add(
                Opportunity(
                    id=f"HIS-OPP-{number:02}",
                    account_id=account_id,
                    name=f"Renewal {number + 1}",
                    stage=self.random.choice(_STAGES),
                    arr=Decimal(self.random.randrange(10, 400) * 1000),
                    created_at=self.start,
                )
            )
        return ids

    def change_accounts(self, ids: Sequence[str]) -> None:
        """Half-way and later the CRM tells of other ARR, as of then."""
        for days in (30, 45):
            moment = self.start + timedelta(days=days)
            self.session.execute(
                text("SELECT set_config('feedback.effective_at', :at, true)"),
                {"at": moment.isoformat()},
            )
            for account_id in self.random.sample(list(ids), 6):
                self.session.execute(
                    text(
                        "UPDATE accounts SET arr = round(COALESCE(arr, 9000) * 1.4) WHERE id = :id"
                    ),
                    {"id": account_id},
                )
        self.session.execute(text("SELECT set_config('feedback.effective_at', '', true)"))

    def topic(self, topic: Topic, areas: dict[str, int], ids: list[str], model: str) -> int:
        """A topic's requests with what is said about them; returns how many requests are new."""
        made = 0
        for place, (title, description) in enumerate(topic.requests):
            if self.session.scalar(select(Request.id).where(Request.slug == slug_of(title))):
                continue
            latest = self.end - timedelta(days=3 + 9 * place)
            opened = self.moment(self.start, max(latest, self.start + timedelta(days=20)))
            opener = self._entry(topic, ids, opened, "created", model)
            request = self._request(title, description, opened, opener, model)
            self.session.add(RequestArea(request_id=request.id, area_id=areas[topic.area]))
            if self.random.random() < 0.2:
                other = self.random.choice([slug for slug in areas if slug != topic.area])
                self.session.add(RequestArea(request_id=request.id, area_id=areas[other]))
            self._evidence(request, opener, opened)
            closed = self._fate(request, opened)
            self._customers(topic, request, ids, opened, closed or self.end, model)
            made += 1
        return made

    def _request(
        self, title: str, description: str, opened: datetime, opener: Entry, model: str
    ) -> Request:
        request = Request(
            slug=slug_of(title),
            title=title,
            description=description,
            opened_by_entry_id=opener.id,
            created_at=opened,
            updated_at=opened,
        )
        self.session.add(request)
        self.session.flush()
        self._status(request, "open", opened)
        words = embedding_text(title, description)
        vector = self.vectors[words]
        self.session.add(
            RequestEmbedding(
                request_id=request.id,
                model=model,
                dimensions=len(vector),
                content_hash=content_hash(words, model, len(vector)),
                embedding=vector,
            )
        )
        return request

    def _fate(self, request: Request, opened: datetime) -> datetime | None:
        """What becomes of a request; returns when it was closed for good."""
        chance = self.random.random()
        if chance > 0.5:
            return None
        closed = self.moment(opened + timedelta(days=4), self.end + timedelta(days=10))
        if closed >= self.end:
            return None
        self._status(request, "deprioritized" if chance < 0.15 else "shipped", closed)
        if 0.15 <= chance < 0.21 and closed + timedelta(days=5) < self.end:
            self._status(request, "open", closed + timedelta(days=5))
            return None
        return closed

    def _status(self, request: Request, status: str, moment: datetime) -> None:
        self.session.add(
            RequestStatusChange(
                request_id=request.id, status=status, changed_by="history", changed_at=moment
            )
        )
        self.session.flush()
        request.status, request.updated_at = RequestStatus(status), moment
        request.shipped_at = moment if status == "shipped" else None

    def _customers(
        self,
        topic: Topic,
        request: Request,
        ids: list[str],
        opened: datetime,
        closed: datetime,
        model: str,
    ) -> None:
        for _ in range(self.random.randrange(3, 12) * topic.weight):
            moment = self.moment(opened, closed)
            if self.random.random() < 0.25:  # topics are more talked about towards the end
                moment = self.moment(max(opened, closed - timedelta(days=6)), closed)
            self._evidence(request, self._entry(topic, ids, moment, "attached", model), moment)

    def _entry(
        self, topic: Topic, ids: list[str], moment: datetime, outcome: str, model: str
    ) -> Entry:
        number = self.feedback
        self.feedback += 1
        pain = self.random.choice(topic.pains)
        entry = Entry(
            idempotency_key=f"history:{number}",
            source="import",
            external_id=f"history-{number}",
            customer_pain=pain,
            severity=self.random.choice(_SEVERITIES),
            account_id=self.random.choice(ids) if self.random.random() < 0.9 else None,
            account_known=True,
            status="done",
            outcome=outcome,
            dag_id="process_customer_entry",
            run_id=f"history__{number}",
            embedding=self.vectors[pain],
            embedding_model=model,
            created_at=moment,
            updated_at=moment,
        )
        self.session.add(entry)
        self.session.flush()
        return entry

    def _evidence(self, request: Request, entry: Entry, moment: datetime) -> None:
        created = entry.outcome == "created"
        confidence = round(0.6 + 0.1 * self.random.random() if created else 0.82, 2)
        if not created and self.random.random() < 0.7:
            confidence = round(0.9 + 0.09 * self.random.random(), 2)
        values: dict[str, Any] = {"request_id": request.id, "confidence": confidence}
        removed = moment + timedelta(hours=30) if self.random.random() < 0.03 else None
        self.session.add(
            Feedback(
                entry_id=entry.id,
                quote_length=len(entry.customer_pain),
                severity=entry.severity,
                account_id=entry.account_id,
                match_type="same_issue" if confidence >= 0.9 else "related",
                created_at=moment,
                removed_at=removed if removed and removed < self.end else None,
                removed_by="history" if removed and removed < self.end else None,
                **values,
            )
        )
        route = "create" if created else "attach" if confidence >= 0.9 else "ask"
        rows: list[dict[str, Any]] = [
            {
                "step": "match",
                "route": route,
                "actor_kind": "system",
                "decided_at": moment,
                "judge": "calibrated",
                "model": entry.embedding_model,
            }
        ]
        if route == "ask":
            later = min(moment + timedelta(hours=2), self.end)
            rows.append(
                {
                    "step": "answer",
                    "route": "attach",
                    "actor_kind": "person",
                    "actor": _ANSWERED_BY[entry.id % len(_ANSWERED_BY)],
                    "decided_at": later,
                }
            )
        for row in rows:
            key = f"history:{row['step']}:{entry.id}"
            self.session.execute(
                insert(Decision).values(key=key, entry_id=entry.id, **values, **row)
            )


def load_history(session: Session, embedder: Embedder, until: date) -> Loaded:
    """Add the sixty days before ``until`` (UTC); nothing when there is a history already."""
    if session.scalar(select(Entry.id).where(Entry.idempotency_key == "history:0")):
        return Loaded()
    areas = {area.slug: area.id for area in session.scalars(select(Area).order_by(Area.id))}
    for slug in sorted({topic.area for topic in TOPICS} - set(areas)):
        area = Area(slug=slug, name=slug.title())
        session.add(area)
        session.flush()
        areas[slug] = area.id
    maker = Maker(session, until)
    maker.embed(embedder)
    ids = maker.accounts()
    made = sum(maker.topic(topic, areas, ids, embedder.model) for topic in TOPICS)
    maker.change_accounts(ids)
    return Loaded(made, maker.feedback, len(ids))


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill the running sandbox; ``--until`` names the day after the last (default: today)."""
    from include.store.session import session_scope
    from sandbox.stack import Stack

    parser = argparse.ArgumentParser(prog="history", description=__doc__)
    parser.add_argument("--until", type=date.fromisoformat, default=datetime.now(UTC).date())
    options = parser.parse_args(arguments)
    stack = Stack(Sandbox.from_environment())
    if not stack.is_running():
        sys.stderr.write("history: the sandbox does not run; start it with `make demo`\n")
        return 1
    os.environ["AIRFLOW_CONN_FEEDBACK_DB"] = (
        f"postgresql://postgres@/feedback?host={stack.postgres_host()}"
    )
    with session_scope() as session:
        loaded = load_history(session, stack.embedder(), options.until)
    sys.stdout.write(
        f"{loaded.requests} requests, {loaded.feedback} pieces of feedback and "
        f"{loaded.accounts} accounts added\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
