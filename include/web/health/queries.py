"""How the product does, in numbers: what waits, what is parked, what is not sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from include.entries.shadow_report import report_lines, shadow_report
from include.operations.health import Rung, ladder
from include.operations.late import Late, find_late

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

MOST = 50
SHADOW_DAYS = timedelta(days=7)

_COUNTS = text(
    """
    SELECT received, waiting, failed,
           (SELECT count(*) FROM hooks WHERE status = 'pending') AS waits,
           (SELECT count(*) FROM hooks
             WHERE status = 'pending' AND next_at < now() - interval '5 minutes') AS overdue,
           (SELECT count(*) FROM parked_runs) AS parked,
           (SELECT count(*) FROM messages WHERE state IN ('pending', 'sending')) AS unsent,
           (SELECT count(*) FROM run_starts WHERE state = 'pending') AS unstarted,
           (SELECT count(*) FROM slack_events WHERE state = 'received') AS undone,
           (SELECT max(updated_at) FROM watermarks
             WHERE name = 'drain' OR name LIKE 'drain:%') AS drained_at
      FROM (SELECT count(*) FILTER (WHERE status = 'received') AS received,
                   count(*) FILTER (WHERE status = 'waiting') AS waiting,
                   count(*) FILTER (WHERE status = 'failed') AS failed
              FROM entries WHERE status <> 'done') unfinished
    """
)
_STUCK = text(
    """
    SELECT id, dag_id, run_id, status, error, updated_at, count(*) OVER () AS total FROM entries
     WHERE status IN ('failed', 'received')
       AND updated_at < now() - make_interval(mins => :minutes)
     ORDER BY updated_at LIMIT :most
    """
)


_PARKED = text(
    """
    SELECT p.dag_id, p.run_id, p.created_at, h.kind, h.status,
           coalesce(h.expires_at, h.due_at) AS until
      FROM (SELECT * FROM parked_runs ORDER BY created_at DESC, id DESC LIMIT :most) p
      LEFT JOIN LATERAL (
           SELECT kind, status, expires_at, due_at FROM hooks
            WHERE hooks.dag_id = p.dag_id AND hooks.run_id = p.run_id AND is_current
            ORDER BY (status = 'pending') DESC, id LIMIT 1) h ON true
     ORDER BY p.created_at DESC, p.id DESC
    """
)


@dataclass(frozen=True)
class Health:
    """The page's rows: the first of what is stuck, parked and late.

    ``shadow`` are sentences about a model that judges in shadow.
    """

    rungs: list[Rung]
    counts: Any
    stuck: Sequence[Any]
    parked: Sequence[Any]
    late: list[Late]
    late_in_all: int
    shadow: list[str]


def read_health(session: Session, *, ask: bool, stuck_minutes: float) -> Health:
    """The ladder of parts, the numbers, and what is stuck, parked or late.

    Args:
        session: On the product's database.
        ask: Also call the embeddings API and Slack, which takes a moment.
        stuck_minutes: From when an entry without an outcome counts as stuck.
    """
    now = datetime.now(UTC)
    late, late_in_all = find_late(session, stuck_minutes, most=MOST)
    return Health(
        rungs=ladder(session, ask=ask),
        counts=session.execute(_COUNTS).one(),
        stuck=session.execute(_STUCK, {"minutes": int(stuck_minutes), "most": MOST}).all(),
        parked=session.execute(_PARKED, {"most": MOST}).all(),
        late=late,
        late_in_all=late_in_all,
        shadow=report_lines(shadow_report(session, now - SHADOW_DAYS, now)),
    )
