"""How an entry stands, as the thread it came from is told: a sentence and an emoji."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from include.base.connections import MissingConnection
from include.base.entry_state import Stage
from include.entries.entry import get_entry
from include.entries.slack_capture import get_capture
from include.entries.state import state_of
from include.outbox.messages import queue_message, queue_update
from include.slack.cards import blocks, status_emoji
from include.slack.cards.markup import Markup, escape, joined, markup
from include.slack.cards.words import stage_words
from include.slack.client import slack_client
from include.store.models import Entry, Message, SlackCapture

if TYPE_CHECKING:
    from slack_sdk import WebClient
    from sqlalchemy.orm import Session

    from include.store.session import SessionScope

log = logging.getLogger(__name__)

EMOJI_AT_ONCE = 100
_LEVELS = (status_emoji.FAILED, status_emoji.ASKING, status_emoji.DONE)
QUOTE = 80


_EMOJI = {
    Stage.FAILED: status_emoji.FAILED,
    Stage.WORKING: status_emoji.ASKING,
    Stage.ASKED: status_emoji.ASKING,
    Stage.DECIDED: status_emoji.ASKING,
}


def standing(session: Session, entry: Entry) -> tuple[str, Markup]:
    """Emoji and words; of an entry that was taken apart, those of all its pains."""
    state = state_of(session, entry.parent_id or entry.id)
    emojis = {_EMOJI.get(one.stage, status_emoji.DONE) for one in state.pains or (state,)}
    emoji = next((level for level in _LEVELS if level in emojis), _LEVELS[-1])
    lines = [
        markup("• “{}” {}", blocks.one_line(pain.quote, QUOTE), stage_words(pain))
        for pain in state.pains
    ]
    return emoji, joined([markup("Thanks. {}", stage_words(state)), *lines])


_OUTSIDE = {
    status_emoji.ASKING: "Thanks, this was taken as feedback.",
    status_emoji.DONE: "Thanks, this was taken as feedback.",
    status_emoji.FAILED: "This could not be taken as feedback just now.",
}
"""What the thread is told where people of another company may read it: nothing of ours."""


def tell_thread(session: Session, entry: Entry) -> int | None:
    """Queue the one reply in the thread an entry came from, or its change; the message's id.

    The reply says how the entry stands now. ``None`` when it came from no thread or says so
    already.
    """
    capture = capture_of(session, entry)
    if capture is None:
        return None
    emoji, text = standing(session, entry)
    if not capture.is_internal:
        text = escape(_OUTSIDE[emoji])
    if capture.emoji_wanted != emoji:
        capture.emoji_wanted, capture.updated_at = emoji, func.now()
    key = f"capture:{capture.id}"
    first = session.scalars(select(Message).where(Message.key == key)).one_or_none()
    shown = [blocks.section(text)]
    if first is None:
        return queue_message(
            session,
            key=key,
            purpose="capture",
            address=capture.channel,
            thread_ts=capture.thread_ts or capture.message_ts,
            body=text,
            blocks=shown,
            entry_id=entry.id,
        )
    newest = session.scalars(
        select(Message)
        .where((Message.id == first.id) | (Message.target_id == first.id))
        .order_by(Message.id.desc())
        .limit(1)
    ).one()
    if newest.body == text:
        return None
    return queue_update(
        session,
        key=f"{key}:{newest.id}",
        target_key=key,
        body=text,
        blocks=shown,
        entry_id=entry.id,
    )


def capture_of(session: Session, entry: Entry) -> SlackCapture | None:
    """The captured message an entry, or the one it is a pain of, was made of."""
    if entry.parent_id is not None:
        entry = get_entry(session, entry.parent_id)
    if entry.source != "slack" or not entry.external_id:
        return None
    return session.scalars(
        select(SlackCapture).where(SlackCapture.key == entry.external_id)
    ).one_or_none()


def sync_emoji(scope: SessionScope, *, run_id: str | None = None, client: Any = None) -> int:
    """Bring the emoji on captured messages to what is wanted; how many still differ.

    With ``run_id`` those of one run, else everything that differs. Never raises because of Slack.
    Where Slack takes none of a portion, the rest is left for the next sweep.
    """
    differs = [SlackCapture.emoji_wanted.is_distinct_from(SlackCapture.emoji_shown)]
    if run_id is not None:
        differs.append(SlackCapture.run_id == run_id)
    tried: list[int] = []
    shown = EMOJI_AT_ONCE
    while shown:
        with scope() as session:
            ids = session.scalars(
                select(SlackCapture.id)
                .where(*differs, SlackCapture.id.not_in(tried))
                .order_by(SlackCapture.updated_at)
                .limit(EMOJI_AT_ONCE)
            ).all()
        if not ids:
            break
        try:
            client = client or slack_client()
        except MissingConnection as error:
            log.info("No status emoji: %s", error)
            break
        shown = sum(_sync_one(scope, capture_id, client) for capture_id in ids)
        tried += ids
        if len(ids) < EMOJI_AT_ONCE:
            break
    with scope() as session:
        return session.scalar(select(func.count()).where(*differs)) or 0


def _sync_one(scope: SessionScope, capture_id: int, client: WebClient) -> bool:
    with scope() as session:
        capture = get_capture(session, capture_id)
        place = (capture.channel, capture.message_ts)
        shown, wanted = capture.emoji_shown, capture.emoji_wanted
    if not status_emoji.show(client, *place, shown, wanted):
        return False
    with scope() as session:
        get_capture(session, capture_id, lock=True).emoji_shown = wanted
    return True
