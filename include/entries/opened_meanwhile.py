"""Whether what was opened since a search can change what was decided by it."""

from __future__ import annotations

import math
from operator import mul
from typing import TYPE_CHECKING

from sqlalchemy import select

from include.matching.features import closeness
from include.requests.vectors import live_key
from include.store.models import Request, RequestEmbedding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from include.entries.match import Search

SURROUNDINGS = 6
"""So many nearest requests decide how sure a match is."""

MARGIN = 0.01


class OpenedMeanwhile:
    """The requests opened since a search; under the lock of opening only the caller opens more."""

    def __init__(self, session: Session, model: str, horizon: int) -> None:
        of_model = (RequestEmbedding.request_id == Request.id) & (
            RequestEmbedding.model == live_key(session, model)
        )
        rows = session.scalars(
            select(RequestEmbedding.embedding)
            .select_from(Request)
            .outerjoin(RequestEmbedding, of_model)
            .where(Request.id > horizon)
        )
        self._units: list[list[float]] = []
        self._without_vector = False
        for values in rows:
            self.add(values)

    def add(self, vector: Sequence[float] | None) -> None:
        """One more, with its vector."""
        if vector is None:
            self._without_vector = True
        else:
            self._units.append(_unit(vector))

    def may_change(self, search: Search, vector: Sequence[float] | None) -> bool:
        """Whether an entry must be searched for again.

        A request that is farther away than the sixth nearest cannot be the best match, nor change
        how far the best one stands out from its surroundings. All it changes is how many requests
        there are, which moves a confidence by less than ``MARGIN``.
        """
        if not self._units and not self._without_vector:
            return False
        nearest = sorted(
            (closeness(c) for c in search.candidates if c.cosine is not None), reverse=True
        )
        if vector is None or self._without_vector or len(nearest) < SURROUNDINGS:
            return True
        confidence = search.routed.best.confidence if search.routed.best else 0.0
        if any(abs(confidence - limit) < MARGIN for limit in search.limits):
            return True
        unit = _unit(vector)
        closest = max(sum(map(mul, unit, other)) for other in self._units)
        return bool(closest >= nearest[SURROUNDINGS - 1])


def _unit(vector: Sequence[float]) -> list[float]:
    values = [float(one) for one in vector]
    length = math.hypot(*values) or 1.0
    return [one / length for one in values]
