"""How the product does, in numbers: what waits, what is parked, what is not sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from include.operations.health import Rung, ladder
from include.operations.late import Late, find_late

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

MOST = 50

_COUNTS = text(
    """
    SELECT (SELECT count(*) FROM entries WHERE status = 'received') AS received,
           (SELECT count(*) FROM entries WHERE status = 'waiting') AS waiting,
           (SELECT count(*) FROM entries WHERE status = 'failed') AS failed,
           (SELECT count(*) FROM hooks WHERE status = 'pending') AS waits,
           (SELECT count(*) FROM hooks
             WHERE status = 'pending' AND next_at < now() - interval '5 minutes') AS overdue,
           (SELECT count(*) FROM parked_runs) AS parked,
           (SELECT count(*) FROM messages WHERE state IN ('pending', 'sending')) AS unsent,
           (SELECT count(*) FROM run_starts WHERE state = 'pending') AS unstarted,
           (SELECT count(*) FROM slack_events WHERE state = 'received') AS undone,
           (SELECT max(updated_at) FROM watermarks
             WHERE name = 'drain' OR name LIKE 'drain:%') AS drained_at
    """
)
_STUCK = text(
    """
    SELECT id, dag_id, run_id, status, error, updated_at FROM entries
     WHERE status IN ('failed', 'received')
       AND updated_at < now() - make_interval(mins => :minutes)
     ORDER BY updated_at LIMIT :most
    """
)


@dataclass(frozen=True)
class Health:
    """The page's rows."""

    rungs: list[Rung]
    counts: Any
    stuck: Sequence[Any]
    late: list[Late]


def read_health(session: Session, *, ask: bool, stuck_minutes: float) -> Health:
    """The ladder of parts, the numbers, and what is stuck or late.

    Args:
        session: On the product's database.
        ask: Also call the embeddings API and Slack, which takes a moment.
        stuck_minutes: From when an entry without an outcome counts as stuck.
    """
    return Health(
        rungs=ladder(session, ask=ask),
        counts=session.execute(_COUNTS).one(),
        stuck=session.execute(_STUCK, {"minutes": int(stuck_minutes), "most": MOST}).all(),
        late=find_late(session, stuck_minutes)[:MOST],
    )
