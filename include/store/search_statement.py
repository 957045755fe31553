"""The statement that finds candidates, and the planner's settings it runs under.

Two vector searches find requests, by their own text and by the feedback on them; full text finds
more. Each request then counts once, merged ones as the request that stands for them. How near it is
(`closeness`) is the mean of two cosines: to the sum of its text and its feedback, and to whichever
single one of them is nearest. `agreement` asks the ten nearest single texts, as many as the request
has, whether they are its own: their share, times the logarithm of the number of its texts.
Placeholders in braces are filled in by `include.store.search`.
"""

from __future__ import annotations

from sqlalchemy import text

# strict_order keeps the index useful under filters and beside vectors of another model. A
# sequential scan is never right here: the lists are short and both searches have an index. JIT
# would cost more than the statement.
SETTINGS = text(
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
STATEMENT = r"""
WITH RECURSIVE {evidence_then}lexemes AS MATERIALIZED (
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
), by_text AS MATERIALIZED (
    SELECT e.request_id AS id, e.embedding <=> CAST(:vector AS vector) AS distance
    FROM request_embeddings e{join}
    WHERE e.model = coalesce((SELECT key FROM embedding_indexes
                              WHERE model = :model AND state = 'live'), :model)
          AND CAST(:vector AS vector) IS NOT NULL AND ({filters})
    ORDER BY e.embedding <=> CAST(:vector AS vector) LIMIT :pool
), by_evidence AS MATERIALIZED (
    SELECT p.request_id AS id, p.embedding <=> CAST(:vector AS vector) AS distance
    FROM {evidence} p{evidence_join}
    WHERE p.model = :model AND p.is_compared
          AND CAST(:vector AS vector) IS NOT NULL AND ({filters})
    ORDER BY p.embedding <=> CAST(:vector AS vector) LIMIT :pieces
), measured AS MATERIALIZED (
    SELECT near.id, coalesce(c.pieces, 0) AS pieces,
           1 - (e.embedding <=> CAST(:vector AS vector)) AS cosine,
           1 - (meaning.direction <=> CAST(:vector AS vector)) AS central,
           near_pieces.feedback_id, near_pieces.cosine AS piece_cosine, near_pieces.nearer,
           near_pieces.compared
    FROM (SELECT id FROM by_text UNION SELECT id FROM by_evidence) near
    JOIN request_embeddings e ON e.request_id = near.id
         AND e.model = coalesce((SELECT key FROM embedding_indexes
                                 WHERE model = :model AND state = 'live'), :model)
    LEFT JOIN {centroids} c ON c.request_id = near.id AND c.model = :model
    CROSS JOIN LATERAL (
        SELECT coalesce(l2_normalize(e.embedding) + c.total, e.embedding) AS direction
    ) meaning
    CROSS JOIN LATERAL (
        SELECT (array_agg(feedback_id ORDER BY distance, feedback_id))[1] AS feedback_id,
               1 - min(distance) AS cosine,
               count(*) AS compared,
               count(*) FILTER (WHERE distance < e.embedding <=> CAST(:vector AS vector)) AS nearer
        FROM (SELECT p.feedback_id, p.embedding <=> CAST(:vector AS vector) AS distance
              FROM {evidence} p
              WHERE p.request_id = near.id AND p.model = :model AND p.is_compared) compared
    ) near_pieces
), lineage(id, root) AS (
    SELECT id, id FROM measured
    UNION
    SELECT l.id, m.into_id FROM lineage l
    JOIN request_merges m ON m.request_id = l.root AND m.undone_at IS NULL
), roots AS MATERIALIZED (
    SELECT id, root FROM lineage l
    WHERE NOT EXISTS (SELECT 1 FROM request_merges g
                      WHERE g.request_id = l.root AND g.undone_at IS NULL)
), families AS MATERIALIZED (
    SELECT DISTINCT ON (root) m.id, root, m.cosine, m.feedback_id, m.piece_cosine,
           (m.central + greatest(m.cosine, m.piece_cosine)) / 2 AS closeness,
           sum(m.pieces) OVER family AS pieces, sum(m.nearer) OVER family AS nearer,
           sum(m.compared + 1) OVER family AS texts
    FROM measured m JOIN roots USING (id)
    WINDOW family AS (PARTITION BY root)
    ORDER BY root, closeness DESC, m.id
), voting AS MATERIALIZED (
    SELECT root, row_number() OVER (ORDER BY distance, id) AS nth
    FROM (SELECT id, distance FROM by_text UNION ALL SELECT id, distance FROM by_evidence
          ORDER BY distance, id LIMIT 10) single JOIN roots USING (id)
), nearest AS MATERIALIZED (
    SELECT f.*, row_number() OVER (ORDER BY closeness DESC, id) AS rank,
           ln(least(f.texts, 21)::float8) * (
               SELECT count(*) FROM voting v WHERE v.root = f.root AND v.nth <= least(10, f.texts)
           ) / least(10, f.texts) AS agreement
    FROM families f
), beside AS MATERIALIZED (
    SELECT n.id, others.*
    FROM nearest n CROSS JOIN LATERAL (
        SELECT max(closeness) AS best_other, avg(closeness) AS background_mean,
               count(*) AS background_size
        FROM (SELECT o.closeness FROM nearest o
              WHERE o.id <> n.id
              ORDER BY o.closeness DESC LIMIT 5) five
    ) others
    WHERE n.rank <= 2 * :limit
), scored AS MATERIALIZED (
    SELECT r.id, r.slug, r.title, r.description, r.status, n.cosine, n.rank AS vector_rank,
           n.closeness, n.pieces, n.feedback_id, n.piece_cosine, n.nearer, n.agreement,
           beside.best_other, beside.background_mean,
           coalesce(beside.background_size, 0) AS background_size,
           coalesce(t.score, 0) / (0.7 + 0.3 * length(r.search) / 30.0) AS text_points,
           coalesce(t.shared / nullif(total.weight, 0), 0) AS text_score,
           coalesce(t.in_title::float8 / nullif(length(ts_filter(r.search, '{a}')), 0), 0)
               AS title_score,
           coalesce(t.words, '{}') AS shared_words
    FROM (SELECT id FROM matching UNION SELECT id FROM nearest WHERE rank <= 2 * :limit) both_lists
    JOIN requests r USING (id) LEFT JOIN nearest n USING (id) LEFT JOIN beside USING (id)
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
              THEN row_number() OVER (ORDER BY text_points DESC, closeness DESC NULLS LAST, id) END
              AS text_rank
    FROM scored
)
SELECT ranked.*, corpus.size AS corpus_size,
       ARRAY(SELECT area_id FROM request_areas WHERE request_id = ranked.id ORDER BY 1) AS area_ids
FROM ranked CROSS JOIN corpus
ORDER BY coalesce(1.0 / (:rank_constant + vector_rank), 0)
         + coalesce(:text_share / (:rank_constant + text_rank), 0) DESC, ranked.id
LIMIT :limit
"""

EVIDENCE_NOW = {
    "{evidence_then}": "",
    "{evidence}": "request_evidence",
    "{centroids}": "request_centroids",
}

# What was attached at a moment of the past, with the vectors that the entries kept.
EVIDENCE_THEN = {
    "{evidence_then}": """pieces_then AS MATERIALIZED (
    SELECT *, is_short AND row_number() OVER (
               PARTITION BY request_id, is_short ORDER BY feedback_id DESC) <= 20 AS is_compared
    FROM (
        SELECT f.id AS feedback_id, y.embedding_model AS model, y.embedding,
               f.quote_length <= 80 AS is_short,
               coalesce((SELECT v.request_id FROM feedback_revisions v
                         WHERE v.feedback_id = f.id AND v.valid_until > :moment
                         ORDER BY v.valid_until LIMIT 1), f.request_id) AS request_id
        FROM feedback f JOIN entries y ON y.id = f.entry_id
        WHERE f.created_at < :moment AND (f.removed_at IS NULL OR f.removed_at >= :moment)
              AND y.embedding_model = :model AND vector_norm(y.embedding) > 0
              AND f.entry_id IS DISTINCT FROM :without_entry
    ) live_then
), centroids_then AS MATERIALIZED (
    SELECT request_id, model, count(*) AS pieces, sum(l2_normalize(embedding)) AS total
    FROM pieces_then GROUP BY request_id, model
), """,
    "{evidence}": "pieces_then",
    "{centroids}": "centroids_then",
}
