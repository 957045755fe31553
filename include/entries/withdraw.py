"""*Not feedback*: a person takes an entry back, and may restore it to where it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from include.entries.correct import GONE, set_open, take_off
from include.entries.decisions import record_decision
from include.entries.entry import finish, get_entry
from include.entries.show import show
from include.entries.state import NOT_FEEDBACK
from include.entries.tokens import WITHDRAW, ids_in
from include.matching.types import Route
from include.outbox.replies import AnswerReply
from include.people.actor import Action, may, refusal_words
from include.people.audit import write_down
from include.requests.evidence import Evidence, attach, live_feedback
from include.requests.opening import lock_opening
from include.slack.cards.markup import markup
from include.slack.cards.words import moment_words, person_words
from include.store.models import (
    ActorKind,
    Decision,
    DecisionStep,
    EntryStatus,
    Feedback,
    Outcome,
    Request,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.people.actor import Actor
    from include.store.models import Entry


def press_withdraw(session: Session, *, token: str, actor: Actor) -> AnswerReply:
    """Take an entry back by the button; only its submitter or an approver may."""
    ids = ids_in(session, WITHDRAW, token)
    if ids is None:
        return GONE
    lock_opening(session)
    entry = get_entry(session, ids[0], lock=True)
    if not may(session, actor, Action.WITHDRAW, entry):
        note = "Only the person who gave this feedback can take it back."
        return AnswerReply("not_allowed", refusal_words(actor, Action.WITHDRAW, note))
    if entry.outcome == Outcome.NOISE:
        who, when = withdrawn_by(session, entry)
        return AnswerReply(
            "too_late", markup("This was taken back already by {} on {}.", who, when)
        )
    if entry.status == EntryStatus.WAITING:
        return AnswerReply("too_late", "A question about this is open: choose Not feedback there.")
    if entry.outcome == Outcome.SPLIT:
        return AnswerReply("too_late", "This was taken apart: take back the parts that are none.")
    if entry.status == EntryStatus.RECEIVED:
        return AnswerReply("too_late", "I am still working on this. Please try again in a moment.")
    withdraw(session, entry, by=actor.label)
    write_down(session, actor, Action.WITHDRAW, f"entry:{entry.id}")
    return AnswerReply("recorded", None, show(session, entry))


def withdraw(session: Session, entry: Entry, *, by: str) -> None:
    """Take a locked entry back: its evidence leaves, and the request that it alone opened closes.

    Nothing is deleted: the entry keeps its words, its feedback stays as history.
    """
    feedback = live_feedback(session, entry.id)
    left = take_off(session, entry, feedback, by) if feedback is not None else None
    entry.noise_reason = NOT_FEEDBACK
    finish(entry, Outcome.NOISE)
    record_decision(
        session,
        key=f"withdraw:{entry.id}:{feedback.id if feedback else 'unplaced'}",
        entry_id=entry.id,
        step=DecisionStep.WITHDRAW,
        route=Route.SET_ASIDE,
        request_id=left.id if left is not None else None,
        reason="A person said that this is no feedback.",
        actor_kind=ActorKind.PERSON,
        actor=by,
    )


def reinstate(session: Session, entry: Entry, *, by: str) -> bool:
    """Put a locked entry that was taken back on the request where it was.

    False when it had none: then it is to be processed as if it had just come in.
    """
    taken = _withdrawal(session, entry)
    if taken is None or taken.step != DecisionStep.WITHDRAW or taken.request_id is None:
        return False
    lock_opening(session)
    request = session.get_one(Request, taken.request_id)
    left = session.scalars(
        select(Feedback)
        .where(Feedback.entry_id == entry.id, Feedback.request_id == request.id)
        .order_by(Feedback.id.desc())
        .limit(1)
    ).one()
    evidence = Evidence(left.match_type, left.reason, left.confidence)
    feedback_id = attach(session, entry, request.id, evidence)
    is_own = request.opened_by_entry_id == entry.id
    finish(entry, Outcome.CREATED if is_own else Outcome.ATTACHED)
    entry.noise_reason = None
    if is_own:
        set_open(session, request, by)
    record_decision(
        session,
        key=f"restore:{feedback_id}",
        entry_id=entry.id,
        step=DecisionStep.RESTORE,
        route=Route.CREATE if is_own else Route.ATTACH,
        request_id=request.id,
        reason="A person restored what had been taken back.",
        actor_kind=ActorKind.PERSON,
        actor=by,
    )
    return True


def withdrawn_by(session: Session, entry: Entry) -> tuple[str, str]:
    """Who took an entry back or set it aside, and when, in words."""
    taken = _withdrawal(session, entry)
    if taken is None:
        return "this app", moment_words(entry.updated_at)
    return person_words(taken.actor), moment_words(taken.decided_at)


def _withdrawal(session: Session, entry: Entry) -> Decision | None:
    """The decision that took it back; that of its question counts as well."""
    return session.scalars(
        select(Decision)
        .where(Decision.entry_id == entry.id, Decision.route == Route.SET_ASIDE)
        .order_by(Decision.id.desc())
        .limit(1)
    ).one_or_none()
