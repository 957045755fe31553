"""How near a pain is to what people took off a request, and to what they put on it.

Both are read from what the database keeps of answers, *Undo* and picks; there is no table of
refusals. An entry counts where it is now: what was taken off and put back is no refusal, nor what
went to a request that was merged into this one later. What was withdrawn, erased or set aside is on
no request, and counts for nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from include.matching.types import Candidate

NEAREST = 2
"""So many of the nearest candidates are looked at; what is attached is nearly always the first."""

NEWEST = 50
"""So many of the newest answers about a request, and of the newest pieces taken off it."""

# A person's word and where the entry's feedback is, at the moment of the search. Each entry is
# looked up by its id: joined as a set all entries would be read, for the planner cannot know how
# few are touched.
_CORRECTIONS = """
WITH RECURSIVE family AS (
    SELECT id AS root, id FROM unnest(CAST(:ids AS bigint[])) AS id
    UNION
    SELECT f.root, m.request_id FROM family f
    JOIN request_merges m ON m.into_id = f.id AND m.undone_at IS NULL
), touched AS (
    SELECT f.root, answered.entry_id
    FROM family f CROSS JOIN LATERAL (
        SELECT d.entry_id FROM decisions d
        WHERE d.request_id = f.id
              AND (d.step IN ('answer', 'pick') OR d.step = 'match' AND d.route = 'ask')
        ORDER BY -d.id LIMIT :newest
    ) answered
    UNION
    SELECT f.root, removed.entry_id
    FROM family f CROSS JOIN LATERAL (
        SELECT p.entry_id FROM feedback p
        WHERE p.request_id = f.id AND p.removed_at IS NOT NULL
        ORDER BY -p.id LIMIT :newest
    ) removed
)
SELECT t.root, place.is_on, 1 - min(y.embedding <=> CAST(:vector AS vector)) AS cosine
FROM touched t
CROSS JOIN LATERAL (
    SELECT bool_or({request} IN (SELECT id FROM family WHERE root = t.root)) AS is_on
    FROM feedback live WHERE live.entry_id = t.entry_id AND {live}
) place
CROSS JOIN LATERAL (
    SELECT FROM decisions s
    WHERE s.entry_id = t.entry_id AND s.step IN ('answer', 'undo', 'pick'){said} LIMIT 1
) said
CROSS JOIN LATERAL (
    SELECT embedding FROM entries
    WHERE id = t.entry_id AND embedding_model = :model AND vector_norm(embedding) > 0 LIMIT 1
) y
WHERE place.is_on IS NOT NULL AND t.entry_id IS DISTINCT FROM CAST(:without_entry AS bigint)
GROUP BY 1, 2
"""
_NOW = _CORRECTIONS.format(request="live.request_id", live="live.removed_at IS NULL", said="")
_THEN = _CORRECTIONS.format(
    request="""coalesce((SELECT v.request_id FROM feedback_revisions v
                 WHERE v.feedback_id = live.id AND v.valid_until > :moment
                 ORDER BY v.valid_until LIMIT 1), live.request_id)""",
    live="live.created_at < :moment AND (live.removed_at IS NULL OR live.removed_at >= :moment)",
    said=" AND s.decided_at < :moment",
)


def with_corrections(
    session: Session,
    candidates: Sequence[Candidate],
    vector: str,
    model: str,
    *,
    moment: datetime | None = None,
    without_entry: int | None = None,
) -> list[Candidate]:
    """The candidates, the nearest few with what people said about pains like this one.

    Args:
        session: Inside a transaction.
        candidates: Requests that stand for themselves, in any order.
        vector: Of the pain, as pgvector writes it.
        model: Only vectors of this model count.
        moment: What people had said, and where feedback was, before it; None means now.
        without_entry: What was said about this entry does not count (a replay).
    """
    ranked = sorted(candidates, key=lambda one: one.vector_rank or len(candidates) + NEAREST)
    values: dict[str, Any] = {
        "ids": [one.request_id for one in ranked[:NEAREST]],
        "newest": NEWEST,
        "vector": vector,
        "model": model,
        "without_entry": without_entry,
    }
    if moment is not None:
        values["moment"] = moment
    rows = session.execute(text(_NOW if moment is None else _THEN), values)
    near = {(row.root, row.is_on): float(row.cosine) for row in rows}
    return [
        replace(
            one,
            refused=near.get((one.request_id, False)),
            affirmed=near.get((one.request_id, True)),
        )
        for one in candidates
    ]
