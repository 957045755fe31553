"""Search over feature requests: by meaning and by words, best first, with a reason for each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from include.base.errors import EmbeddingsUnavailable, FatalError
from include.matching.alike import How, likenesses, spellings, telling_words
from include.matching.types import UNDELIVERED, FoundRequest, RequestStatus
from include.store.letters import MOST_WORDS, ByLetters, find_by_letters
from include.store.models import Request
from include.store.search import find_candidates

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.orm import Session

    from include.matching.alike import Likeness
    from include.matching.types import Candidate, Embedder, Judge, Verdict

MAX_LIMIT = 50
MAX_QUERY = 2_000
POOL = 20
"""How many candidates are judged at least: a confidence compares a request with the others."""

MOST_GUESSES = 3
GUESS = "Nothing says what you searched for; this is among the nearest."

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
    besides: Collection[int] = (),
) -> list[FoundRequest]:
    """The requests that a query means, best first, at most ``limit``.

    A query may be a customer's sentence or a single word. What the judge does not report is still
    found when it holds the query's words, or words that they are the initials or the beginning of,
    or are misspelt for. When nothing is found the nearest few are shown as guesses. Without
    embeddings, words alone are compared.

    Args:
        session: The caller's transaction; it is not used before the query is embedded.
        embedder: Of the model in force.
        judge: Gives the confidences.
        query: At most 2,000 characters count.
        area_ids: Only requests of at least one of these areas; ``None`` means all.
        limit: 1 to 50.
        include_shipped: Whether shipped requests are found too.
        besides: Ids of requests to look past: what else is there?

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
    statuses = None if include_shipped else (*UNDELIVERED, RequestStatus.DEPRIORITIZED)
    candidates = find_candidates(
        session,
        pain=said,
        vector=vector,
        model=embedder.model,
        limit=max(limit, POOL),
        exclude=besides,
        area_ids=area_ids,
        statuses=statuses,
    )
    verdicts = {verdict.request_id: verdict for verdict in judge.judge(said, candidates)}
    asked = telling_words(said)
    letters = ByLetters([], frozenset(), {})
    if len(asked) <= MOST_WORDS:
        letters = find_by_letters(session, spellings(asked), area_ids=area_ids, statuses=statuses)
    known = {candidate.request_id for candidate in candidates}.union(besides)
    pool = candidates + [one for one in letters.candidates if one.request_id not in known]
    found = [_found(one, verdicts.get(one.request_id), asked, letters) for one in pool]
    # Sorting is stable: what is equally sure stays in the order of the search.
    best = sorted((one for one in found if one is not None), key=lambda one: -one.confidence)
    if not best and asked:
        # Nearest by meaning, in their order; what only shares a letter or two is no guess.
        best = [_guess(one) for one in candidates[:MOST_GUESSES]]
    return _as_they_stand(session, best[:limit])


def _as_they_stand(session: Session, found: list[FoundRequest]) -> list[FoundRequest]:
    """Found ones by their own titles, with how many customers gave feedback on them.

    The words that were found may be those of a request merged into it.
    """
    ids = [one.id for one in found]
    titles = dict(
        session.execute(select(Request.id, Request.title).where(Request.id.in_(ids))).all()
    )
    customers = {row.id: row.customers for row in session.execute(_CUSTOMERS, {"ids": ids})}
    return [
        _as_it_stands(one, titles.get(one.id, one.title), customers.get(one.id, 0)) for one in found
    ]


def _as_it_stands(one: FoundRequest, title: str, customers: int) -> FoundRequest:
    reason = one.reason
    if title != one.title:
        reason = f"{reason} It was found as “{one.title}”, which is merged into it."
    return replace(one, title=title, reason=reason, customers=customers)


_CUSTOMERS = text(
    """
    SELECT roots.root_id AS id, count(DISTINCT f.account_id) AS customers
      FROM request_roots roots JOIN feedback f ON f.request_id = roots.request_id
     WHERE roots.root_id = ANY(:ids) AND f.removed_at IS NULL
     GROUP BY roots.root_id
    """
)


def _embed(embedder: Embedder, query: str) -> list[float] | None:
    try:
        [vector] = embedder.embed([query])
    except EmbeddingsUnavailable:
        return None
    return vector


def _found(
    candidate: Candidate, verdict: Verdict | None, asked: Sequence[str], letters: ByLetters
) -> FoundRequest | None:
    confidence, reason = (verdict.confidence, verdict.reason) if verdict else (0.0, "")
    shared = candidate.text_score or 0.0
    if shared >= SHARED_FROM:
        mentioned = _mention(shared)
        if mentioned > confidence:
            words = "all" if shared > 1 - 1e-9 else "most"
            confidence, reason = mentioned, f"It has {words} of the words you searched for."
    alike = likenesses(asked, candidate.title, candidate.description, unknown=letters.unknown)
    in_area = letters.areas.get(candidate.request_id)
    share = (len(alike) + bool(in_area)) / max(1, len(asked))
    if share >= SHARED_FROM and _mention(share) > confidence:
        if any(one.how is not How.SAME for one in alike):
            confidence, reason = _mention(share), _alike_reason(alike)
        elif in_area:
            word, area = in_area
            confidence = _mention(share)
            reason = f"It is in the area “{area}”, whose initials are “{word.upper()}”."
        elif alike:
            words = "all" if share == 1 else "most"
            confidence, reason = _mention(share), f"It has {words} of the words you searched for."
    if not reason:
        return None
    return _of(candidate, round(confidence, 4), reason)


def _mention(share: float) -> float:
    return MENTION_LOW + (MENTION_HIGH - MENTION_LOW) * (share - SHARED_FROM) / (1 - SHARED_FROM)


def _alike_reason(alike: Sequence[Likeness]) -> str:
    [least, *_] = sorted(alike, key=lambda one: -one.how)
    if least.how is How.INITIALS:
        return f"“{least.asked.upper()}” may stand for “{least.found}”."
    if least.how is How.BEGINNING:
        return f"“{least.found}” begins with “{least.asked}”."
    return f"“{least.asked}” is written almost like “{least.found}”."


def _guess(candidate: Candidate) -> FoundRequest:
    return replace(_of(candidate, 0.0, GUESS), is_guess=True)


def _of(candidate: Candidate, confidence: float, reason: str) -> FoundRequest:
    return FoundRequest(
        id=candidate.request_id,
        slug=candidate.slug,
        title=candidate.title,
        status=str(candidate.status),
        confidence=confidence,
        reason=reason,
    )
