"""PostgreSQL's advisory locks: the numbers of all of them, and how one is taken."""

from __future__ import annotations

from enum import IntEnum, unique
from typing import TYPE_CHECKING

from sqlalchemy import func, select

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.orm import Session


@unique
class AdvisoryLock(IntEnum):
    """What is done by one transaction at a time. Releases that run side by side share numbers."""

    MIGRATING = 7_310_001
    OPENING_REQUESTS = 7_310_002
    ARRIVING = 7_310_012
    ASKING_GROUPS = 7_310_013
    COUNTING_FIGURES = 7_310_014
    KEEPING_EVIDENCE = 7_310_015
    LOADING = 7_310_021
    SUBSCRIBING = 7_310_022
    RESERVING_MONEY = 7_240_010


def try_hold(session: Session | Connection, lock: AdvisoryLock) -> bool:
    """Take the lock if nobody has it; it is released with the transaction."""
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(lock.value))))


def hold(session: Session | Connection, lock: AdvisoryLock) -> None:
    """Wait for the lock; it is released with the transaction."""
    session.execute(select(func.pg_advisory_xact_lock(lock.value)))
