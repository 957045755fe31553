"""Account, deal and severity of an entry, set after it came in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.entries.correct import GONE
from include.entries.entry import get_entry
from include.entries.show import show
from include.entries.state import state_of
from include.entries.tokens import DETAILS, ids_in
from include.outbox.events import record_event
from include.outbox.replies import AnswerReply
from include.people.actor import Action, may, refusal_words
from include.people.audit import write_down
from include.requests.evidence import live_feedback
from include.store.models import Account, Opportunity, Severity

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.base.entry_state import EntryState
    from include.people.actor import Actor
    from include.store.models import Entry


def may_edit(session: Session, *, token: str, actor: Actor) -> Entry | AnswerReply:
    """The entry that the button is about, or why this person may not change it."""
    ids = ids_in(session, DETAILS, token)
    if ids is None:
        return GONE
    entry = get_entry(session, ids[0])
    if not may(session, actor, Action.CORRECT, entry):
        note = "Only the person who gave this feedback can change its details."
        return AnswerReply("not_allowed", refusal_words(actor, Action.CORRECT, note))
    return entry


def details_of(session: Session, *, token: str, actor: Actor) -> EntryState | AnswerReply:
    """How the entry stands, for the form; or why this person gets none."""
    entry = may_edit(session, token=token, actor=actor)
    return entry if isinstance(entry, AnswerReply) else state_of(session, entry.id)


def set_details(
    session: Session,
    *,
    token: str,
    actor: Actor,
    severity: str,
    account_id: str | None,
    opportunity_id: str | None,
) -> AnswerReply:
    """Set what was chosen in the form, on the entry and on the evidence made of it."""
    found = may_edit(session, token=token, actor=actor)
    if isinstance(found, AnswerReply):
        return found
    entry = get_entry(session, found.id, lock=True)
    entry.severity = Severity(severity)
    entry.account_id = account_id
    entry.account_known = account_id is not None and session.get(Account, account_id) is not None
    entry.opportunity_id = opportunity_id
    entry.opportunity_known = (
        opportunity_id is not None and session.get(Opportunity, opportunity_id) is not None
    )
    feedback = live_feedback(session, entry.id)
    if feedback is not None:
        feedback.severity = entry.severity
        feedback.account_id, feedback.opportunity_id = account_id, opportunity_id
    write_down(session, actor, Action.CORRECT, f"entry:{entry.id}", details=True)
    session.flush()
    session.refresh(entry)
    record_event(
        session,
        f"details:{entry.id}:{entry.updated_at.isoformat()}",
        "entry_details_changed",
        entry_id=entry.id,
        actor=actor.label,
    )
    return AnswerReply("recorded", None, show(session, entry))
