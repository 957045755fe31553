"""Candidates for a pain: nearest vectors and full text, fused, in one statement.

How it stays fast with 100,000 requests is told in `docs/matching.md` and measured by
`benchmarks/bench_search.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from include.matching.language import configuration_of, language_of, searched_words
from include.matching.types import Candidate
from include.store.merges import taken_to_survivors

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
"""How many each of the two searches finds before they are fused."""

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
        opened_before: Only requests that existed before this moment (a replay).
        without_entry: Not the request that this entry opened (a replay).
        configuration: PostgreSQL's for the pain's language; None means it is told from the pain.
    """
    if configuration is None:
        configuration = configuration_of(language_of(pain))
    filters, values = request_filters(exclude, opened_after_id, area_ids, statuses)
    if opened_before is not None:
        filters += " AND r.created_at < :opened_before"
        values["opened_before"] = opened_before
    if without_entry is not None:
        filters += " AND r.opened_by_entry_id IS DISTINCT FROM :without_entry"
        values["without_entry"] = without_entry
    session.execute(_SETTINGS, {"ef_search": str(max(EF_SEARCH, limit))})
    rows = session.execute(
        _statement(filters),
        {
            "pain": searched_words(pain.replace("\x00", " ")[:MAX_PAIN_CHARACTERS], configuration),
            "configuration": configuration,
            "vector": None if vector is None else _literal(vector),
            "model": model,
            "limit": limit,
            "pool": max(POOL, limit),
            "rank_constant": RANK_CONSTANT,
            "text_share": TEXT_SHARE,
            "max_lexemes": MAX_LEXEMES,
            "max_postings": MAX_POSTINGS,
            **values,
        },
    )
    found = [_candidate(row._mapping) for row in rows]
    return taken_to_survivors(session, found, exclude)


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


def _statement(filters: str) -> TextClause:
    join = "" if filters == "true" else " JOIN requests r ON r.id = e.request_id"
    return text(_STATEMENT.replace("{filters}", filters).replace("{join}", join))


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


# strict_order keeps the index useful under filters and beside vectors of another model. A
# sequential scan is never right here: the lists are short and both searches have an index. JIT
# would cost more than the statement.
_SETTINGS = text(
    """
    SELECT set_config('hnsw.ef_search', :ef_search, true),
           set_config('hnsw.iterative_scan', 'strict_order', true),
           set_config('enable_seqscan', 'off', true),
           set_config('jit', 'off', true)
    """
)

# Full text by hand instead of ts_rank over one big OR: PostgreSQL's ranking knows no rarity and
# reads every matching row. Here the planner's statistics (pg_stats keeps the most common lexemes
# and their share) tell which words of the pain are rare; only these are looked up, few rows each;
# the few best are then scored with all words by a BM25 without term frequency, title words counting
# more.
_STATEMENT = r"""
WITH lexemes AS MATERIALIZED (
    SELECT lexeme, positions[1] AS place,
           ('''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || '''')::tsquery AS query
    FROM unnest(search_words(CAST(:configuration AS text), CAST(:pain AS text)))
), corpus AS MATERIALIZED (
    SELECT CASE WHEN reltuples < 5000 THEN (SELECT count(*) FROM requests)
           ELSE reltuples END AS size
    FROM pg_class WHERE oid = 'requests'::regclass
), common AS MATERIALIZED (
    SELECT known.lexeme, known.share
    FROM pg_stats s,
         unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) known(lexeme, share)
    WHERE s.schemaname = current_schema() AND s.tablename = 'requests' AND s.attname = 'search'
      AND known.lexeme IS NOT NULL
), counted AS MATERIALIZED (
    SELECT lexeme, place, query, common.share * size AS rows,
           row_number() OVER rarest AS nth,
           sum(coalesce(common.share, least_share / 2, 0) * size) OVER rarest AS expected
    FROM lexemes LEFT JOIN common USING (lexeme) CROSS JOIN corpus
         CROSS JOIN (SELECT min(share) AS least_share FROM common) least
    WINDOW rarest AS (ORDER BY common.share NULLS FIRST, place, lexeme)
), postings AS MATERIALIZED (
    SELECT c.lexeme, hit.id, hit.allowed
    FROM counted c CROSS JOIN LATERAL (
        SELECT r.id, ({filters}) AS allowed FROM requests r
        WHERE r.search @@ c.query LIMIT :max_postings
    ) hit
    WHERE c.nth = 1 OR (c.nth <= :max_lexemes AND c.expected <= :max_postings)
), found AS (
    SELECT lexeme, count(*) AS found FROM postings GROUP BY lexeme
), words AS MATERIALIZED (
    SELECT lexeme, query, place,
           ln(1 + (size - least(size, coalesce(rows, found, 0)) + 0.5)
                / (least(size, coalesce(rows, found, 0)) + 0.5)) AS weight
    FROM counted LEFT JOIN found USING (lexeme) CROSS JOIN corpus
    WHERE nth <= :max_lexemes
), matching AS MATERIALIZED (
    SELECT p.id FROM postings p JOIN words USING (lexeme) WHERE p.allowed
    GROUP BY p.id ORDER BY sum(words.weight) DESC, p.id LIMIT :pool
), nearest AS MATERIALIZED (
    SELECT id, 1 - distance AS cosine, row_number() OVER (ORDER BY distance, id) AS rank
    FROM (
        SELECT e.request_id AS id, e.embedding <=> CAST(:vector AS vector) AS distance
        FROM request_embeddings e{join}
        WHERE e.model = coalesce((SELECT key FROM embedding_indexes
                                  WHERE model = :model AND state = 'live'), :model)
              AND CAST(:vector AS vector) IS NOT NULL AND ({filters})
        ORDER BY e.embedding <=> CAST(:vector AS vector) LIMIT :pool
    ) found
), background AS (
    SELECT avg(cosine) AS mean, count(*) AS size
    FROM nearest WHERE rank BETWEEN 2 AND 6
), scored AS MATERIALIZED (
    SELECT r.id, r.slug, r.title, r.description, r.status, n.cosine, n.rank AS vector_rank,
           coalesce(t.score, 0) / (0.7 + 0.3 * length(r.search) / 30.0) AS text_points,
           coalesce(t.shared / nullif(total.weight, 0), 0) AS text_score,
           coalesce(t.in_title::float8 / nullif(length(ts_filter(r.search, '{a}')), 0), 0)
               AS title_score,
           coalesce(t.words, '{}') AS shared_words
    FROM (SELECT id FROM matching UNION SELECT id FROM nearest WHERE rank <= 2 * :limit) both_lists
    JOIN requests r USING (id) LEFT JOIN nearest n USING (id)
    CROSS JOIN (SELECT sum(weight) AS weight FROM words) total
    CROSS JOIN LATERAL (
        SELECT sum(weight * CASE WHEN titled THEN 2 ELSE 1 END) AS score, sum(weight) AS shared,
               count(*) FILTER (WHERE titled) AS in_title,
               array_agg(lexeme ORDER BY weight DESC, place) AS words
        FROM (SELECT w.*, ts_filter(r.search, '{a}') @@ w.query AS titled
              FROM words w WHERE r.search @@ w.query) hits
    ) t
), ranked AS (
    SELECT *, CASE WHEN text_points > 0
              THEN row_number() OVER (ORDER BY text_points DESC, cosine DESC NULLS LAST, id) END
              AS text_rank
    FROM scored
)
SELECT ranked.*, background.mean AS background_mean, background.size AS background_size,
       corpus.size AS corpus_size,
       ARRAY(SELECT area_id FROM request_areas WHERE request_id = ranked.id ORDER BY 1) AS area_ids
FROM ranked CROSS JOIN background CROSS JOIN corpus
ORDER BY coalesce(1.0 / (:rank_constant + vector_rank), 0)
         + coalesce(:text_share / (:rank_constant + text_rank), 0) DESC, ranked.id
LIMIT :limit
"""
