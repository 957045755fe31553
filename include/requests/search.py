"""Search over feature requests: by meaning and by words, best first, with a reason for each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select

from include.base.errors import EmbeddingsUnavailable, FatalError
from include.matching.types import FoundRequest, RequestStatus
from include.store.models import Request
from include.store.search import find_candidates

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session

    from include.matching.types import Candidate, Embedder, Judge, Verdict

MAX_LIMIT = 50
MAX_QUERY = 2_000
POOL = 20
"""How many candidates are judged at least: a confidence compares a request with the others."""

SHARED_FROM = 0.5
MENTION_LOW, MENTION_HIGH = 0.5, 0.69
"""A request that has at least half of the query's words (weighted by rarity) is a weak hit, from
0.5 to 0.69 by that share: a word in common says what it is about, not that it is the same issue.
"""


def search_requests(
    session: Session,
    *,
    embedder: Embedder,
    judge: Judge,
    query: str,
    area_ids: Collection[int] | None = None,
    limit: int = 10,
    include_shipped: bool = False,
) -> list[FoundRequest]:
    """The requests that a query means, best first, at most ``limit``.

    A query may be a customer's sentence or a single word. What the judge does not report is still
    found when it holds the query's words. Without embeddings, words alone are compared.

    Args:
        session: The caller's transaction; it is not used before the query is embedded.
        embedder: Of the model in force.
        judge: Gives the confidences.
        query: At most 2,000 characters count.
        area_ids: Only requests of at least one of these areas; ``None`` means all.
        limit: 1 to 50.
        include_shipped: Whether shipped requests are found too.

    Raises:
        FatalError: the query is blank, the limit out of range, or the embeddings API refuses the
            credentials.
    """
    said = query.replace("\x00", " ").strip()[:MAX_QUERY]
    if not said:
        raise FatalError("query is blank: say in a few words what to look for")
    if not 1 <= limit <= MAX_LIMIT:
        raise FatalError(f"limit is {limit}; use 1 to {MAX_LIMIT}")
    vector = _embed(embedder, said)
    candidates = find_candidates(
        session,
        pain=said,
        vector=vector,
        model=embedder.model,
        limit=max(limit, POOL),
        area_ids=area_ids,
        statuses=None if include_shipped else (RequestStatus.OPEN, RequestStatus.DEPRIORITIZED),
    )
    verdicts = {verdict.request_id: verdict for verdict in judge.judge(said, candidates)}
    found = [_found(candidate, verdicts.get(candidate.request_id)) for candidate in candidates]
    # Sorting is stable: what is equally sure stays in the order of the search.
    best = sorted((one for one in found if one is not None), key=lambda one: -one.confidence)
    return _titled(session, best[:limit])


def _titled(session: Session, found: list[FoundRequest]) -> list[FoundRequest]:
    """Found ones by their own titles: the words may be those of a request merged into it."""
    ids = [one.id for one in found]
    titles = dict(
        session.execute(select(Request.id, Request.title).where(Request.id.in_(ids))).all()
    )
    return [
        one
        if titles.get(one.id, one.title) == one.title
        else replace(
            one,
            title=titles[one.id],
            reason=f"{one.reason} It was found as “{one.title}”, which is merged into it.",
        )
        for one in found
    ]


def _embed(embedder: Embedder, query: str) -> list[float] | None:
    try:
        [vector] = embedder.embed([query])
    except EmbeddingsUnavailable:
        return None
    return vector


def _found(candidate: Candidate, verdict: Verdict | None) -> FoundRequest | None:
    confidence, reason = (verdict.confidence, verdict.reason) if verdict else (0.0, "")
    shared = candidate.text_score or 0.0
    if shared >= SHARED_FROM:
        share = (shared - SHARED_FROM) / (1 - SHARED_FROM)
        mentioned = MENTION_LOW + (MENTION_HIGH - MENTION_LOW) * share
        if mentioned > confidence:
            words = "all" if shared > 1 - 1e-9 else "most"
            confidence, reason = mentioned, f"It has {words} of the words you searched for."
    if not reason:
        return None
    return FoundRequest(
        id=candidate.request_id,
        slug=candidate.slug,
        title=candidate.title,
        status=str(candidate.status),
        confidence=round(confidence, 4),
        reason=reason,
    )
