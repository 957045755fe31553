"""Who hears of a durable hook's reminder and closing, and what it is about, by its word."""

from __future__ import annotations

from include.durable.handlers import register
from include.durable.spans import register_about

HANDLERS = {"question": "include.entries.questions:on_hook_event"}
"""A word stays for as long as rows may hold it; where its function lives may change."""

ABOUT = {"question": "include.entries.asked:entry_ids"}
"""The same words: which entries a hook is about, for their traces."""


def register_hook_handlers() -> None:
    """Register all handlers; a repeat changes nothing, and nothing is imported yet."""
    for word, target in HANDLERS.items():
        register(word, target)
    for word, target in ABOUT.items():
        register_about(word, target)
