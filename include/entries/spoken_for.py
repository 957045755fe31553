"""Which feedback spoke for a decision, in its words: read when it is shown, never stored with it.

A decision keeps the id of the nearest piece. The words stay in one table, so that what a customer
takes back or has erased is shown nowhere any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from include.slack.cards.blocks import one_line
from include.store.models import Feedback

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from include.store.models import Decision

QUOTED = 120
"""Characters of the nearest piece that are shown."""


def nearest_feedback(decision: Decision) -> int | None:
    """The id of the piece of feedback nearest to the words, where one was nearer than the text."""
    for candidate in decision.candidates:
        if candidate.get("request_id") == decision.request_id:
            piece, cosine = candidate.get("nearest_piece"), candidate.get("piece_cosine")
            if piece is not None and (cosine or 0) > (candidate.get("cosine") or 0):
                return int(piece)
            return None
    return None


def reasons_with_evidence(session: Session, decisions: Iterable[Decision]) -> dict[int, str]:
    """Each decision's reason by its id, with the nearest feedback quoted while it is attached."""
    decisions = list(decisions)
    pieces = {one.id: piece for one in decisions if (piece := nearest_feedback(one)) is not None}
    quotes = {}
    if pieces:
        rows = session.execute(
            select(Feedback.id, Feedback.quote).where(
                Feedback.id.in_(pieces.values()), Feedback.removed_at.is_(None)
            )
        )
        quotes = {row.id: row.quote for row in rows}
    said = {one.id: quotes.get(pieces.get(one.id, 0)) for one in decisions}
    return {
        one.id: f"{one.reason} Nearest: “{one_line(quote, QUOTED)}”"
        if (quote := said[one.id])
        else one.reason
        for one in decisions
    }
