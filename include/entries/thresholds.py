"""Changing the thresholds: a new version, never a changed one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from include.base.errors import FatalError
from include.store.models import Area, ThresholdSet

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

LONGEST_NOTE = 500


def set_thresholds(
    session: Session, *, area: str | None, attach: float, ask: float, note: str, by: str
) -> int:
    """Put new thresholds in force for one area, or for all that have none; the version.

    Args:
        session: The caller's transaction.
        area: A slug; None for the general ones.
        attach: From which confidence feedback is attached.
        ask: From which confidence a person is asked.
        note: Why, for whoever looks later.
        by: Who changes them.

    Raises:
        FatalError: there is no such area, or the numbers are not in order.
    """
    if not 0 < ask <= attach <= 1:
        raise FatalError(
            f"ask is {ask:g} and attach is {attach:g}: they must be above 0 and at most 1, and ask "
            "not above attach"
        )
    area_id = None
    if area is not None:
        area_id = session.scalar(select(Area.id).where(Area.slug == area))
        if area_id is None:
            raise FatalError(f"there is no area {area[:80]!r}")
    row = ThresholdSet(
        area_id=area_id, attach=attach, ask=ask, note=note[:LONGEST_NOTE], created_by=by
    )
    session.add(row)
    session.flush()
    return row.version
