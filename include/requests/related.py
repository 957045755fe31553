"""Which requests are near-duplicates of one another, or related: found, judged, stored as links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert

from include.base.errors import FatalError
from include.matching.embed import embedding_text
from include.requests.lookup import find_request
from include.requests.vectors import vector_of
from include.store.models import LinkKind, Request, RequestLink
from include.store.search import find_candidates

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.matching.types import Judge

RELATED_FROM = 0.7
DUPLICATE_FROM = 0.9
NEIGHBOURS = 10


@dataclass(frozen=True)
class Pair:
    """Two requests that a judge says belong together; ``low_id`` < ``high_id``."""

    low_id: int
    high_id: int
    kind: str
    confidence: float
    reason: str


def neighbours(
    session: Session, request: Request, *, model: str, judge: Judge, limit: int = NEIGHBOURS
) -> list[Pair]:
    """The requests that belong together with this one, surest first.

    Candidates come from the same indexes as every search, so the cost does not grow with the
    number of requests.
    """
    text = embedding_text(request.title, request.description)
    candidates = find_candidates(
        session,
        pain=text,
        vector=vector_of(session, request.id, model),
        model=model,
        limit=limit,
        exclude=[request.id],
    )
    return [
        Pair(
            low_id=min(request.id, verdict.request_id),
            high_id=max(request.id, verdict.request_id),
            kind=LinkKind.DUPLICATE if verdict.confidence >= DUPLICATE_FROM else LinkKind.RELATED,
            confidence=verdict.confidence,
            reason=verdict.reason,
        )
        for verdict in judge.judge(text, candidates)
        # A request that is merged into this one stands for it.
        if verdict.confidence >= RELATED_FROM and verdict.request_id != request.id
    ]


def save_pairs(
    session: Session, pairs: list[Pair], *, model: str, judge: Judge, found_by: str
) -> dict[str, int]:
    """Store links; what a person dismissed stays dismissed, a known pair takes a surer verdict.

    Returns how many are ``new``, ``known`` and ``dismissed``.
    """
    best: dict[tuple[int, int], Pair] = {}
    for pair in pairs:
        at = (pair.low_id, pair.high_id)
        if at not in best or pair.confidence > best[at].confidence:
            best[at] = pair
    counts = {"new": 0, "known": 0, "dismissed": 0}
    for (low, high), pair in sorted(best.items()):
        kind = session.scalar(
            select(RequestLink.kind).where(RequestLink.low_id == low, RequestLink.high_id == high)
        )
        counts["new" if kind is None else "dismissed" if kind == "dismissed" else "known"] += 1
        statement = insert(RequestLink).values(
            low_id=low,
            high_id=high,
            kind=pair.kind,
            confidence=pair.confidence,
            reason=pair.reason,
            judge=judge.name,
            model=model,
            found_by=found_by,
        )
        said = statement.excluded
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["low_id", "high_id"],
                set_={
                    "kind": said.kind,
                    "confidence": said.confidence,
                    "reason": said.reason,
                    "judge": said.judge,
                    "model": said.model,
                    "found_by": said.found_by,
                    "updated_at": func.now(),
                },
                where=(RequestLink.kind != LinkKind.DISMISSED)
                & (RequestLink.confidence < said.confidence),
            )
        )
    return counts


def dismiss_pair(session: Session, one: int, other: int, *, by: str) -> bool:
    """Remember that two requests do not belong together: no sweep brings the pair back."""
    low, high = sorted((one, other))
    link = session.scalars(
        select(RequestLink)
        .where(RequestLink.low_id == low, RequestLink.high_id == high)
        .with_for_update()
    ).one_or_none()
    if link is None or link.kind == LinkKind.DISMISSED:
        return False
    link.kind, link.dismissed_by, link.dismissed_at = LinkKind.DISMISSED, by, func.now()
    return True


def dismiss(
    session: Session, reference: str, other: str, *, by: str, dry_run: bool = False
) -> dict[str, Any]:
    """The same for two requests that a person named.

    Raises:
        FatalError: one of them does not exist, or no sweep has linked them.
    """
    one, two = find_request(session, reference), find_request(session, other)
    low, high = sorted((one.id, two.id))
    link = session.scalars(
        select(RequestLink).where(RequestLink.low_id == low, RequestLink.high_id == high)
    ).one_or_none()
    if link is None:
        raise FatalError(f"{one.slug!r} and {two.slug!r} are not linked; nothing to dismiss")
    changed = not dry_run and dismiss_pair(session, one.id, two.id, by=by)
    return {"pair": [one.slug, two.slug], "dismissed": changed, "dry_run": dry_run}


def links_of(session: Session, request_id: int) -> list[RequestLink]:
    """The links of a request that nobody dismissed, surest first."""
    return list(
        session.scalars(
            select(RequestLink)
            .where(
                or_(RequestLink.low_id == request_id, RequestLink.high_id == request_id),
                RequestLink.kind != LinkKind.DISMISSED,
            )
            .order_by(RequestLink.confidence.desc(), RequestLink.id)
        )
    )
