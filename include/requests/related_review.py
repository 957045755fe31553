"""A second look at near requests: a model may say duplicate, related or neither of known pairs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select

from include.agents.related_pair import RequestText, relate
from include.requests.related import DUPLICATE_FROM, RELATED_FROM
from include.store.models import LinkKind, Request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.agents.client import Agent
    from include.requests.related import Pair
    from include.store.session import SessionScope

_JUST_BELOW = 0.01


def review_pairs(
    scope: SessionScope, near: Mapping[int, Sequence[Pair]], *, agent: Agent
) -> list[Pair]:
    """The pairs of each request as the model sees them, one call a request that has any.

    What it calls different is left out. A pair it says nothing of stays as the search judged it.
    """
    ids = {one for pairs in near.values() for pair in pairs for one in (pair.low_id, pair.high_id)}
    with scope() as session:
        rows = session.execute(
            select(Request.id, Request.title, Request.description).where(Request.id.in_(ids))
        )
        texts = {row.id: RequestText(row.id, row.title, row.description) for row in rows}
    kept: list[Pair] = []
    for request_id, pairs in near.items():
        others = {_other(pair, request_id): pair for pair in pairs}
        known = [texts[one] for one in others if one in texts]
        said = relate(agent, texts[request_id], known) if known and request_id in texts else None
        for other, pair in others.items():
            relation = said.get(other) if said is not None else None
            if relation is None:
                kept.append(pair)
            elif relation.kind == "duplicate":
                sure = max(DUPLICATE_FROM, relation.confidence)
                kept.append(_said(pair, LinkKind.DUPLICATE, sure, relation.reason))
            elif relation.kind == "related":
                sure = max(RELATED_FROM, min(DUPLICATE_FROM - _JUST_BELOW, relation.confidence))
                kept.append(_said(pair, LinkKind.RELATED, sure, relation.reason))
    return kept


def _said(pair: Pair, kind: LinkKind, confidence: float, reason: str) -> Pair:
    return replace(pair, kind=kind, confidence=confidence, reason=reason or pair.reason)


def _other(pair: Pair, request_id: int) -> int:
    return pair.high_id if pair.low_id == request_id else pair.low_id
