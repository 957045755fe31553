"""The main job once through, in a transaction that is taken back, before tasks are forked.

SQLAlchemy compiles a statement and prepares how rows become objects when it first meets them, and
asks the database about itself on its first connection: together 100 ms of CPU in the three tasks
that lead to an attachment. What the process that forks them has done once, they inherit.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from include.base.settings import Settings
from include.entries import decide as matching
from include.entries import settle as outcomes
from include.entries.drain import waiting_entries
from include.entries.report import open_message_ids, open_start_ids, report
from include.entries.store import store_entry
from include.entries.submission import parse_submission
from include.matching.types import MatchType, Verdict
from include.store.models import Area

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Engine

    from include.matching.types import Candidate

DAG_ID, RUN_ID, AREA = "rehearsal", "rehearsal", "rehearsal"
PATIENCE_MS = 500
"""A lock that is not free at once is not waited for: this is a convenience."""


class OneDirection(NamedTuple):
    """An embedder without a model: every text has the same vector."""

    model: str = "rehearsal"
    dimensions: int = 384

    def embed(self, texts: list[str]) -> list[list[float]]:
        """A unit vector for each text."""
        return [[1.0] + [0.0] * (self.dimensions - 1) for _ in texts]


@dataclass(frozen=True)
class SureOf:
    """A judge that gives the first candidate this confidence."""

    name: ClassVar[str] = "rehearsal"
    confidence: float

    def judge(self, pain: str, candidates: Sequence[Candidate]) -> list[Verdict]:  # noqa: ARG002
        """One verdict at most."""
        sure = MatchType.of(self.confidence)
        return [Verdict(c.request_id, self.confidence, "", sure) for c in candidates[:1]]


def rehearse(engine: Engine) -> None:
    """Open a request, then attach to it; nothing of it stays but numbers left out in sequences.

    The pool is left empty: a connection must not be shared by forked processes.
    """
    try:
        with engine.connect() as connection, connection.begin() as transaction:
            connection.execute(text(f"SET LOCAL lock_timeout = {PATIENCE_MS}"))
            connection.execute(text(f"SET LOCAL statement_timeout = {10 * PATIENCE_MS}"))

            @contextmanager
            def scope() -> Iterator[Session]:
                session = Session(
                    connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
                )
                with session, session.begin():
                    yield session

            with scope() as session:
                session.add(Area(slug=AREA, name=AREA))
            for number, confidence in enumerate((0.0, 1.0)):
                values = {
                    "customer_pain": "A rehearsal, of which nothing stays.",
                    "source": "api",
                    "areas": [AREA],
                    "submitter": {"email": "rehearsal@example.com", "name": "Rehearsal"},
                }
                with scope() as session:
                    stored = store_entry(
                        session, parse_submission(values), DAG_ID, f"{RUN_ID}{number}"
                    )
                    waiting_entries(session)
                matching.match_entry(
                    scope,
                    stored.entry_id,
                    embedder=OneDirection(),
                    judge=SureOf(confidence),
                    allow_degraded=False,
                    run_id=f"{RUN_ID}{number}",
                )
                carry_out = outcomes.attach_matched if confidence else outcomes.finish_opened
                with scope() as session:
                    carry_out(session, stored.entry_id, settings=Settings())
                with scope() as session:
                    report(session, stored.entry_id, f"{RUN_ID}{number}")
                    open_message_ids(session, stored.entry_id)
                    open_start_ids(session, stored.entry_id)
            transaction.rollback()
    finally:
        engine.dispose()
