"""How an entry stands, as the thread it came from is told: a sentence and an emoji."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from include.base.settings import load_settings
from include.requests.opening import live_feedback
from include.slack.cards import blocks, status_emoji
from include.slack.cards.entry import reason_words
from include.store.models import Entry, EntryStatus, Outcome, Request, User

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_LEVELS = (status_emoji.FAILED, status_emoji.ASKING, status_emoji.DONE)
QUOTE = 80


def standing(session: Session, entry: Entry) -> tuple[str, str]:
    """Emoji and words; of an entry that was taken apart, those of all its pains."""
    if entry.parent_id is not None:
        entry = session.get_one(Entry, entry.parent_id)
    if entry.outcome != Outcome.SPLIT:
        return _one(session, entry)
    pains = session.scalars(
        select(Entry).where(Entry.parent_id == entry.id).order_by(Entry.pain_number)
    ).all()
    told = [_one(session, pain) for pain in pains]
    emoji = next((level for level in _LEVELS if level in {one for one, _ in told}), _LEVELS[-1])
    lines = [
        f"• “{blocks.escape(blocks.shorten(' '.join(pain.customer_pain.split()), QUOTE))}” {text}"
        for pain, (_, text) in zip(pains, told, strict=True)
    ]
    return emoji, "\n".join(
        [f"There are {len(pains)} things in this; each goes its own way.", *lines]
    )


def _one(session: Session, entry: Entry) -> tuple[str, str]:
    if entry.status == EntryStatus.FAILED:
        text = "I could not finish working on this feedback. An operator can see why."
        return status_emoji.FAILED, text
    if entry.outcome == Outcome.NOISE:
        text = f"I kept this and set it aside, because {reason_words(entry.noise_reason)}."
        return status_emoji.DONE, text
    if entry.outcome is None and entry.parent_id and entry.status == EntryStatus.RECEIVED:
        return status_emoji.ASKING, "I am working on this one."
    if entry.outcome is None:
        user = session.get(User, entry.submitter_id) if entry.submitter_id is not None else None
        who = f"<@{user.slack_user_id}>" if user and user.slack_user_id else "the team"
        text = f"Thanks. I asked {who} whether this belongs to a request that we know."
        return status_emoji.ASKING, text
    feedback = live_feedback(session, entry.id)
    request = session.get(Request, feedback.request_id) if feedback else None
    if feedback is None or request is None:
        return status_emoji.DONE, "Thanks, this feedback was taken."
    title = blocks.link(request.title, load_settings().request_url(request.slug))
    if entry.outcome == Outcome.CREATED:
        return status_emoji.DONE, f"Thanks. This is new, so I opened {title} with it."
    if feedback.confidence is None:
        return status_emoji.DONE, f"Thanks. This was added to {title}."
    sure = blocks.confidence_words(feedback.confidence).lower()
    return status_emoji.DONE, f"Thanks. This was added to {title} ({sure})."
