"""Candidates for a pain: nearest vectors and full text, fused, in one statement.

How it stays fast with 100,000 requests is told in `docs/matching.md` and measured by
`benchmarks/bench_search.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from include.matching.language import configuration_of, language_of, searched_words
from include.matching.types import Candidate
from include.store.corrections import with_corrections
from include.store.merges import taken_to_survivors
from include.store.search_statement import EVIDENCE_NOW, EVIDENCE_THEN, SETTINGS, STATEMENT

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import TextClause
    from sqlalchemy.orm import Session

MAX_PAIN_CHARACTERS = 10_000
"""Full text reads a pain up to here; what follows hardly changes which words are rare."""

EF_SEARCH = 150
"""Length of the list HNSW keeps while it searches: recall against time."""

POOL = 50
"""How many each of the searches finds before they are fused."""

PIECES = 100
"""How many pieces of feedback the search among them finds; several may be on one request."""

RANK_CONSTANT = 10
TEXT_SHARE = 0.5
"""Reciprocal rank fusion: 1 / (10 + vector rank) + 0.5 / (10 + text rank), chosen by recall@10."""

MAX_LEXEMES = 32
MAX_POSTINGS = 1_500
"""Full text looks up the rarest lexemes of a pain, at most so many, expecting so many rows."""


def find_candidates(
    session: Session,
    *,
    pain: str,
    vector: list[float] | None,
    model: str,
    limit: int = 10,
    exclude: Collection[int] = (),
    opened_after_id: int | None = None,
    area_ids: Collection[int] | None = None,
    statuses: Collection[str] | None = None,
    opened_before: datetime | None = None,
    without_entry: int | None = None,
    configuration: str | None = None,
) -> list[Candidate]:
    """The requests that may be what `pain` means, best first, at most `limit`.

    Args:
        session: Inside a transaction; some planner settings are changed until it ends.
        pain: The customer's words, whatever they hold; only the first 10,000 characters are read.
        vector: Embedding of the pain by `model`, or None to search by words alone.
        model: Only vectors of this model are seen, of its newest complete build.
        limit: How many candidates, at most.
        exclude: Ids of requests to leave out.
        opened_after_id: Only requests with a greater id: those opened since an earlier search.
        area_ids: Only requests of at least one of these areas; None means all.
        statuses: Only requests with one of these statuses; None means all.
        opened_before: Only requests that existed before this moment, with the feedback that was
            on them then (a replay).
        without_entry: Neither the request that this entry opened nor its feedback (a replay).
        configuration: PostgreSQL's for the pain's language; None means it is told from the pain.
    """
    if configuration is None:
        configuration = configuration_of(language_of(pain))
    filters, values = request_filters(exclude, opened_after_id, area_ids, statuses)
    values |= {"moment": opened_before, "without_entry": without_entry}
    literal = None if vector is None else _literal(vector)
    if opened_before is not None:
        filters += " AND r.created_at < :moment"
    if without_entry is not None:
        filters += " AND r.opened_by_entry_id IS DISTINCT FROM :without_entry"
    session.execute(SETTINGS, {"ef_search": str(max(EF_SEARCH, limit))})
    rows = session.execute(
        _statement(filters, then=opened_before is not None),
        {
            "pain": searched_words(pain.replace("\x00", " ")[:MAX_PAIN_CHARACTERS], configuration),
            "configuration": configuration,
            "vector": literal,
            "model": model,
            "limit": limit,
            "pool": max(POOL, limit),
            "pieces": PIECES,
            "rank_constant": RANK_CONSTANT,
            "text_share": TEXT_SHARE,
            "max_lexemes": MAX_LEXEMES,
            "max_postings": MAX_POSTINGS,
            **values,
        },
    )
    found = taken_to_survivors(session, [_candidate(row._mapping) for row in rows], exclude)
    if literal is None:
        return found
    return with_corrections(
        session, found, literal, model, moment=opened_before, without_entry=without_entry
    )


def request_filters(
    exclude: Collection[int],
    opened_after_id: int | None,
    area_ids: Collection[int] | None,
    statuses: Collection[str] | None,
) -> tuple[str, dict[str, Any]]:
    """SQL conditions on `r` (requests), and their values; conditions not asked for cost nothing."""
    conditions: list[str] = []
    values: dict[str, Any] = {}
    if exclude:
        conditions.append("r.id <> ALL(CAST(:exclude AS bigint[]))")
        values["exclude"] = list(exclude)
    if opened_after_id is not None:
        conditions.append("r.id > :opened_after_id")
        values["opened_after_id"] = opened_after_id
    if area_ids is not None:
        conditions.append(
            "r.id IN (SELECT request_id FROM request_areas"
            " WHERE area_id = ANY(CAST(:area_ids AS bigint[])))"
        )
        values["area_ids"] = list(area_ids)
    if statuses is not None:
        conditions.append("r.status = ANY(CAST(:statuses AS text[]))")
        values["statuses"] = [str(status) for status in statuses]
    return " AND ".join(conditions) or "true", values


def _statement(filters: str, *, then: bool) -> TextClause:
    filled = STATEMENT.replace("{filters}", filters)
    for alias, name in (("e", "{join}"), ("p", "{evidence_join}")):
        join = "" if filters == "true" else f" JOIN requests r ON r.id = {alias}.request_id"
        filled = filled.replace(name, join)
    for name, source in (EVIDENCE_THEN if then else EVIDENCE_NOW).items():
        filled = filled.replace(name, source)
    return text(filled)


def _literal(vector: Sequence[float]) -> str:
    return "[" + ",".join(map(repr, map(float, vector))) + "]"


def _candidate(row: Any) -> Candidate:
    return Candidate(
        request_id=row["id"],
        slug=row["slug"],
        title=row["title"],
        description=row["description"],
        status=row["status"],
        area_ids=tuple(row["area_ids"]),
        cosine=row["cosine"],
        closeness=row["closeness"],
        pieces=int(row["pieces"] or 0),
        nearer_pieces=int(row["nearer"] or 0),
        agreement=float(row["agreement"] or 0.0),
        nearest_piece=row["feedback_id"],
        piece_cosine=row["piece_cosine"],
        best_other=row["best_other"],
        vector_rank=row["vector_rank"],
        text_score=row["text_score"],
        text_rank=row["text_rank"],
        title_score=row["title_score"],
        text_points=row["text_points"],
        shared_words=tuple(row["shared_words"]),
        background_mean=row["background_mean"],
        background_size=row["background_size"],
        corpus_size=int(row["corpus_size"]),
    )
