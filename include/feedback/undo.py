"""Undo of an automatic attachment: the entry becomes a request of its own instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from include.durable.api import signing_keys
from include.durable.keys import InvalidToken, verify
from include.feedback.decisions import record_decision
from include.feedback.entries import get_entry
from include.feedback.matching import draft_for, provisional_vector
from include.feedback.questions import AnswerReply
from include.feedback.requests import Evidence, attach, finish, lock_opening, open_request
from include.feedback.wording import moment_words, person_words
from include.matching.types import Route
from include.requests.runs import queue_new_request
from include.settings import load_settings
from include.slack import blocks
from include.slack.ledger import queue_update
from include.store.models import (
    ActorKind,
    DecisionStep,
    Feedback,
    Outcome,
    Request,
    RequestFollower,
    User,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.store.models import Entry


def undo_attachment(session: Session, *, token: str, slack_user_id: str) -> AnswerReply:
    """Take back an automatic attachment, once; only its submitter or an approver may.

    The evidence leaves the request, its submitter stops following it (unless they follow it for
    another reason), and the entry opens a request of its own, so that nothing is lost.
    """
    try:
        feedback_id = int(verify("undo", token, signing_keys(session)))
    except (InvalidToken, ValueError):
        return AnswerReply("unknown", "This button is no longer valid. Nothing was changed.")
    lock_opening(session)
    feedback = session.scalars(
        select(Feedback).where(Feedback.id == feedback_id).with_for_update()
    ).one_or_none()
    if feedback is None:
        return AnswerReply("unknown", "This feedback no longer exists. Nothing was changed.")
    entry = get_entry(session, feedback.entry_id, lock=True)
    if not _may_undo(session, entry, slack_user_id):
        return AnswerReply("not_allowed", "Only the person who gave this feedback can undo this.")
    if feedback.removed_at is not None:
        who, when = person_words(feedback.removed_by), moment_words(feedback.removed_at)
        return AnswerReply("too_late", f"This was undone already by {who} on {when}.")
    left = session.get_one(Request, feedback.request_id)
    by = f"slack:{slack_user_id}"
    feedback.removed_at, feedback.removed_by = func.now(), by
    session.flush()
    _stop_following(session, entry, left.id)
    session.refresh(feedback)
    opened = open_request(session, entry, draft_for(session, entry, []), provisional_vector(entry))
    attach(session, entry, opened.id, Evidence("person", f"Taken off by {person_words(by)}."))
    finish(entry, Outcome.CREATED)
    queue_new_request(session, opened)
    record_decision(
        session,
        key=f"undo:{feedback_id}",
        entry_id=entry.id,
        step=DecisionStep.UNDO,
        route=Route.CREATE,
        request_id=opened.id,
        reason="The automatic attachment was undone.",
        actor_kind=ActorKind.PERSON,
        actor=by,
    )
    return AnswerReply(
        "recorded", None, _locked(session, entry, left, opened, feedback_id, by, feedback)
    )


def _may_undo(session: Session, entry: Entry, slack_user_id: str) -> bool:
    if slack_user_id in load_settings().approvers:
        return True
    user = session.get(User, entry.submitter_id) if entry.submitter_id is not None else None
    # Without a submitter in Slack the card went to the review channel: anybody there may.
    return user is None or user.slack_user_id in (None, slack_user_id)


def _stop_following(session: Session, entry: Entry, request_id: int) -> None:
    """Unfollow what only this entry made its submitter follow; their other evidence keeps it."""
    other = (
        select(Feedback.entry_id)
        .where(
            Feedback.request_id == request_id,
            Feedback.created_by == entry.submitter_id,
            Feedback.removed_at.is_(None),
        )
        .limit(1)
    )
    own = (RequestFollower.request_id == request_id, RequestFollower.entry_id == entry.id)
    kept = session.scalar(other)
    if kept is None:
        session.execute(delete(RequestFollower).where(*own))
    else:
        session.execute(update(RequestFollower).where(*own).values(entry_id=kept))


def _locked(
    session: Session,
    entry: Entry,
    left: Request,
    opened: Request,
    feedback_id: int,
    by: str,
    feedback: Feedback,
) -> list[int]:
    when = moment_words(feedback.removed_at)
    card = blocks.attached_locked(
        quote=entry.customer_pain,
        request_title=left.title,
        request_url=load_settings().request_url(left.slug),
        verdict=(
            f"Undone by {person_words(by)} on {when}. "
            f"It is now a request of its own: *{blocks.escape(opened.title)}*."
        ),
    )
    message_id = queue_update(
        session,
        key=f"undone:{feedback_id}",
        target_key=f"attached:{feedback_id}",
        body=card.text,
        blocks=card.blocks,
        entry_id=entry.id,
    )
    return [message_id] if message_id is not None else []
