"""Entries that hold no pain: kept, marked with the reason, told once, and restored by a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from include.base.errors import FatalError
from include.base.settings import load_settings
from include.engine.dag_ids import MAIN_DAG
from include.entries.correct import GONE
from include.entries.entry import finish, get_entry
from include.entries.show import show
from include.entries.state import NOT_FEEDBACK, state_of
from include.entries.tokens import RESTORE, ids_in, tokens_of
from include.entries.withdraw import reinstate
from include.outbox.messages import queue_message
from include.outbox.replies import AnswerReply
from include.outbox.runs import queue_entry, start_runs
from include.people.actor import Action, may, refusal_words
from include.people.audit import write_down
from include.people.signed_in import run_actor
from include.people.users import slack_user_of
from include.slack.cards.entry_card import entry_card
from include.slack.cards.markup import markup
from include.slack.cards.words import moment_words, person_words
from include.store.models import EntryStatus, Outcome, RunStart
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy.orm import Session

    from include.people.actor import Actor
    from include.store.models import Entry

PURPOSE = "set_aside"


def set_aside(entry: Entry, reason: str) -> None:
    """Mark an entry as holding no pain; nothing of it is lost."""
    entry.noise_reason = reason
    finish(entry, Outcome.NOISE)


def tell_set_aside(session: Session, entry: Entry) -> int:
    """Queue the one message about it, with the button that restores it; its id."""
    state = state_of(session, entry.id)
    card = entry_card(state, tokens_of(session, [state])[entry.id])
    return queue_message(
        session,
        key=_card_key(entry.id),
        purpose=PURPOSE,
        address=slack_user_of(session, entry.submitter_id) or load_settings().review_channel,
        body=card.text,
        blocks=card.blocks,
        entry_id=entry.id,
    )


def press_restore(session: Session, *, token: str, actor: Actor) -> AnswerReply:
    """Restore by the button: its submitter, an approver, or anybody where there is no submitter."""
    ids = ids_in(session, RESTORE, token)
    if ids is None:
        return GONE
    entry = get_entry(session, ids[0], lock=True)
    if not may(session, actor, Action.RESTORE, entry):
        note = "Only the person who handed this in can have it taken."
        return AnswerReply("not_allowed", refusal_words(actor, Action.RESTORE, note))
    if entry.outcome != Outcome.NOISE:
        who, when = person_words(entry.restored_by), moment_words(entry.restored_at)
        return AnswerReply("too_late", markup("This was taken up already by {} on {}.", who, when))
    start_ids, message_ids = _restore(session, entry, actor)
    return AnswerReply("recorded", None, message_ids, after=lambda: start_runs(start_ids))


def restore(
    values: Mapping[str, Any], *, dag_id: str, run_id: str, started_by: str | None
) -> dict[str, Any]:
    """Restore by its id, for the DAG ``restore_entry``; again, it says that it was done.

    Airflow decides who may start that DAG; it is a tool of operators.

    Raises:
        FatalError: there is no such entry, or it was never set aside.
    """

    def acting(session: Session) -> Actor:
        return run_actor(
            session, values.get("actor"), dag_id=dag_id, run_id=run_id, started_by=started_by
        )

    return restore_by_id(int(values["entry_id"]), acting)


def restore_by_id(entry_id: int, acting: Callable[[Session], Actor]) -> dict[str, Any]:
    """Restore by its id in somebody's name, for operators; again, it says that it was done.

    Raises:
        FatalError: there is no such entry, or it was never set aside.
    """
    with session_scope() as session:
        actor = acting(session)
        entry = get_entry(session, entry_id, lock=True)
        if entry.outcome != Outcome.NOISE:
            if entry.restored_at is None:
                raise FatalError(f"entry {entry_id} was not set aside; its status: {entry.status}")
            return _result(entry, restored=False)
        start_ids, message_ids = _restore(session, entry, actor)
        result = _result(entry, restored=True)
    start_runs(start_ids)
    from include.outbox.sender import deliver

    deliver(message_ids)
    return result


def _restore(session: Session, entry: Entry, actor: Actor) -> tuple[list[int], list[int]]:
    """Open the entry again; the runs to start and the messages that change, in one transaction.

    What a person took back returns to the request where it was, without a run.
    """
    by = actor.label
    write_down(session, actor, Action.RESTORE, f"entry:{entry.id}")
    entry.restored_by, entry.restored_at = by, func.now()
    if entry.noise_reason == NOT_FEEDBACK and reinstate(session, entry, by=by):
        return [], show(session, entry)
    entry.status, entry.outcome, entry.updated_at = EntryStatus.RECEIVED, None, func.now()
    entry.dag_id, entry.run_id = MAIN_DAG, _run_id(session, entry)
    session.flush()
    session.refresh(entry)
    return [queue_entry(session, entry.id, entry.run_id)], show(session, entry)


def _run_id(session: Session, entry: Entry) -> str:
    """The id of the run that takes an entry up; another one each time."""
    first = f"entry__{entry.id}__restored"
    started = select(func.count(RunStart.id)).where(
        RunStart.dag_id == MAIN_DAG, RunStart.run_id.startswith(first, autoescape=True)
    )
    before = session.scalar(started) or 0
    return f"{first}_{before + 1}" if before else first


def _result(entry: Entry, *, restored: bool) -> dict[str, Any]:
    return {
        "entry_id": entry.id,
        "restored": restored,
        "noise_reason": entry.noise_reason,
        "run_id": entry.run_id,
    }


def _card_key(entry_id: int) -> str:
    return f"set_aside:{entry_id}"
