"""The cards of questions: asked, locked, grouped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from include.base.settings import load_settings
from include.durable.api import hook_token
from include.entries.decisions import find_decision, match_key
from include.entries.entry import get_entry
from include.outbox.messages import queue_message, queue_update
from include.slack.cards import blocks
from include.store.models import (
    Entry,
    Request,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.base.settings import Settings
    from include.durable.types import HookView


def queue_card(
    session: Session,
    hook: HookView,
    card: blocks.Rendered,
    person: str | None,
    settings: Settings,
    *,
    entry_id: int | None = None,
) -> int:
    """Queue a question's card to the person, else to the review channel; the message's id."""
    return queue_message(
        session,
        key=card_key(hook),
        purpose="question",
        address=person or settings.review_channel,
        body=card.text,
        blocks=card.blocks,
        entry_id=entry_id,
        hook_id=hook.id,
    )


def is_grouped(hook: HookView) -> bool:
    """Whether one question asks about several entries (see ``include.entries.group_questions``)."""
    return "entries" in hook.question


def asked_about(hook: HookView) -> list[tuple[int, float | None]]:
    """The entries a question is about, with the confidence of each."""
    if is_grouped(hook):
        return [(int(entry_id), confidence) for entry_id, confidence in hook.question["entries"]]
    return [(int(hook.question["entry_id"]), hook.question["confidence"])]


def lock_card(
    session: Session,
    hook: HookView,
    verdict: str,
    *,
    stage: str = "closed",
    undo_token: str | None = None,
    pick_token: str | None = None,
) -> list[int]:
    """Queue the locked card, with who decided what and when. Returns message ids."""
    if is_grouped(hook):
        return lock_group_card(session, hook, verdict) if stage == "closed" else []
    entry = get_entry(session, int(hook.question["entry_id"]))
    request = session.get_one(Request, hook.question["request_id"])
    settings = load_settings()
    card = blocks.question_locked(
        quote=entry.customer_pain,
        request_title=request.title,
        request_url=settings.request_url(request.slug),
        verdict=verdict,
        undo_token=undo_token,
        pick_token=pick_token,
    )
    message_id = queue_update(
        session,
        key=f"{stage}:{hook.id}:{hook.closed_at}",
        target_key=card_key(hook),
        body=card.text,
        blocks=card.blocks,
        entry_id=entry.id,
        hook_id=hook.id,
    )
    return [message_id] if message_id is not None else []


def _question_card(
    session: Session, hook: HookView, entry: Entry, request: Request, settings: Settings
) -> Any:
    decision = find_decision(session, match_key(entry.id))
    return blocks.question_card(
        quote=entry.customer_pain,
        request_title=request.title,
        request_url=settings.request_url(request.slug),
        shipped=request.status == "shipped",
        confidence=hook.question["confidence"],
        reason=decision.reason if decision else "",
        token=hook_token(session, hook.id),
    )


def card_key(hook: HookView) -> str:
    """The ledger's key of a question's card."""
    return f"question:{hook.id}"


QUOTES = 8


_QUOTE = 280


def lock_group_card(session: Session, hook: HookView, verdict: str) -> list[int]:
    """Queue the card without buttons, with who decided what and when."""
    request = session.get_one(Request, hook.question["request_id"])
    settings = load_settings()
    title = blocks.link(request.title, settings.request_url(request.slug))
    count = len(asked_about(hook))
    shown = [
        *_quotes(session, hook),
        _section(f"The question was whether these {count} are {title}."),
        {"type": "context", "elements": [{"type": "mrkdwn", "text": verdict, "verbatim": True}]},
    ]
    message_id = queue_update(
        session,
        key=f"closed:{hook.id}:{hook.closed_at}",
        target_key=card_key(hook),
        body=f"Answered: are these {count} about “{blocks.escape(request.title)}”?",
        blocks=shown,
        hook_id=hook.id,
    )
    return [message_id] if message_id is not None else []


def _card(
    session: Session, hook: HookView, request: Request, settings: Settings
) -> blocks.Rendered:
    count = len(asked_about(hook))
    title = blocks.link(request.title, settings.request_url(request.slug))
    shipped = ", which has *already shipped*" if request.status == "shipped" else ""
    token = hook_token(session, hook.id)
    several = count > 1
    buttons = [
        _button(
            f"Add all {count} to this request" if several else "Add to this request",
            blocks.ANSWER_ATTACH,
            token,
        )
        | {"style": "primary"},
        _button(
            "Create new requests" if several else "Create new request", blocks.ANSWER_CREATE, token
        ),
    ]
    ask = "Are they the same problem?" if several else "Is it the same problem?"
    these = f"These {count} sound" if several else "This sounds"
    lines = [
        *_quotes(session, hook),
        _section(f"{these} like {title}{shipped}. {ask}"),
        {"type": "actions", "block_id": "question", "elements": buttons},
    ]
    words = blocks.escape(blocks.shorten(request.title, blocks.TITLE_LIMIT))
    return blocks.Rendered(text=f"{count} customers: is this about “{words}”?", blocks=lines)


def _quotes(session: Session, hook: HookView) -> list[dict[str, Any]]:
    entry_ids = [entry_id for entry_id, _ in asked_about(hook)]
    said = session.scalars(
        select(Entry.customer_pain).where(Entry.id.in_(entry_ids[:QUOTES])).order_by(Entry.id)
    ).all()
    more = len(entry_ids) - len(said)
    head = "Customers said:" if len(entry_ids) > 1 else "A customer said:"
    quotes = [_section(blocks.quoted(blocks.shorten(one, _QUOTE))) for one in said]
    rest = [_section(f"… and {more} more.")] if more > 0 else []
    return [_section(head), *quotes, *rest]


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _button(label: str, action_id: str, token: str) -> dict[str, Any]:
    return {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": label},
        "value": token,
    }
