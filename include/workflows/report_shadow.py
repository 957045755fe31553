"""What the task of ``report_shadow`` calls."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from include.base.settings import load_settings
from include.entries.shadow_report import as_facts, report_lines, shadow_report
from include.outbox.notices import notify
from include.store.session import session_scope

if TYPE_CHECKING:
    from datetime import datetime

DAY, MONTH = timedelta(days=1), timedelta(days=30)


def report_day(until: datetime) -> dict[str, Any]:
    """Compare the day before a moment, and the thirty days before it: answers come later.

    The operations channel hears of it, once a day, where there is one and something was judged.
    """
    with session_scope() as session:
        day = shadow_report(session, until - DAY, until)
        month = shadow_report(session, until - MONTH, until)
    is_told = False
    if day.models and load_settings().operations_channel:
        words = [
            f"Judged in shadow in the day before {until:%Y-%m-%d %H:%M} UTC",
            *report_lines(day),
            "",
            "In thirty days",
            *report_lines(month),
        ]
        is_told = notify(f"notice:shadow:{until.date()}", "\n".join(words))
    return {"day": as_facts(day), "month": as_facts(month), "is_told": is_told}
