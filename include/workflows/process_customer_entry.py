"""What the tasks of ``process_customer_entry`` call: one function a task, wired to connections."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from include.base.connections import EMBEDDINGS_API, get_connection
from include.clients.embeddings import embedder_from, judge_for, other_embedder
from include.clients.language_model import agent_for_entry, find_agent
from include.engine.dag_ids import IMPORT_DAG
from include.entries import settle
from include.entries.addressee import look_up
from include.entries.decide import Means, Way, decide
from include.entries.drain import start_drain_if_needed
from include.entries.entry import get_entry, mark_failed
from include.entries.questions import ask, asked_in, plan_groups
from include.entries.report import open_message_ids, open_start_ids
from include.entries.report import report as what_happened
from include.entries.show import show
from include.entries.store import claim, idempotency_key, store
from include.entries.submission import parse_submission
from include.entries.tell import tell
from include.entries.thread_reply import sync_emoji, tell_thread
from include.outbox.runs import start_runs
from include.outbox.sender import deliver
from include.people.presence import Lookups
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from include.agents.client import Agent
    from include.store.models import Entry

log = logging.getLogger(__name__)


def decide_entry(
    values: Mapping[str, Any],
    *,
    dag_id: str,
    run_id: str,
    is_last_try: bool,
    lag: timedelta = timedelta(0),
) -> tuple[int, Way]:
    """Store what is not stored yet, decide, and carry it out; the entry's id and its way.

    Args:
        values: The run's parameters: ``entry_id``, or the fields of a submission.
        dag_id: Of the run.
        run_id: Of the run.
        is_last_try: Words alone may decide when the embeddings cannot be had.
        lag: How long the run had waited before this task began.
    """
    entry_id = _stored(values, dag_id=dag_id, run_id=run_id)
    start_drain_if_needed(lag)
    with session_scope() as session:
        in_use = get_entry(session, entry_id).model_in_use
    means = means_of(agent_for_entry(in_use), is_last_try=is_last_try)
    ways = decide(session_scope, [entry_id], means, run_id=run_id, then=_tell)
    way = ways[entry_id]
    log.info("Entry %s: %s", entry_id, way)
    if way is Way.ASK:
        _ask(entry_id, run_id)
    return entry_id, way


def means_of(agent: Agent | None, *, is_last_try: bool) -> Means:
    """What decides, out of the connections."""
    embedder = embedder_from(get_connection(EMBEDDINGS_API))
    means = Means(embedder, judge_for(embedder.model), is_last_try, agent)
    other = other_embedder(embedder)
    if other is None:
        return means
    return replace(means, other=replace(means, embedder=other, judge=judge_for(other.model)))


def apply_answer(*, dag_id: str, run_id: str, map_index: int = -1) -> list[int]:
    """Carry out the answer, the expiry or the cancellation; returns the requests' ids.

    An import asks no language model: one file could spend the day's budget.
    """
    means = means_of(find_agent() if dag_id != IMPORT_DAG else None, is_last_try=False)
    return settle.apply_answer(
        session_scope,
        dag_id=dag_id,
        run_id=run_id,
        embedder=means.embedder,
        judge=means.judge,
        map_index=map_index,
        agent=means.agent,
        other=(means.other.embedder, means.other.judge) if means.other else None,
    )


def report(entry_id: int, *, run_id: str) -> dict[str, Any]:
    """Send what is to be told, start the request's own run, and return what happened."""
    with session_scope() as session:
        result = what_happened(session, entry_id, run_id)
        show(session, get_entry(session, entry_id))
        start_ids = open_start_ids(session, entry_id)
    _deliver(entry_id, run_id)
    start_runs(start_ids)
    return result


def note_failure(*, dag_id: str, run_id: str, task_id: str, error: str) -> None:
    """Mark the run's entry as failed, so that the sweep and the operators find it."""
    with session_scope() as session:
        entry = mark_failed(session, dag_id, run_id, f"{task_id}: {error}")
        changed = show(session, entry) if entry is not None else []
    if changed:
        deliver(changed)
        sync_emoji(session_scope, run_id=run_id)


def _stored(values: Mapping[str, Any], *, dag_id: str, run_id: str) -> int:
    """The id of the stored entry; of the first one if it is a repeat."""
    if values.get("entry_id") is not None:
        entry_id = int(values["entry_id"])
        with session_scope() as session:
            claim(session, [entry_id], dag_id=dag_id, run_id=run_id)
        return entry_id
    fields = {name: value for name, value in values.items() if name != "entry_id"}
    submission = parse_submission(fields)
    key = idempotency_key(submission, dag_id, run_id)
    with session_scope() as session:
        [stored] = store(session, [(key, submission)], dag_id=dag_id, run_id=run_id)
    log.info("Entry %s %s", stored.entry_id, "stored" if stored.is_new else "was known already")
    return stored.entry_id


def _tell(session: Session, entry: Entry, way: Way) -> None:
    """Tell the submitter, in the transaction that decides; a question comes after it."""
    if way not in (Way.ASK, Way.REPEAT):
        tell(session, [entry])


def _ask(entry_id: int, run_id: str) -> None:
    """Ask about an entry whose decision is stored; a repeat of the task asks if this breaks off."""
    with session_scope() as session:
        dag_id = get_entry(session, entry_id).dag_id

    def planned(session: Session) -> list[dict[str, Any]]:
        return plan_groups(session, dag_id=dag_id, run_id=run_id)

    presence = look_up(
        session_scope, lambda session: asked_in(planned(session)), Lookups().presence
    )
    with session_scope() as session:
        message_ids = [
            ask(session, group, dag_id=dag_id, run_id=run_id, presence=presence)
            for group in planned(session)
        ]
        tell_thread(session, get_entry(session, entry_id, lock=True))
    deliver(message_ids)
    _deliver(entry_id, run_id)


def _deliver(entry_id: int, run_id: str) -> None:
    with session_scope() as session:
        message_ids = open_message_ids(session, entry_id)
    deliver(message_ids)
    sync_emoji(session_scope, run_id=run_id)
