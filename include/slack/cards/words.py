"""Short sentences about people and moments, for cards and notes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.durable.types import HookView

CHOICE_WORDS = {"attach": "Added to this request", "create": "Opened as a new request"}


def person_words(person: str | None) -> str:
    """``slack:U123`` as a Slack mention, anything else by its name."""
    if not person:
        return "somebody"
    kind, _, name = person.partition(":")
    return f"<@{name}>" if kind == "slack" else name or person


def moment_words(moment: datetime | None) -> str:
    """A moment as people write it, in UTC: ``22 Nov 2026, 14:05 UTC``."""
    if moment is None:
        return "an unknown time"
    at = moment.astimezone(UTC)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def closed_words(hook: HookView) -> str:
    """Who decided what and when, for a closed question."""
    when = moment_words(hook.closed_at)
    if hook.status == "answered":
        choice = CHOICE_WORDS.get((hook.answer or {}).get("choice", ""), "Answered")
        if picked_request(hook) is not None:
            choice = "Another request picked"
        return f"{choice} by {person_words(hook.answered_by)} on {when}."
    if hook.status == "expired":
        return f"Nobody answered until {when}, so it becomes a request of its own."
    if hook.status == "cancelled":
        return f"This question was closed in Airflow on {when}."
    return "It is still open."


def picked_request(hook: HookView) -> int | None:
    """The request a person picked instead of the suggested one."""
    picked = (hook.answer or {}).get("request_id")
    return int(picked) if picked not in (None, hook.question.get("request_id")) else None


def remaining(hook: HookView) -> str:
    """How long an open question still waits after its reminder, in whole days or hours."""
    if hook.expires_at is None or hook.remind_at is None:
        return "a while"
    hours = max(1, round((hook.expires_at - hook.remind_at).total_seconds() / 3600))
    if hours >= 48:
        return f"{round(hours / 24)} days"
    return "1 hour" if hours == 1 else f"{hours} hours"
