"""What operators can watch as numbers over time: one list, for Prometheus and Airflow's metrics.

``deploy/prometheus/sql_exporter.yml`` has the same queries; a test compares them. The sweep sends
them as gauges through Airflow, if it sends metrics anywhere. Otherwise no query is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from include.base.settings import load_settings
from include.engine import gauges
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Metric:
    """A query, whose rows hold a number for each of ``values``, told apart by ``label``."""

    name: str
    help: str
    values: tuple[str, ...]
    sql: str
    label: str | None = None


METRICS = (
    Metric(
        "feedback_entries",
        "Entries by what became of them",
        ("entries",),
        """
        SELECT COALESCE(outcome, status) AS outcome, count(*) AS entries FROM entries GROUP BY 1
        """,
        label="outcome",
    ),
    Metric(
        "feedback_confidence",
        "Matches of the last hour, by route, and their mean confidence",
        ("decisions", "confidence"),
        """
        SELECT route, count(*) AS decisions, avg(confidence) AS confidence
          FROM decisions
         WHERE step = 'match' AND confidence IS NOT NULL
           AND decided_at > now() - interval '1 hour'
         GROUP BY 1
        """,
        label="route",
    ),
    Metric(
        "feedback_waits",
        "Open waits, how many of them are parked, and the oldest question's age in seconds",
        ("hot", "parked", "oldest_seconds"),
        """
        SELECT count(*) FILTER (WHERE parked_at IS NULL) AS hot,
               count(*) FILTER (WHERE parked_at IS NOT NULL) AS parked,
               COALESCE(EXTRACT(epoch FROM now() - min(created_at)
                        FILTER (WHERE kind = 'approval')), 0) AS oldest_seconds
          FROM hooks WHERE status = 'pending' AND is_current
        """,
    ),
    Metric(
        "feedback_press_seconds",
        "From a press to what was decided by it, in the last hour",
        ("median", "p95"),
        """
        SELECT COALESCE(percentile_cont(0.5) WITHIN GROUP (
                        ORDER BY EXTRACT(epoch FROM e.updated_at - h.closed_at)), 0) AS median,
               COALESCE(percentile_cont(0.95) WITHIN GROUP (
                        ORDER BY EXTRACT(epoch FROM e.updated_at - h.closed_at)), 0) AS p95
          FROM hooks h JOIN entries e
            ON e.dag_id = h.dag_id AND e.run_id = h.run_id AND e.status = 'done'
         WHERE h.status = 'answered' AND e.updated_at >= h.closed_at
           AND h.closed_at > now() - interval '1 hour'
        """,
    ),
    Metric(
        "feedback_outbox",
        "Messages to Slack that have not gone out, and the oldest's age in seconds",
        ("waiting", "oldest_seconds"),
        """
        SELECT count(*) AS waiting,
               COALESCE(EXTRACT(epoch FROM now() - min(created_at)), 0) AS oldest_seconds
          FROM messages WHERE state IN ('pending', 'sending')
        """,
    ),
    Metric(
        "feedback_model_cost_today",
        "Cost of language models today (UTC), in US dollars; the setting model_budget_per_day is "
        "its limit",
        ("dollars",),
        """
        SELECT COALESCE(sum(cost), 0) AS dollars FROM model_calls
         WHERE created_at >= date_trunc('day', now(), 'UTC')
        """,
    ),
)

BUDGET_LEFT = "feedback_model_budget_left.dollars"
"""Of today, in US dollars. A setting knows the budget, so the database cannot tell Prometheus."""


@dataclass(frozen=True)
class Reading:
    """One number of a metric; ``label`` is its row's."""

    name: str
    value: float
    label: tuple[str, str] | None = None


def read(session: Session) -> Iterator[Reading]:
    """Every number as it is now."""
    for metric in METRICS:
        for row in session.execute(text(metric.sql)).mappings():
            label = (metric.label, str(row[metric.label])) if metric.label else None
            for value in metric.values:
                if row[value] is not None:
                    yield Reading(f"{metric.name}.{value}", float(row[value]), label)


def send() -> int:
    """Send all as gauges through Airflow; how many, 0 while Airflow sends no metrics.

    Raises:
        TransientError: the database is away.
    """
    if not gauges.are_on():
        return 0
    with session_scope() as session:
        readings = list(read(session))
    spent = sum(one.value for one in readings if one.name == "feedback_model_cost_today.dollars")
    readings.append(Reading(BUDGET_LEFT, load_settings().model_budget_per_day - spent))
    for one in readings:
        gauges.send(one.name, one.value, one.label)
    return len(readings)
