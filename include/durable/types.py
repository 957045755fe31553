"""The values that cross the edge of ``include.durable``."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

HookEvent = Literal["remind", "expired", "cancelled", "reopened"]
"""What a hook's handler is told about: see ``include.durable.handlers``."""

CANCELLED_IN_AIRFLOW = "airflow"
"""``answered_via`` of a hook closed because its task was cleared or marked in Airflow."""


@dataclass(frozen=True)
class HookView:
    """A durable hook as read from its row; times are aware datetimes in UTC."""

    id: UUID
    key: str
    round: int
    kind: str
    dag_id: str
    run_id: str
    map_index: int
    handler: str | None
    question: dict[str, Any]
    responders: list[str]
    status: str
    answer: dict[str, Any] | None
    answered_by: str | None
    answered_via: str | None
    closed_at: datetime | None
    due_at: datetime | None
    remind_at: datetime | None
    reminded_at: datetime | None
    expires_at: datetime | None
    waiter: str | None
    parked_at: datetime | None
    created_at: datetime

    @property
    def is_open(self) -> bool:
        """True while the first valid answer still counts."""
        return self.status == "pending"

    def outcome(self) -> dict[str, Any]:
        """What the sensor hands on as XCom: ids and choices only, never the question's text."""
        return {
            "outcome": self.status,
            "answer": self.answer,
            "answered_by": self.answered_by,
            "answered_via": self.answered_via,
            "closed_at": self.closed_at.isoformat() if self.closed_at else None,
            "hook_id": str(self.id),
            "round": self.round,
        }


class AnswerStatus(StrEnum):
    """What became of an attempt to answer."""

    RECORDED = "recorded"
    TOO_LATE = "too_late"
    NOT_ALLOWED = "not_allowed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class AnswerResult:
    """``hook`` carries the recorded outcome, also when somebody else was first."""

    status: AnswerStatus
    hook: HookView | None = field(default=None)


def outcome_from_xcom(value: str | Mapping[str, Any]) -> dict[str, Any]:
    """What a sensor returned, as a downstream task reads it (see :meth:`HookView.outcome`).

    An XCom that a trigger hands in is encoded twice by Airflow 3.3.2 (by ``XComModel.set`` and by
    its JSON column), so the next task gets a text; this reads both forms and can go once Airflow
    encodes it once.
    """
    return dict(json.loads(value) if isinstance(value, str) else value)


@dataclass(frozen=True)
class Waiting:
    """A hook of a run with the task that waits on it."""

    hook: HookView
    task_id: str
    wait_resumes: bool

    @property
    def instance(self) -> tuple[str, int]:
        """The waiting task instance."""
        return (self.task_id, self.hook.map_index)
