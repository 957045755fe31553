"""What a missed deadline of a test's DAG calls; no test lets one be missed."""

from __future__ import annotations

from typing import Any


async def note_late(**_: Any) -> None:
    """Airflow wants a callable that can be awaited."""
