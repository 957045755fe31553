"""What the tasks of ``sweep_pending`` call."""

from __future__ import annotations

from include.entries.thread_reply import sync_emoji
from include.store.session import session_scope


def deliver_pending() -> dict[str, object]:
    """Send everything that waits, and bring the status emoji to what they should be."""
    from include.outbox.sender import deliver_pending as send

    report = send().as_dict()
    return report | {"emoji_waiting": sync_emoji(session_scope)}
