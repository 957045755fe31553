"""What people's answers say about one judge's verdicts: one label an entry, as of any moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from include.entries.decisions import JUDGE_KEY
from include.matching.learning import Label
from include.matching.route import DOUBTED

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

# The last word of people on an entry counts: an answer, an Undo, a pick, a merge of what the entry
# opened, or that it is no feedback at all. What nobody looked at is no label, and neither is a
# verdict on a request that was opened while the model was thinking: another judge gave it. A sure
# match that was asked about because people had taken something like it off the request says nothing
# about other sure matches.
_LABELS = text(
    f"""
    WITH matched AS (
        SELECT d.id, d.entry_id, d.route, d.confidence, d.decided_at,
               CASE WHEN d.route = 'create' THEN CAST(best.about ->> 'request_id' AS bigint)
                    ELSE d.request_id END AS suggested
          FROM decisions d
          LEFT JOIN LATERAL (
               SELECT c AS about FROM jsonb_array_elements(d.candidates) c
                WHERE CASE WHEN d.route = 'create'
                           THEN CAST(c ->> 'confidence' AS float8) = round(
                                CAST(d.confidence AS numeric), 4)
                           ELSE CAST(c ->> 'request_id' AS bigint) = d.request_id END
                LIMIT 1) best ON true
         WHERE d.step = 'match' AND d.confidence IS NOT NULL AND NOT d.degraded
           AND {JUDGE_KEY} = :judge AND d.decided_at < :as_of
           AND NOT coalesce(CAST(best.about ->> 'unheard' AS boolean), false)
           AND NOT (d.route = 'ask' AND d.reason LIKE '%' || :doubted)
    ), said AS (
        SELECT DISTINCT ON (entry_id) entry_id, step, route, request_id, actor
          FROM decisions
         WHERE step IN ('answer', 'undo', 'pick') AND decided_at < :as_of
         ORDER BY entry_id, id DESC
    )
    SELECT m.confidence, m.decided_at, m.route = 'ask' OR coalesce(s.step, '') = 'answer' AS asked,
           coalesce(s.actor, g.merged_by, '') AS by,
           CASE WHEN n.outcome = 'noise' THEN false
                WHEN s.entry_id IS NOT NULL
                     THEN s.route = 'attach' AND coalesce(
                          (SELECT root_id FROM request_roots WHERE request_id = s.request_id),
                          s.request_id) = coalesce(
                          (SELECT root_id FROM request_roots WHERE request_id = m.suggested),
                          m.suggested)
                ELSE g.into_id = m.suggested END AS right,
           n.outcome IS DISTINCT FROM 'noise'
               AND (g.id IS NOT NULL OR s.route = 'attach' AND EXISTS (
                    SELECT 1 FROM requests chosen
                     WHERE chosen.id = s.request_id AND chosen.created_at <= m.decided_at
                       AND chosen.opened_by_entry_id IS DISTINCT FROM m.entry_id)) AS fits
      FROM matched m
      JOIN entries n ON n.id = m.entry_id
      LEFT JOIN said s ON s.entry_id = m.entry_id
      LEFT JOIN requests o ON o.opened_by_entry_id = m.entry_id
      LEFT JOIN request_merges g ON g.request_id = o.id AND g.undone_at IS NULL
                                AND g.merged_at < :as_of
     WHERE (s.entry_id IS NOT NULL OR g.id IS NOT NULL OR n.outcome = 'noise')
       AND (CAST(:area AS bigint) IS NULL OR EXISTS (
            SELECT 1 FROM request_areas a
             WHERE a.request_id = m.suggested AND a.area_id = :area))
     ORDER BY m.id
    """
)
_RECENT = text(
    f"""
    SELECT d.confidence FROM decisions d
     WHERE d.step = 'match' AND d.confidence IS NOT NULL AND NOT d.degraded
       AND {JUDGE_KEY} = :judge
       AND d.decided_at >= :since AND d.decided_at < :as_of
       AND (CAST(:area AS bigint) IS NULL OR EXISTS (
            SELECT 1 FROM request_areas a
             WHERE a.request_id = d.request_id AND a.area_id = :area))
    """
)


_JUDGES = text(
    f"""
    SELECT DISTINCT {JUDGE_KEY} FROM decisions d
     WHERE d.step = 'match' AND d.judge IS NOT NULL AND NOT d.degraded
       AND d.decided_at >= :since AND d.decided_at < :as_of
     ORDER BY 1
    """
)


def judges_between(session: Session, since: datetime, as_of: datetime) -> list[str]:
    """The `judge_key` of each judge that decided in a window."""
    return list(session.scalars(_JUDGES, {"since": since, "as_of": as_of}))


def labels_as_of(
    session: Session,
    as_of: datetime,
    judge: str,
    area_id: int | None = None,
    *,
    since: datetime | None = None,
) -> list[Label]:
    """The labels of a judge that were known at a moment, oldest first; of one area, or of all.

    Those of decisions from ``since`` on are marked as late ones.
    """
    values = {"as_of": as_of, "judge": judge, "area": area_id, "doubted": DOUBTED}
    rows = session.execute(_LABELS, values)
    return [
        Label(
            row.confidence,
            bool(row.right),
            row.by,
            asked=row.asked,
            lately=since is None or row.decided_at >= since,
            fits=bool(row.fits),
        )
        for row in rows
    ]


def recent_confidences(
    session: Session, since: datetime, as_of: datetime, judge: str, area_id: int | None = None
) -> list[float]:
    """The confidence of each of a judge's decisions of a window: what thresholds apply to."""
    values = {"since": since, "as_of": as_of, "judge": judge, "area": area_id}
    return list(session.scalars(_RECENT, values).all())
