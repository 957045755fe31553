"""An entry that holds several pains becomes one entry for each, and each goes its own way.

The entry that came in keeps its words and ends as ``split``. Each pain is an entry with a verbatim
quote of those words, its own run of ``process_customer_entry``, its own routing, question and Undo.
An entry with one pain, the usual case, is not touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from include.agents.forms import pains_by_form
from include.agents.noise import NoiseReason
from include.agents.pains import may_hold_several, read_pains
from include.engine.dag_ids import MAIN_DAG
from include.entries.decisions import find_decision, match_key
from include.entries.entry import finish, get_entry
from include.entries.set_aside import set_aside
from include.entries.submission import MAX_EXTERNAL_ID
from include.outbox.runs import queue_entry, start_runs
from include.store.models import Entry, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.orm import Session

    from include.agents.client import Agent
    from include.agents.pains import Pain
    from include.store.session import SessionScope

    ReadPains = Callable[[str], Sequence[Pain] | None]
    """Reads the pains out of a text; ``None`` when there is no model for it now."""


def taken_apart(scope: SessionScope, entry: Entry, agent: Agent | None) -> bool:
    """Whether several pains were found in an entry, or none, and it is not matched itself.

    A model reads them where there is one now, else the form of the text tells them apart. Where a
    model found one, the title and the description that it proposes for it come with the entry.
    """
    if entry.parent_id is not None:
        return False
    by_form = pains_by_form(entry.customer_pain) is not None
    if not by_form and (agent is None or not may_hold_several(entry.customer_pain)):
        return False
    key = f"pains:{entry.id}"

    def read(text: str) -> Sequence[Pain] | None:
        found = read_pains(agent, text, key=key, entry_id=entry.id) if agent is not None else None
        return pains_by_form(text) if found is None else found

    outcome = take_apart(scope, entry.id, run_id=entry.run_id, read=read)
    if outcome is None:
        with scope() as session:
            entry.suggestion = get_entry(session, entry.id).suggestion
    return outcome is not None


def take_apart(
    scope: SessionScope, entry_id: int, *, run_id: str, read: ReadPains
) -> Outcome | None:
    """Take an entry apart if it holds several pains, or set it aside if it holds none.

    ``None``: it is one pain, or nobody could tell, and it goes on as it is. A repeat does what is
    left: the children are found by their keys.

    Args:
        scope: Opens a transaction; none is open while ``read`` asks a model.
        entry_id: The stored entry.
        run_id: The run that asks; an entry that another run carries out is left alone.
        read: Finds the pains.
    """
    with scope() as session:
        entry = get_entry(session, entry_id)
        if not _may_be_taken_apart(session, entry, run_id):
            return None
    found = read(entry.customer_pain)
    if found is None:
        return None
    with scope() as session:
        entry = get_entry(session, entry_id, lock=True)
        if not _may_be_taken_apart(session, entry, run_id):
            return None
        if not found:
            # Somebody who had it processed after all has said that it holds a pain.
            if entry.restored_at is not None:
                return None
            set_aside(entry, NoiseReason.NO_PAIN)
            return Outcome.NOISE
        if len(found) == 1 and not _is_excerpt(entry, found[0]):
            entry.suggestion = found[0].suggestion
            return None
        start_ids = [
            _store(session, entry, number, pain) for number, pain in enumerate(found, start=1)
        ]
        finish(entry, Outcome.SPLIT)
    start_runs(start_ids)
    return Outcome.SPLIT


def _is_excerpt(entry: Entry, pain: Pain) -> bool:
    """Whether the form of a long text showed that one part of it holds the problem."""
    return pain.suggestion is None and pain.end - pain.start < len(entry.customer_pain) / 2


def children_of(session: Session, entry_id: int) -> list[Entry]:
    """The entries an entry was taken apart into, in the order of its words."""
    return list(
        session.scalars(
            select(Entry).where(Entry.parent_id == entry_id).order_by(Entry.pain_number)
        )
    )


def _may_be_taken_apart(session: Session, entry: Entry, run_id: str) -> bool:
    return (
        entry.run_id == run_id
        and entry.outcome is None
        and entry.parent_id is None
        and find_decision(session, match_key(entry.id)) is None
    )


def _store(session: Session, parent: Entry, number: int, pain: Pain) -> int:
    """One pain's entry, and its run written down to be started."""
    key = f"pain:{parent.id}:{number}"
    values = {
        "idempotency_key": key,
        "source": parent.source,
        "external_id": _external_id(parent, number),
        "customer_pain": pain.quote,
        "severity": parent.severity,
        "account_id": parent.account_id,
        "account_known": parent.account_known,
        "opportunity_id": parent.opportunity_id,
        "opportunity_known": parent.opportunity_known,
        "areas": parent.areas,
        "unknown_areas": parent.unknown_areas,
        "links": parent.links,
        "submitter_id": parent.submitter_id,
        "parent_id": parent.id,
        "pain_number": number,
        "pain_start": pain.start,
        "pain_end": pain.end,
        "suggestion": pain.suggestion,
        "dag_id": MAIN_DAG,
        "run_id": "",
    }
    session.execute(insert(Entry).values(values).on_conflict_do_nothing())
    entry = session.scalars(select(Entry).where(Entry.idempotency_key == key)).one()
    entry.run_id = f"entry__{entry.id}__pain_{number}"
    return queue_entry(session, entry.id, entry.run_id)


def _external_id(parent: Entry, number: int) -> str | None:
    """The parent's, with the pain's number, cut to what a run's parameters take."""
    suffix = f"#{number}"
    if not parent.external_id:
        return None
    return parent.external_id[: MAX_EXTERNAL_ID - len(suffix)] + suffix
