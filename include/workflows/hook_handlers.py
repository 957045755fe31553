"""Which function hears of a durable hook's reminder and closing, by the word in the hook's row."""

from __future__ import annotations

from include.durable.handlers import register

HANDLERS = {"question": "include.entries.questions:on_hook_event"}
"""A word stays for as long as rows may hold it; where its function lives may change."""


def register_hook_handlers() -> None:
    """Register all handlers; a repeat changes nothing, and nothing is imported yet."""
    for word, target in HANDLERS.items():
        register(word, target)
