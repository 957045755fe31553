"""Writing down who did what, in the transaction in which it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.people.actor import label_of
from include.store.models import AuditRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.people.actor import Action, Actor
    from include.people.person import Submitter


def write_down(session: Session, actor: Actor, action: Action, subject: str, **facts: Any) -> None:
    """Keep that somebody did something.

    Args:
        session: The transaction in which it is done.
        actor: Who was signed in; whom they claim to act for is kept beside.
        action: What they did.
        subject: To what, as ``<kind>:<id>``.
        facts: Ids, words of the product and counts; nobody's words.
    """
    claimed = claimed_label(actor.claimed) if actor.claimed is not None else None
    session.add(
        AuditRow(
            actor=actor.label,
            claimed=claimed,
            action=action.value,
            subject=subject,
            facts={"run": actor.run, **facts} if actor.run else facts,
        )
    )


def claimed_label(claimed: Submitter) -> str:
    """A person as a caller names them, in the form of a label."""
    if claimed.slack_user_id:
        return label_of(claimed.slack_user_id)
    return f"user:{(claimed.email or '').lower()}"
