"""The clock of durable waits, moved by hand: an hour's sleep is tested in a second.

Everything that waits reads the time from the database function ``durable_now()``. Tests of a
running Airflow and tests with a loop of their own move it there; the loops are woken at once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import text

from include.store.session import session_scope

MoveClock = Callable[[timedelta], None]


def set_offset(offset: timedelta) -> None:
    """Let all durable waits of the connection ``feedback_db`` see now + ``offset``."""
    seconds = float(offset.total_seconds())
    with session_scope() as session:
        session.execute(
            text(
                "CREATE OR REPLACE FUNCTION durable_now() RETURNS timestamptz LANGUAGE sql "
                "STABLE PARALLEL SAFE AS "
                f"'SELECT statement_timestamp() + interval ''{seconds} seconds'''"
            )
        )
        session.execute(text("SELECT pg_notify('durable_hooks', 'clock')"))
