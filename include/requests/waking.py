"""Ending the sleep of ``new_request`` early when something happened to its request."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import select

from include.durable.api import answer_hook
from include.durable.types import AnswerStatus
from include.engine.dag_ids import NEW_REQUEST
from include.store.models import Hook, HookStatus, RunStart

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SLEEP_NAME = "sleep"


class Wake(StrEnum):
    """Why a sleep ends early."""

    EVIDENCE = "evidence"
    SHIPPED = "shipped"
    DEPRIORITIZED = "deprioritized"
    MERGED = "merged"
    DELETED = "deleted"


def wake_new_request(session: Session, request_id: int, reason: Wake) -> int:
    """Answer the sleeps of a request's ``new_request`` runs; how many were asleep.

    It belongs into the transaction of what happened: rolled back together, woken together.
    """
    sleeping = session.scalars(
        select(Hook.id)
        .join(RunStart, (RunStart.dag_id == Hook.dag_id) & (RunStart.run_id == Hook.run_id))
        .where(
            RunStart.request_id == request_id,
            Hook.dag_id == NEW_REQUEST,
            Hook.kind == "sleep",
            Hook.is_current,
            Hook.status == HookStatus.PENDING,
        )
    ).all()
    answers = [
        answer_hook(session, hook_id, answer={"reason": str(reason)}, by="product", via="product")
        for hook_id in sleeping
    ]
    return sum(answer.status is AnswerStatus.RECORDED for answer in answers)
