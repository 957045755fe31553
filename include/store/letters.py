"""Requests found by the letters of a few words: initials, beginnings of words, and typing errors.

Full text knows whole words only. Beside it each request keeps the letters of its title (the column
``letters``): every three letters in a row, and initials behind a ``=``. PostgreSQL's own arrays
serve that, because not every PostgreSQL has the extension pg_trgm (the sandbox's has not).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from include.matching.types import Candidate
from include.store.merges import taken_to_survivors
from include.store.search import request_filters

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.orm import Session

MOST_WORDS = 8
"""Words of a query whose letters are looked up; a longer query is a sentence."""

MOST_SPELLINGS = 2 * MOST_WORDS
"""What is looked up for so many words, which may each be written in two ways."""

FOUND = 40
"""Requests looked at for each word and each kind of likeness."""

MAX_POSTINGS = 3_000
"""Rows that the letters of one misspelt word are expected to find, the rarest letters first."""


@dataclass(frozen=True, slots=True)
class ByLetters:
    """What the letters found: requests, and the words of the query that no request has.

    ``areas`` has, by request id, the word that is the initials of its area's name, and that name.
    """

    candidates: list[Candidate]
    unknown: frozenset[str]
    areas: dict[int, tuple[str, str]]


def find_by_letters(
    session: Session,
    words: Sequence[str],
    *,
    area_ids: Collection[int] | None = None,
    statuses: Collection[str] | None = None,
) -> ByLetters:
    """Requests whose titles have a word's letters; whether they are alike is the caller's to say.

    Args:
        session: Inside a transaction; sequential scans are off until it ends.
        words: Of the query, comparable; the first sixteen are looked up.
        area_ids: Only requests of at least one of these areas; None means all.
        statuses: Only requests with one of these statuses; None means all.
    """
    asked = list(dict.fromkeys(words))[:MOST_SPELLINGS]
    if not asked:
        return ByLetters([], frozenset(), {})
    filters, values = request_filters((), None, area_ids, statuses)
    session.execute(_SETTINGS)
    rows = session.execute(
        text(_STATEMENT.replace("{filters}", filters)),
        {"words": asked, "found": FOUND, "max_postings": MAX_POSTINGS, **values},
    ).all()
    unknown = frozenset(row.word for row in rows if row.id is None)
    areas = {row.id: (row.word, row.area) for row in rows if row.area is not None}
    found = [
        Candidate(
            request_id=row.id,
            slug=row.slug,
            title=row.title,
            description=row.description,
            status=row.status,
            area_ids=tuple(row.area_ids),
        )
        for row in rows
        if row.id is not None
    ]
    return ByLetters(taken_to_survivors(session, found), unknown, areas)


_SETTINGS = text("SELECT set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)")

# A word of two letters is only looked for as a whole, a longer one as a beginning.
# Words that the planner's statistics have are known without a look. For a word that no request has,
# the rarest of its letters are looked up, as far as few rows are expected; the requests that share
# most of them come first.
_STATEMENT = r"""
WITH asked AS MATERIALIZED (
    SELECT word, to_tsvector('english', word) AS stems,
           plainto_tsquery('english', word) AS query
    FROM unnest(CAST(:words AS text[])) AS given(word)
), statistics AS MATERIALIZED (
    SELECT attname, most_common_elems::text::text[] AS elements, most_common_elem_freqs AS shares
    FROM pg_stats WHERE schemaname = current_schema() AND tablename = 'requests'
), telling AS MATERIALIZED (
    SELECT word, query,
           EXISTS (SELECT 1 FROM statistics s, unnest(tsvector_to_array(stems)) stem
                   WHERE s.attname = 'search' AND stem = ANY(s.elements))
           OR EXISTS (SELECT 1 FROM requests r WHERE r.search @@ query LIMIT 1) AS is_known
    FROM asked WHERE stems <> ''::tsvector
), size AS MATERIALIZED (
    SELECT CASE WHEN reltuples < 5000 THEN (SELECT count(*) FROM requests)
           ELSE reltuples END AS rows
    FROM pg_class WHERE oid = 'requests'::regclass
), initials AS MATERIALIZED (
    SELECT hit.id FROM telling CROSS JOIN LATERAL (
        SELECT r.id FROM requests r
        WHERE r.letters @> ARRAY['=' || word] AND ({filters}) LIMIT :found
    ) hit WHERE length(word) BETWEEN 2 AND 6
), area_initials AS MATERIALIZED (
    SELECT hit.id, word, a.name AS area
    FROM telling JOIN areas a ON letters_of(a.name) @> ARRAY['=' || word]
    CROSS JOIN LATERAL (
        SELECT r.id FROM request_areas x JOIN requests r ON r.id = x.request_id
        WHERE x.area_id = a.id AND ({filters}) ORDER BY r.id DESC LIMIT :found
    ) hit WHERE length(word) BETWEEN 2 AND 6
), beginnings AS MATERIALIZED (
    SELECT hit.id FROM telling CROSS JOIN LATERAL (
        SELECT r.id FROM requests r
        WHERE r.letters @> (letters_in(word))[1 : greatest(3, length(word))] AND ({filters})
        LIMIT :found
    ) hit WHERE length(word) >= 2
), grams AS MATERIALIZED (
    SELECT word, gram, sum(coalesce(share, 0) * size.rows)
           OVER (PARTITION BY word ORDER BY share NULLS FIRST, gram) AS expected
    FROM telling CROSS JOIN size CROSS JOIN LATERAL unnest(letters_in(word)) gram
    LEFT JOIN (SELECT element, share FROM statistics, unnest(elements, shares) e(element, share)
               WHERE attname = 'letters') common ON common.element = gram
    WHERE NOT is_known AND length(word) >= 4
), misspelt AS MATERIALIZED (
    SELECT id FROM (
        SELECT hit.id, row_number() OVER (PARTITION BY word ORDER BY count(*) DESC, hit.id) AS nth
        FROM grams CROSS JOIN LATERAL (
            SELECT r.id FROM requests r
            WHERE r.letters @> ARRAY[gram] AND ({filters}) LIMIT :max_postings
        ) hit WHERE expected <= :max_postings
        GROUP BY word, hit.id
    ) ranked WHERE nth <= :found
), found AS (
    SELECT id, max(word) AS word, max(area) AS area FROM (
        SELECT id, NULL AS word, NULL AS area FROM initials
        UNION ALL SELECT id, word, area FROM area_initials
        UNION ALL SELECT id, NULL, NULL FROM beginnings
        UNION ALL SELECT id, NULL, NULL FROM misspelt
    ) hits GROUP BY id
)
SELECT word, area, r.id, r.slug, r.title, r.description, r.status,
       ARRAY(SELECT area_id FROM request_areas WHERE request_id = r.id ORDER BY 1) AS area_ids
FROM found JOIN requests r USING (id)
UNION ALL
SELECT word, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM telling WHERE NOT is_known
"""
