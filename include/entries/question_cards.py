"""The cards of questions: asked and locked, about one entry or several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from include.base.settings import load_settings
from include.durable.api import hook_token
from include.entries.decisions import find_decision, match_key
from include.entries.entry import get_entry
from include.outbox.messages import queue_message, queue_update
from include.slack.cards import blocks
from include.slack.cards.group_question import QUOTES, group_card, group_locked
from include.store.models import Entry, Request

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.durable.types import HookView


def asked_about(hook: HookView) -> list[tuple[int, float | None]]:
    """The entries a question is about, with the confidence of each."""
    return [(int(entry_id), confidence) for entry_id, confidence in hook.question["entries"]]


def asked_person(hook: HookView) -> str | None:
    """Slack's id of the one who is asked; without one the review channel is."""
    return next((one.partition(":")[2] for one in hook.responders), None)


def quotes_of(session: Session, hook: HookView) -> list[str]:
    """The first customers' words a question is about, by entry."""
    entry_ids = [entry_id for entry_id, _ in asked_about(hook)][:QUOTES]
    said = select(Entry.customer_pain).where(Entry.id.in_(entry_ids)).order_by(Entry.id)
    return list(session.scalars(said))


def queue_card(session: Session, hook: HookView) -> int:
    """Queue a question's card to the person, else to the review channel; the message's id."""
    card = _card(session, hook)
    return queue_message(
        session,
        key=card_key(hook),
        purpose="question",
        address=asked_person(hook) or load_settings().review_channel,
        body=card.text,
        blocks=card.blocks,
        entry_id=only_entry(hook),
        hook_id=hook.id,
    )


def lock_card(
    session: Session,
    hook: HookView,
    verdict: str,
    *,
    stage: str = "closed",
    undo_token: str | None = None,
    pick_token: str | None = None,
) -> list[int]:
    """Queue the locked card, with who decided what and when. Returns message ids.

    What became of each of several entries (``stage`` ``result``) does not fit on their card.
    """
    entry_id = only_entry(hook)
    if entry_id is None and stage != "closed":
        return []
    request = session.get_one(Request, hook.question["request_id"])
    url = load_settings().request_url(request.slug)
    if entry_id is None:
        card = group_locked(
            quotes=quotes_of(session, hook),
            count=len(asked_about(hook)),
            request_title=request.title,
            request_url=url,
            verdict=verdict,
        )
    else:
        card = blocks.question_locked(
            quote=get_entry(session, entry_id).customer_pain,
            request_title=request.title,
            request_url=url,
            verdict=verdict,
            undo_token=undo_token,
            pick_token=pick_token,
        )
    return _queue_change(session, hook, f"{stage}:{hook.id}:{hook.closed_at}", card)


def unlock_card(session: Session, hook: HookView) -> list[int]:
    """Queue the open card again, after a closed question was opened again."""
    return _queue_change(session, hook, f"reopened:{hook.id}:{hook.waiter}", _card(session, hook))


def _card(session: Session, hook: HookView) -> blocks.Rendered:
    request = session.get_one(Request, hook.question["request_id"])
    url, shipped = load_settings().request_url(request.slug), request.status == "shipped"
    token = hook_token(session, hook.id)
    entry_id = only_entry(hook)
    if entry_id is None:
        return group_card(
            quotes=quotes_of(session, hook),
            count=len(asked_about(hook)),
            request_title=request.title,
            request_url=url,
            shipped=shipped,
            token=token,
        )
    decision = find_decision(session, match_key(entry_id))
    return blocks.question_card(
        quote=get_entry(session, entry_id).customer_pain,
        request_title=request.title,
        request_url=url,
        shipped=shipped,
        confidence=asked_about(hook)[0][1],
        reason=decision.reason if decision else "",
        token=token,
    )


def _queue_change(session: Session, hook: HookView, key: str, card: blocks.Rendered) -> list[int]:
    message_id = queue_update(
        session,
        key=key,
        target_key=card_key(hook),
        body=card.text,
        blocks=card.blocks,
        entry_id=only_entry(hook),
        hook_id=hook.id,
    )
    return [message_id] if message_id is not None else []


def only_entry(hook: HookView) -> int | None:
    """The entry a question is about, when it is about one."""
    entries = asked_about(hook)
    return entries[0][0] if len(entries) == 1 else None


def card_key(hook: HookView) -> str:
    """The ledger's key of a question's card."""
    return f"question:{hook.id}"
