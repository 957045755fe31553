"""Notices to the operators."""

from __future__ import annotations

from include.base.settings import load_settings
from include.outbox.events import new_event
from include.outbox.messages import queue_message
from include.slack.cards.blocks import clip, shorten
from include.slack.cards.markup import escape
from include.store.session import session_scope


def notify(key: str, words: str) -> bool:
    """Tell operators one thing, once; true the first time. ``words`` hold no customer's words."""
    from include.outbox.sender import deliver

    settings = load_settings()
    with session_scope() as session:
        if not new_event(session, key, "notice"):
            return False
        block = {"type": "section", "text": {"type": "plain_text", "text": shorten(words, 3000)}}
        message_id = queue_message(
            session,
            key=key,
            purpose="notice",
            address=settings.operations_channel or settings.review_channel,
            body=clip(escape(words), 3000),
            blocks=[block],
        )
    deliver([message_id])
    return True
