"""What customers said about each of a few requests, nearest first: quotes for a judge that reads.

Only short pieces, which are about one thing, and only what is attached: a piece that was taken off
or erased is quoted no more. A merged request's feedback speaks for the one that stands for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.orm import Session

QUOTES = 3
"""Pieces of one request, at most."""

# The distances are computed before they are ordered: of twenty pieces each request has, none may be
# missed, and the index of vectors finds the nearest of all requests.
_QUOTES = text(
    """
    WITH RECURSIVE family(root, id) AS (
        SELECT id, id FROM unnest(CAST(:ids AS bigint[])) AS asked(id)
        UNION
        SELECT f.root, m.request_id FROM family f
          JOIN request_merges m ON m.into_id = f.id AND m.undone_at IS NULL
    ), pieces AS MATERIALIZED (
        SELECT f.root, b.id, substr(e.customer_pain, b.quote_start + 1, b.quote_length) AS quote,
               p.embedding <=> CAST(:vector AS vector) AS distance
          FROM family f
          JOIN request_evidence p ON p.request_id = f.id AND p.model = :model AND p.is_compared
          JOIN feedback b ON b.id = p.feedback_id AND b.removed_at IS NULL
          JOIN entries e ON e.id = b.entry_id
         WHERE e.id IS DISTINCT FROM CAST(:without_entry AS bigint)
           AND (CAST(:moment AS timestamptz) IS NULL OR b.created_at < :moment AND NOT EXISTS (
                SELECT FROM feedback_revisions v
                 WHERE v.feedback_id = b.id AND v.valid_until > :moment))
    ), ranked AS (
        SELECT *, row_number() OVER (PARTITION BY root ORDER BY distance, id DESC) AS nth
          FROM pieces
    )
    SELECT root, quote FROM ranked WHERE nth <= :most ORDER BY root, nth
    """
)


def nearest_quotes(
    session: Session,
    request_ids: Collection[int],
    vector: list[float] | None,
    model: str,
    *,
    moment: datetime | None = None,
    without_entry: int | None = None,
) -> dict[int, list[str]]:
    """For each request that has any: at most `QUOTES` short pieces of feedback on it.

    Args:
        session: Inside a transaction.
        request_ids: Candidates of a search, the merged ones as what stands for them.
        vector: Of the customer's words, by ``model``; None quotes the newest ones.
        model: The embedding model.
        moment: Only what was attached before (a question that is asked later).
        without_entry: Nothing that this entry said.
    """
    if not request_ids:
        return {}
    rows = session.execute(
        _QUOTES,
        {
            "ids": list(request_ids),
            "vector": None if vector is None else str(list(map(float, vector))),
            "model": model,
            "moment": moment,
            "without_entry": without_entry,
            "most": QUOTES,
        },
    )
    quotes: dict[int, list[str]] = {}
    for row in rows:
        quotes.setdefault(row.root, []).append(row.quote)
    return quotes
