"""Correcting where feedback went: Undo makes it a request of its own, a pick moves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from include.entries.decisions import record_decision
from include.entries.drafting import draft_for, provisional_vector
from include.entries.entry import finish, get_entry
from include.entries.show import show
from include.entries.tokens import MOVE, PLACE, ids_in
from include.matching.types import RequestStatus, Route
from include.outbox.replies import AnswerReply
from include.outbox.runs import queue_new_request
from include.people.actor import Action, may, refusal_words
from include.people.audit import write_down
from include.requests.evidence import Evidence, attach
from include.requests.lifecycle import live_evidence
from include.requests.opening import lock_opening, open_request
from include.slack.cards.markup import markup
from include.slack.cards.words import moment_words, person_words
from include.store.models import (
    ActorKind,
    DecisionStep,
    Feedback,
    Outcome,
    Request,
    RequestFollower,
    RequestStatusChange,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.people.actor import Actor
    from include.store.models import Entry

GONE = AnswerReply("unknown", "This button is no longer valid. Nothing was changed.")


@dataclass(frozen=True)
class _Taken:
    """Feedback that was taken off its request, with everything locked."""

    feedback: Feedback
    entry: Entry
    left: Request


def undo_attachment(session: Session, *, token: str, actor: Actor) -> AnswerReply:
    """Take feedback off its request, once; only its submitter or an approver may.

    The evidence leaves the request, its submitter stops following it (unless they follow it for
    another reason), and the entry opens a request of its own, so that nothing is lost.
    """
    taken = _taken(session, _feedback_in(session, token), actor)
    if isinstance(taken, AnswerReply):
        return taken
    entry, by = taken.entry, actor.label
    opened = open_request(session, entry, draft_for(session, entry, []), provisional_vector(entry))
    set_open(session, opened, by)
    attach(session, entry, opened.id, Evidence("person", f"Taken off by {person_words(by)}."))
    finish(entry, Outcome.CREATED)
    queue_new_request(session, opened)
    write_down(session, actor, Action.CORRECT, f"entry:{entry.id}", to=opened.id)
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
    return AnswerReply("recorded", None, show(session, entry))


def pick_request(session: Session, *, token: str, actor: Actor, request_id: int) -> AnswerReply:
    """Move feedback to the request a person picked, once; its submitter or an approver may.

    A request that this entry had opened, and on which nothing is left, is set aside.
    """
    return _move(session, _feedback_in(session, token), actor, request_id)


def move_to(session: Session, *, token: str, actor: Actor) -> AnswerReply:
    """Move feedback to the request that a button names; as :func:`pick_request`."""
    ids = ids_in(session, MOVE, token)
    if ids is None or len(ids) != 2:
        return GONE
    return _move(session, ids[0], actor, ids[1])


def quote_for_pick(session: Session, *, token: str, actor: Actor) -> str | AnswerReply:
    """The words another request is picked for, or why this person may not pick one."""
    feedback = _feedback(session, _feedback_in(session, token))
    if feedback is None:
        return GONE
    entry = get_entry(session, feedback.entry_id)
    return _refusal(session, feedback, entry, actor) or feedback.quote


def take_off(session: Session, entry: Entry, feedback: Feedback, by: str) -> Request:
    """Take the evidence of a locked entry off its request, which is returned.

    A request that the entry had opened, and on which nothing is left, is closed.
    """
    left = session.get_one(Request, feedback.request_id)
    feedback.removed_at, feedback.removed_by = func.now(), by
    session.flush()
    _stop_following(session, entry, left.id)
    session.refresh(feedback)
    if left.opened_by_entry_id == entry.id and not live_evidence(session, left.id):
        _set_status(session, left, RequestStatus.DEPRIORITIZED, by)
    return left


def set_open(session: Session, request: Request, by: str) -> None:
    """Open a request again that was closed because nothing was left on it."""
    _set_status(session, request, RequestStatus.OPEN, by)


def _move(session: Session, feedback_id: int | None, actor: Actor, request_id: int) -> AnswerReply:
    picked = session.get(Request, request_id)
    if picked is None:
        return AnswerReply("unknown", "That request does not exist any more. Nothing was changed.")
    current = _feedback(session, feedback_id)
    if current is not None and current.removed_at is None and current.request_id == request_id:
        return AnswerReply("too_late", markup("This feedback is on *{}* already.", picked.title))
    taken = _taken(session, feedback_id, actor)
    if isinstance(taken, AnswerReply):
        return taken
    entry, by = taken.entry, actor.label
    attach(session, entry, picked.id, Evidence("person", f"Picked by {person_words(by)}."))
    # Moved back to the request that it had opened, it is that request's first evidence again.
    is_own = picked.opened_by_entry_id == entry.id
    finish(entry, Outcome.CREATED if is_own else Outcome.ATTACHED)
    if is_own:
        set_open(session, picked, by)
    write_down(session, actor, Action.CORRECT, f"entry:{entry.id}", to=picked.id)
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
    return AnswerReply("recorded", None, show(session, entry))


def _taken(session: Session, feedback_id: int | None, actor: Actor) -> _Taken | AnswerReply:
    lock_opening(session)
    feedback = _feedback(session, feedback_id, lock=True)
    if feedback is None:
        return GONE
    entry = get_entry(session, feedback.entry_id, lock=True)
    refusal = _refusal(session, feedback, entry, actor)
    if refusal is not None:
        return refusal
    return _Taken(feedback, entry, take_off(session, entry, feedback, actor.label))


def _feedback_in(session: Session, token: str) -> int | None:
    ids = ids_in(session, PLACE, token)
    return ids[0] if ids is not None and len(ids) == 1 else None


def _feedback(session: Session, feedback_id: int | None, *, lock: bool = False) -> Feedback | None:
    if feedback_id is None:
        return None
    statement = select(Feedback).where(Feedback.id == feedback_id)
    return session.scalars(statement.with_for_update() if lock else statement).one_or_none()


def _refusal(
    session: Session, feedback: Feedback, entry: Entry, actor: Actor
) -> AnswerReply | None:
    if not may(session, actor, Action.CORRECT, entry):
        note = "Only the person who gave this feedback can change where it is."
        return AnswerReply("not_allowed", refusal_words(actor, Action.CORRECT, note))
    if feedback.removed_at is not None:
        who, when = person_words(feedback.removed_by), moment_words(feedback.removed_at)
        return AnswerReply("too_late", markup("This was changed already by {} on {}.", who, when))
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


def _set_status(session: Session, request: Request, status: RequestStatus, by: str) -> None:
    if request.status not in (RequestStatus.OPEN, RequestStatus.DEPRIORITIZED):
        return
    if request.status != status:
        request.status, request.updated_at = status, func.now()
        session.add(RequestStatusChange(request_id=request.id, status=status, changed_by=by))
        session.flush()
