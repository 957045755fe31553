"""Filling in the vectors of feedback that has none of the model in force.

What is attached from now on is kept by the database's triggers. What was attached before, or under
another model, is filled in here: without a call where the entry's own vector is of this model.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from include.store.models import Entry, Feedback, RequestEvidence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from include.matching.types import Embedder
    from include.store.session import SessionScope

SHORT = 80
"""Characters up to which a text is about one thing; the trigger `evidence_keep` has it, too."""

CALL = 64


def missing(session: Session, model: str) -> list[int]:
    """Ids of live feedback without a vector of the model, in order."""
    return list(session.scalars(_missing(model, Feedback.id)))


def fill_in(
    scope: SessionScope,
    first: int,
    last: int,
    embedder: Embedder,
    *,
    pause: float = 0.0,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Make the missing vectors of the feedback in a range of ids; how many. A repeat goes on.

    Raises:
        EmbeddingsUnavailable: retry later; what was made is kept.
    """
    within = Feedback.id.between(first, last)
    with scope() as session:
        own = session.scalars(
            _missing(embedder.model, Feedback.id).where(
                within, Entry.embedding_model == embedder.model
            )
        ).all()
        session.execute(select(func.evidence_keep(Feedback.id)).where(Feedback.id.in_(own))).all()
    with scope() as session:
        todo = session.execute(
            _missing(embedder.model, Feedback.id, Feedback.quote).where(within)
        ).all()
    made = len(own)
    for start in range(0, len(todo), CALL):
        part = todo[start : start + CALL]
        if start and pause > 0:
            sleep(pause)
        vectors = embedder.embed([row.quote for row in part])
        with scope() as session:
            made += _keep(session, [row.id for row in part], vectors, embedder.model)
    return made


def _keep(
    session: Session, feedback_ids: Sequence[int], vectors: Sequence[list[float]], model: str
) -> int:
    """Store vectors of what is still attached, where it is attached now; how many."""
    by_id = dict(zip(feedback_ids, vectors, strict=True))
    live = session.scalars(
        select(Feedback)
        .where(Feedback.id.in_(feedback_ids), Feedback.removed_at.is_(None))
        .order_by(Feedback.id)
        .with_for_update(key_share=True)
    ).all()
    if live:
        session.execute(
            insert(RequestEvidence)
            .values(
                [
                    {
                        "feedback_id": row.id,
                        "model": model,
                        "request_id": row.request_id,
                        "is_short": row.quote_length <= SHORT,
                        "embedding": by_id[row.id],
                    }
                    for row in live
                ]
            )
            .on_conflict_do_nothing()
        )
    return len(live)


def _missing(model: str, *columns: Any) -> Select[Any]:
    there = (
        select(RequestEvidence.feedback_id)
        .where(RequestEvidence.feedback_id == Feedback.id, RequestEvidence.model == model)
        .exists()
    )
    return (
        select(*columns)
        .join(Entry, Entry.id == Feedback.entry_id)
        .where(Feedback.removed_at.is_(None), ~there)
        .order_by(Feedback.id)
    )
