"""Which entries a question is about, as its durable hook says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.durable.types import HookView


def asked_about(hook: HookView) -> list[tuple[int, float | None]]:
    """The entries a question is about, with the confidence of each."""
    return [(int(entry_id), confidence) for entry_id, confidence in hook.question["entries"]]


def entry_ids(hook: HookView) -> list[int]:
    """The entries alone."""
    return [entry_id for entry_id, _ in asked_about(hook)]


def only_entry(hook: HookView) -> int | None:
    """The entry a question is about, when it is about one."""
    found = entry_ids(hook)
    return found[0] if len(found) == 1 else None
