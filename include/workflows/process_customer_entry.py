"""What the tasks of ``process_customer_entry`` call: one function a task, wired to connections."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from include.agents.noise import noise_reason
from include.base.ahead import Ahead
from include.base.connections import EMBEDDINGS_API, get_connection
from include.base.settings import load_settings
from include.clients.embeddings import embedder_from, judge_for
from include.clients.language_model import agent_for_entry, find_agent
from include.entries import decide as matching
from include.entries import entry as entries
from include.entries import questions
from include.entries import report as reports
from include.entries import set_aside as setting_aside
from include.entries import settle as outcomes
from include.entries.drain import start_drain_if_needed
from include.entries.store import store_entry
from include.entries.submission import parse_submission
from include.entries.thread_reply import sync_emoji, tell_thread
from include.matching.ahead import EmbeddedAhead
from include.outbox.runs import start_runs
from include.outbox.sender import deliver
from include.store.models import Outcome
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy.orm import Session

    from include.base.settings import Settings
    from include.matching.types import Route

log = logging.getLogger(__name__)


def store(
    values: Mapping[str, Any], *, dag_id: str, run_id: str, lag: timedelta = timedelta(0)
) -> int:
    """Check and store the submission; returns the entry's id (of the first one if repeated)."""
    submission = parse_submission(values)
    with session_scope() as session:
        stored = store_entry(session, submission, dag_id, run_id)
    log.info("Entry %s %s", stored.entry_id, "stored" if stored.is_owner else "was known already")
    start_drain_if_needed(lag)
    return stored.entry_id


def match(
    entry_id: int, values: Mapping[str, Any], *, run_id: str, is_last_try: bool
) -> Route | None:
    """Decide the route; ``None`` when another run carries this entry out or it is done.

    ``values`` are the run's parameters: their words are on their way to the embeddings while the
    database is asked. What is decided about is the stored entry.
    """
    info = Ahead(lambda: get_connection(EMBEDDINGS_API))
    pain = parse_submission(values).customer_pain
    with session_scope() as session:
        session.connection()  # made while Airflow is asked
    embedder = embedder_from(info())
    if noise_reason(pain) is None:
        embedder = EmbeddedAhead(embedder, pain)
    route = matching.match_entry(
        session_scope,
        entry_id,
        embedder=embedder,
        judge=judge_for(embedder.model),
        allow_degraded=is_last_try,
        run_id=run_id,
        agent_for=agent_for_entry,
    )
    log.info("Entry %s: %s", entry_id, route or "another run carries it out")
    return route


def attach(entry_id: int) -> int:
    """Attach to the matched request; returns its id."""
    with _session_and_settings() as (session, settings):
        return outcomes.attach_matched(session, entry_id, settings=settings)


@contextmanager
def _session_and_settings() -> Iterator[tuple[Session, Settings]]:
    """A transaction that connects while Airflow is asked for the settings; no lock waits for it."""
    settings = Ahead(load_settings)
    with session_scope() as session:
        session.connection()
        yield session, settings()


def finish_opened(entry_id: int) -> int:
    """Complete the request this entry opened; returns its id."""
    with _session_and_settings() as (session, settings):
        return outcomes.finish_opened(session, entry_id, settings=settings)


def ask(entry_id: int, *, dag_id: str, run_id: str) -> int:
    """Ask the submitter; returns how many messages went out (0: Slack is away, sent later)."""
    settings = load_settings()
    with session_scope() as session:
        message_ids = questions.ask_question(
            session, entry_id, dag_id=dag_id, run_id=run_id, settings=settings
        )
        reply = tell_thread(session, entries.get_entry(session, entry_id))
    sent = deliver([*message_ids, reply]).done
    sync_emoji(session_scope, run_id=run_id)
    return sent


def apply_answer(entry_id: int, *, dag_id: str, run_id: str) -> int:
    """Carry out the answer, the expiry or the cancellation; returns the request's id."""
    embedder = embedder_from(get_connection(EMBEDDINGS_API))
    return outcomes.apply_answer(
        session_scope,
        entry_id,
        dag_id=dag_id,
        run_id=run_id,
        embedder=embedder,
        judge=judge_for(embedder.model),
        agent=find_agent(),
    )


def report(entry_id: int, *, run_id: str) -> dict[str, Any]:
    """Send what is to be told, start the request's own run, and return what happened."""
    with session_scope() as session:
        result = reports.report(session, entry_id, run_id)
        entry = entries.get_entry(session, entry_id)
        if entry.outcome == Outcome.NOISE:
            setting_aside.tell_set_aside(session, entry)
        tell_thread(session, entry)
        message_ids = reports.open_message_ids(session, entry_id)
        start_ids = reports.open_start_ids(session, entry_id)
    deliver(message_ids)
    sync_emoji(session_scope, run_id=run_id)
    start_runs(start_ids)
    return result


def note_failure(*, dag_id: str, run_id: str, task_id: str, error: str) -> None:
    """Mark the run's entry as failed, so that the sweep and the operators find it."""
    with session_scope() as session:
        entry = entries.mark_failed(session, dag_id, run_id, f"{task_id}: {error}")
        reply = tell_thread(session, entry) if entry is not None else None
    if reply is not None:
        deliver([reply])
        sync_emoji(session_scope, run_id=run_id)
