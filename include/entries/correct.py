"""Correcting where feedback went: Undo makes it a request of its own, a pick moves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from include.base.settings import load_settings
from include.durable.api import signing_keys
from include.durable.keys import InvalidToken, verify
from include.entries.decisions import record_decision
from include.entries.drafting import draft_for, provisional_vector
from include.entries.entry import finish, get_entry
from include.entries.tell import correct_summary, correction_token
from include.entries.thread_reply import tell_thread
from include.matching.types import RequestStatus, Route
from include.outbox.messages import queue_update
from include.outbox.replies import AnswerReply
from include.outbox.runs import queue_new_request
from include.people.permissions import label_of, may_correct
from include.requests.evidence import Evidence, attach
from include.requests.opening import lock_opening, open_request
from include.slack.cards import blocks
from include.slack.cards.words import moment_words, person_words
from include.store.models import (
    ActorKind,
    DecisionStep,
    Feedback,
    Message,
    MessageKind,
    Outcome,
    Request,
    RequestFollower,
    RequestStatusChange,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.store.models import Entry

CARDS = ("question", "attached", "created")
"""Purposes of the messages that show a person where their feedback went."""


@dataclass(frozen=True)
class _Taken:
    """Feedback that was taken off its request, with everything locked."""

    feedback: Feedback
    entry: Entry
    left: Request


def undo_attachment(session: Session, *, token: str, slack_user_id: str) -> AnswerReply:
    """Take feedback off its request, once; only its submitter or an approver may.

    The evidence leaves the request, its submitter stops following it (unless they follow it for
    another reason), and the entry opens a request of its own, so that nothing is lost.
    """
    taken = _take_off(session, token, slack_user_id)
    if isinstance(taken, AnswerReply):
        return taken
    entry, by = taken.entry, label_of(slack_user_id)
    opened = open_request(session, entry, draft_for(session, entry, []), provisional_vector(entry))
    _set_status(session, opened, RequestStatus.OPEN, by)
    attach(session, entry, opened.id, Evidence("person", f"Taken off by {person_words(by)}."))
    finish(entry, Outcome.CREATED)
    queue_new_request(session, opened)
    record_decision(
        session,
        key=f"undo:{taken.feedback.id}",
        entry_id=entry.id,
        step=DecisionStep.UNDO,
        route=Route.CREATE,
        request_id=opened.id,
        reason="The attachment was undone.",
        actor_kind=ActorKind.PERSON,
        actor=by,
    )
    verdict = (
        f"Undone by {person_words(by)} on {moment_words(taken.feedback.removed_at)}. "
        f"It is now a request of its own: *{blocks.escape(opened.title)}*."
    )
    card = blocks.attached_locked(
        quote=entry.customer_pain,
        request_title=taken.left.title,
        request_url=load_settings().request_url(taken.left.slug),
        verdict=verdict,
    )
    return _reply(session, entry, f"undone:{taken.feedback.id}", card)


def pick_request(
    session: Session, *, token: str, slack_user_id: str, request_id: int
) -> AnswerReply:
    """Move feedback to the request a person picked, once; its submitter or an approver may.

    A request that this entry had opened, and on which nothing is left, is set aside.
    """
    picked = session.get(Request, request_id)
    if picked is None:
        return AnswerReply("unknown", "That request does not exist any more. Nothing was changed.")
    current = _feedback_of(session, token)
    if current is not None and current.removed_at is None and current.request_id == request_id:
        title = blocks.escape(picked.title)
        return AnswerReply("too_late", f"This feedback is on *{title}* already.")
    taken = _take_off(session, token, slack_user_id)
    if isinstance(taken, AnswerReply):
        return taken
    entry, by = taken.entry, label_of(slack_user_id)
    evidence = Evidence("person", f"Picked by {person_words(by)}.")
    feedback_id = attach(session, entry, picked.id, evidence)
    finish(entry, Outcome.ATTACHED)
    if taken.left.opened_by_entry_id == entry.id and not _has_evidence(session, taken.left.id):
        _set_status(session, taken.left, RequestStatus.DEPRIORITIZED, by)
    record_decision(
        session,
        key=f"pick:{taken.feedback.id}",
        entry_id=entry.id,
        step=DecisionStep.PICK,
        route=Route.ATTACH,
        request_id=picked.id,
        reason="A person picked another request.",
        actor_kind=ActorKind.PERSON,
        actor=by,
    )
    card = blocks.moved_card(
        quote=entry.customer_pain,
        request_title=picked.title,
        request_url=load_settings().request_url(picked.slug),
        verdict=f"Moved from *{blocks.escape(taken.left.title)}* by {person_words(by)} "
        f"on {moment_words(taken.feedback.removed_at)}.",
        token=correction_token(session, feedback_id),
    )
    return _reply(session, entry, f"moved:{taken.feedback.id}", card)


def quote_for_pick(session: Session, *, token: str, slack_user_id: str) -> str | AnswerReply:
    """The words another request is picked for, or why this person may not pick one."""
    feedback = _feedback_of(session, token)
    if feedback is None:
        return _gone()
    entry = get_entry(session, feedback.entry_id)
    return _refusal(session, feedback, entry, slack_user_id) or feedback.quote


def _take_off(session: Session, token: str, slack_user_id: str) -> _Taken | AnswerReply:
    lock_opening(session)
    feedback = _feedback_of(session, token, lock=True)
    if feedback is None:
        return _gone()
    entry = get_entry(session, feedback.entry_id, lock=True)
    refusal = _refusal(session, feedback, entry, slack_user_id)
    if refusal is not None:
        return refusal
    left = session.get_one(Request, feedback.request_id)
    feedback.removed_at, feedback.removed_by = func.now(), label_of(slack_user_id)
    session.flush()
    _stop_following(session, entry, left.id)
    session.refresh(feedback)
    return _Taken(feedback, entry, left)


def _feedback_of(session: Session, token: str, *, lock: bool = False) -> Feedback | None:
    try:
        feedback_id = int(verify("undo", token, signing_keys(session)))
    except (InvalidToken, ValueError):
        return None
    statement = select(Feedback).where(Feedback.id == feedback_id)
    return session.scalars(statement.with_for_update() if lock else statement).one_or_none()


def _gone() -> AnswerReply:
    return AnswerReply("unknown", "This button is no longer valid. Nothing was changed.")


def _refusal(
    session: Session, feedback: Feedback, entry: Entry, slack_user_id: str
) -> AnswerReply | None:
    if not may_correct(session, entry.submitter_id, slack_user_id):
        note = "Only the person who gave this feedback can change where it is."
        return AnswerReply("not_allowed", note)
    if feedback.removed_at is not None:
        who, when = person_words(feedback.removed_by), moment_words(feedback.removed_at)
        return AnswerReply("too_late", f"This was changed already by {who} on {when}.")
    return None


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


def _has_evidence(session: Session, request_id: int) -> bool:
    live = select(Feedback.id).where(
        Feedback.request_id == request_id, Feedback.removed_at.is_(None)
    )
    return session.scalar(live.limit(1)) is not None


def _set_status(session: Session, request: Request, status: RequestStatus, by: str) -> None:
    if request.status not in (RequestStatus.OPEN, RequestStatus.DEPRIORITIZED):
        return
    if request.status != status:
        request.status, request.updated_at = status, func.now()
        session.add(RequestStatusChange(request_id=request.id, status=status, changed_by=by))


def _reply(session: Session, entry: Entry, key: str, card: blocks.Rendered) -> AnswerReply:
    target = session.scalar(
        select(Message.key)
        .where(
            Message.entry_id == entry.id,
            Message.kind == MessageKind.POST,
            Message.purpose.in_(CARDS),
        )
        .order_by(Message.id.desc())
        .limit(1)
    )
    message_ids = [tell_thread(session, entry)]
    if target is None and entry.told_in is not None:
        message_ids.append(correct_summary(session, entry.told_in, key))
    if target is not None:
        message_ids.append(
            queue_update(
                session,
                key=key,
                target_key=target,
                body=card.text,
                blocks=card.blocks,
                entry_id=entry.id,
            )
        )
    return AnswerReply("recorded", None, [one for one in message_ids if one is not None])
