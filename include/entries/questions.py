"""Asking a person: the question with its card, the answer with its decision, and what follows.

The durable hook's row and the card's message are written together before anything is posted; the
answer, the decision and the locked card are written together in the transaction of the press.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func

from include.base.errors import FatalError
from include.base.settings import load_settings
from include.durable.api import answer_hook, create_hook, get_hook, signing_keys
from include.durable.keys import InvalidToken, verify_hook_token
from include.durable.types import AnswerStatus
from include.entries.decisions import find_decision, match_key, record_decision
from include.entries.entry import get_entry
from include.entries.question_cards import (
    _question_card,
    asked_about,
    card_key,
    is_grouped,
    lock_card,
    queue_card,
)
from include.outbox.messages import queue_message, queue_update
from include.outbox.replies import AnswerReply
from include.people.permissions import is_approver, label_of, slack_user_of
from include.slack.cards import blocks
from include.slack.cards.words import (
    CHOICE_WORDS,
    closed_words,
    person_words,
    picked_request,
    remaining,
)
from include.store.models import ActorKind, DecisionStep, EntryStatus, Request
from include.store.session import session_scope

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.base.settings import Settings
    from include.durable.types import HookEvent, HookView

WAIT_NAME = "answer"
"""What the wait is called in ``process_customer_entry``; its sensor uses the same word."""

HANDLER = "question"
CHOICES = tuple(CHOICE_WORDS)


def ask_question(
    session: Session, entry_id: int, *, dag_id: str, run_id: str, settings: Settings
) -> list[int]:
    """Open the durable hook and queue its card; a repeat changes nothing. Returns message ids."""
    entry = get_entry(session, entry_id, lock=True)
    decision = find_decision(session, match_key(entry_id))
    if decision is None or decision.request_id is None:
        raise FatalError(f"entry {entry_id} has no matched request to ask about; clear match_entry")
    request = session.get_one(Request, decision.request_id)
    submitter = slack_user_of(session, entry.submitter_id)
    hook = open_question(
        session,
        request,
        {"entry_id": entry_id, "confidence": decision.confidence},
        person=submitter,
        handler=HANDLER,
        dag_id=dag_id,
        run_id=run_id,
        settings=settings,
    )
    if entry.status != EntryStatus.DONE:
        entry.status, entry.updated_at = EntryStatus.WAITING, func.now()
    card = _question_card(session, hook, entry, request, settings)
    return [queue_card(session, hook, card, submitter, settings, entry_id=entry_id)]


def open_question(
    session: Session,
    request: Request,
    about: dict[str, Any],
    *,
    person: str | None,
    handler: str,
    dag_id: str,
    run_id: str,
    settings: Settings,
    map_index: int = -1,
) -> HookView:
    """Open the durable hook of a question whether something belongs to ``request``, or find it.

    ``about`` says what: ``entry_id`` and ``confidence``, or ``entries``. Without a ``person``
    anybody who sees the card may answer.
    """
    return create_hook(
        session,
        dag_id=dag_id,
        run_id=run_id,
        name=WAIT_NAME,
        map_index=map_index,
        kind="approval",
        question={
            **about,
            "request_id": request.id,
            "request_status": request.status,
            "options": list(CHOICES),
        },
        responders=[label_of(person)] if person else [],
        handler=handler,
        remind_after=settings.remind_after,
        expires_after=settings.expires_after,
    )


def answer_question(
    session: Session,
    *,
    token: str,
    choice: str,
    slack_user_id: str,
    via: str = "slack",
    request_id: int | None = None,
) -> AnswerReply:
    """Record a press on a question's button: the first valid one decides.

    With ``request_id`` another request than the suggested one was picked for ``attach``. Nothing
    changes for a forged token, a stranger or a late press; each gets a note.
    """
    if choice not in CHOICES:
        raise FatalError(f"choice {choice!r} is unknown; use one of {', '.join(CHOICES)}")
    try:
        hook_id = verify_hook_token(token, signing_keys(session))
    except InvalidToken:
        return AnswerReply("unknown", "This button is no longer valid. Nothing was changed.")
    if request_id is not None and session.get(Request, request_id) is None:
        return AnswerReply("unknown", "That request does not exist any more. Nothing was changed.")
    by = label_of(slack_user_id)
    answer = {"choice": choice} | ({"request_id": request_id} if request_id is not None else {})
    result = answer_hook(
        session,
        hook_id,
        answer=answer,
        by=by,
        via=via,
        is_approver=lambda _by: is_approver(slack_user_id),
    )
    hook = result.hook
    if hook is None:
        return AnswerReply("unknown", "This question no longer exists. Nothing was changed.")
    if result.status is AnswerStatus.NOT_ALLOWED:
        people = " or ".join(person_words(person) for person in hook.responders)
        return AnswerReply("not_allowed", f"Only {people} can answer this question.")
    if result.status is AnswerStatus.TOO_LATE:
        return AnswerReply("too_late", f"This question is closed. {closed_words(hook)}")
    picked = picked_request(hook)
    for entry_id, confidence in asked_about(hook):
        record_decision(
            session,
            key=f"answer:{hook.id}:{entry_id}" if is_grouped(hook) else f"answer:{hook.id}",
            entry_id=entry_id,
            step=DecisionStep.ANSWER,
            route=choice,
            request_id=picked or hook.question["request_id"],
            confidence=None if picked else confidence,
            reason="A person picked another request."
            if picked
            else "A person answered the question.",
            actor_kind=ActorKind.PERSON,
            actor=by,
        )
    return AnswerReply("recorded", None, lock_card(session, hook, closed_words(hook)))


def on_hook_event(hook: HookView, event: HookEvent) -> None:
    """Hear of a reminder, an expiry, a cancellation or a reopening (see ``durable.handlers``).

    What is to be said is queued in one transaction and then delivered; if Slack is away, the
    sweep delivers it later.
    """
    from include.outbox.sender import deliver

    with session_scope() as session:
        current = get_hook(session, hook.id)
        if current is None:
            return
        if event == "remind":
            message_ids = _queue_reminder(session, current)
        elif event == "reopened":
            message_ids = _queue_reopened(session, current)
        elif current.is_open:
            return
        else:
            message_ids = lock_card(session, current, closed_words(current))
    deliver(message_ids)


def _queue_reminder(session: Session, hook: HookView) -> list[int]:
    if not hook.is_open:
        return []
    settings = load_settings()
    entry = get_entry(session, int(hook.question["entry_id"]))
    request = session.get_one(Request, hook.question["request_id"])
    card = blocks.reminder_card(
        request_title=request.title, question_link=None, expires_in=remaining(hook)
    )
    return [
        queue_message(
            session,
            key=f"remind:{hook.id}",
            purpose="reminder",
            address=slack_user_of(session, entry.submitter_id) or settings.review_channel,
            body=card.text,
            blocks=card.blocks,
            entry_id=entry.id,
            hook_id=hook.id,
        )
    ]


def _queue_reopened(session: Session, hook: HookView) -> list[int]:
    settings = load_settings()
    entry = get_entry(session, int(hook.question["entry_id"]), lock=True)
    if entry.status == EntryStatus.FAILED:
        entry.status, entry.error, entry.updated_at = EntryStatus.WAITING, None, func.now()
    request = session.get_one(Request, hook.question["request_id"])
    card = _question_card(session, hook, entry, request, settings)
    message_id = queue_update(
        session,
        key=f"reopened:{hook.id}:{hook.waiter}",
        target_key=card_key(hook),
        body=card.text,
        blocks=card.blocks,
        entry_id=entry.id,
        hook_id=hook.id,
    )
    return [message_id] if message_id is not None else []
