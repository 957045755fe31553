"""What the task of ``judge_in_shadow`` calls."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from include.base.settings import load_settings
from include.clients.language_model import shadow_lane
from include.entries.shadow import judge_in_shadow
from include.store.session import session_scope


def judge_portion(limit: int) -> dict[str, Any]:
    """Judge at most so many decisions in shadow; the run's result.

    Raises:
        FatalError: the settings name a connection or a prompt that is not there.
    """
    settings = load_settings()
    lane = shadow_lane(settings)
    if lane is None:
        return {"is_on": False}
    counts = judge_in_shadow(
        session_scope, lane, datetime.now(UTC), share=settings.shadow_share, limit=limit
    )
    return {"is_on": True, "model": lane.model, "prompt_version": lane.task.prompt_version} | counts
