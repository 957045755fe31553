"""What happened to an entry: the result of its run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from include.entries.decisions import (
    find_decision,
    match_key,
)
from include.entries.entry import get_entry
from include.requests.evidence import live_feedback
from include.store.models import (
    Entry,
    Message,
    Outcome,
    Request,
    RunStart,
    RunStartState,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session


def report(session: Session, entry_id: int, run_id: str) -> dict[str, Any]:
    """What happened to an entry, as the run's result: ids, words of the product, no quotes."""
    entry = get_entry(session, entry_id)
    feedback = live_feedback(session, entry_id)
    request = session.get(Request, feedback.request_id) if feedback else None
    match = find_decision(session, match_key(entry_id))
    result = {
        "entry_id": entry_id,
        "status": entry.status,
        "outcome": entry.outcome,
        "request_id": request.id if request else None,
        "request": request.slug if request else None,
        "route": match.route if match else None,
        "confidence": match.confidence if match else None,
        "thresholds_version": match.thresholds_version if match else None,
        "degraded": match.degraded if match else None,
    }
    if entry.outcome == Outcome.NOISE:
        result["noise_reason"] = entry.noise_reason
    if entry.outcome == Outcome.SPLIT:
        result["entries"] = list(
            session.scalars(
                select(Entry.id).where(Entry.parent_id == entry.id).order_by(Entry.pain_number)
            )
        )
    if warnings := _unknown(entry):
        result["warnings"] = warnings
    if entry.run_id != run_id:
        result["duplicate_of_run"] = entry.run_id
    return result


def warnings_of(session: Session, entry_ids: Sequence[int]) -> dict[int, list[str]]:
    """What an entry names that the product does not know, in sentences; by entry, if there is any.

    It is stored all the same: the account may be loaded later.
    """
    entries = session.scalars(select(Entry).where(Entry.id.in_(entry_ids)))
    return {entry.id: said for entry in entries if (said := _unknown(entry))}


def _unknown(entry: Entry) -> list[str]:
    said = []
    if entry.account_id and not entry.account_known:
        said.append(
            f"account_id {entry.account_id!r} is no account that is loaded here: the feedback is "
            "kept under it, and counts no ARR until the account is loaded"
        )
    if entry.opportunity_id and not entry.opportunity_known:
        said.append(
            f"opportunity_id {entry.opportunity_id!r} is no deal that is loaded here: the feedback "
            "is kept under it"
        )
    if entry.unknown_areas:
        named = ", ".join(map(repr, entry.unknown_areas))
        said.append(f"areas: there is no area with the slug {named}; the others were taken")
    return said


def open_message_ids(session: Session, entry_id: int) -> list[int]:
    """Messages about an entry that have not gone out yet, oldest first."""
    return list(
        session.scalars(
            select(Message.id)
            .where(Message.entry_id == entry_id, Message.state.in_(("pending", "sending")))
            .order_by(Message.id)
        )
    )


def open_start_ids(session: Session, entry_id: int) -> list[int]:
    """Runs that this entry's request needs and that nobody has started yet."""
    return list(
        session.scalars(
            select(RunStart.id)
            .join(Request, Request.id == RunStart.request_id)
            .where(Request.opened_by_entry_id == entry_id, RunStart.state == RunStartState.PENDING)
        )
    )
