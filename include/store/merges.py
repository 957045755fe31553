"""Which request stands for a merged one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.orm import Session

    from include.matching.types import Candidate

_SURVIVORS = text(
    """
    WITH RECURSIVE chain AS (
        SELECT m.request_id, m.into_id FROM request_merges m
         WHERE m.request_id = ANY(:ids) AND m.undone_at IS NULL
        UNION
        SELECT c.request_id, m.into_id FROM chain c
          JOIN request_merges m ON m.request_id = c.into_id AND m.undone_at IS NULL
    )
    SELECT c.request_id, r.id, r.slug, r.status,
           ARRAY(SELECT area_id FROM request_areas WHERE request_id = r.id ORDER BY 1) AS area_ids
      FROM chain c JOIN requests r ON r.id = c.into_id
     WHERE NOT EXISTS (SELECT 1 FROM request_merges m
                        WHERE m.request_id = c.into_id AND m.undone_at IS NULL)
    """
)


def survivors_of(session: Session, request_ids: Collection[int]) -> dict[int, int]:
    """For each of these requests that is merged: the one that stands for it in the end."""
    rows = session.execute(_SURVIVORS, {"ids": list(request_ids)})
    return {row.request_id: row.id for row in rows}


def taken_to_survivors(
    session: Session, candidates: Sequence[Candidate], exclude: Collection[int] = ()
) -> list[Candidate]:
    """Candidates with each merged one standing for its survivor, each request once, in order.

    The text stays the one that was found, because that is what the words resemble.
    """
    rows = session.execute(_SURVIVORS, {"ids": [one.request_id for one in candidates]})
    survivors = {row.request_id: row for row in rows}
    found: dict[int, Candidate] = {}
    for candidate in candidates:
        survivor = survivors.get(candidate.request_id)
        if survivor is not None:
            candidate = replace(
                candidate,
                request_id=survivor.id,
                slug=survivor.slug,
                status=survivor.status,
                area_ids=tuple(survivor.area_ids),
            )
        if candidate.request_id not in exclude:
            found.setdefault(candidate.request_id, candidate)
    return list(found.values())
