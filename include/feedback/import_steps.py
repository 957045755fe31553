"""What the tasks of ``import_feedback`` and ``drain_backlog`` call: one function a task."""

from __future__ import annotations

import logging
from contextlib import closing
from itertools import islice
from pathlib import PurePosixPath
from time import monotonic
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from include.connections import EMBEDDINGS_API, get_connection
from include.errors import FatalError
from include.feedback import batch, batch_store, grouped, import_file, outcomes
from include.feedback.agents import find_agent
from include.feedback.backlog import DRAIN_DAG
from include.feedback.steps import deliver, embedder_from, judge_for
from include.requests.runs import start_pending
from include.settings import load_settings
from include.store.models import Entry, EntryStatus, Message, MessageState
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)

STORED_AT_ONCE = 500
SHOWN_PROBLEMS = 200
TOLD_AT_ONCE = 50
TELLING_SECONDS = 300.0


def store_file(
    values: Mapping[str, Any], *, dag_id: str, run_id: str
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Store a file's lines; the batches to match, and what the file held.

    Raises:
        FatalError: the file cannot be read, is empty, has a wrong header, or no line of it is good.
    """
    path = str(values["path"])
    form = import_file.format_of(path, values.get("format"))
    name = PurePosixPath(path.split("?", 1)[0]).name
    stored, known = batch_store.StoredMany(), batch_store.Known()
    problems: list[list[Any]] = []
    good = bad = 0
    with closing(import_file.open_file(path)) as file:
        lines = import_file.read_lines(file, form, name=name)
        while part := list(islice(lines, STORED_AT_ONCE)):
            pairs = [(one.key, one.submission) for one in part if one.key and one.submission]
            wrong = [[one.number, one.problem] for one in part if one.problem]
            good, bad = good + len(pairs), bad + len(wrong)
            problems += wrong[: SHOWN_PROBLEMS - len(problems)]
            with session_scope() as session:
                counts = batch_store.store_many(
                    session, pairs, dag_id=dag_id, run_id=run_id, known=known
                )
            stored.new += counts.new
            stored.known += counts.known
            stored.taken_over += counts.taken_over
    if not good:
        raise FatalError(
            f"no line of {name} can be imported; line {problems[0][0]}: {problems[0][1]}"
        )
    facts = {
        "file": name,
        "lines": good + bad,
        "stored": stored.new,
        "known_before": stored.known,
        "taken_over": stored.taken_over,
        "bad_lines": bad,
        "problems": problems,
    }
    with session_scope() as session:
        batches = batch_store.open_batches(
            session, dag_id=dag_id, run_id=run_id, size=int(values.get("batch_size") or 500)
        )
    log.info("%s: %s lines, %s bad, %s batches", name, good + bad, bad, len(batches))
    return batches, facts


def match_batch(
    part: Mapping[str, Any],
    *,
    dag_id: str,
    run_id: str,
    is_last_try: bool,
    quiet: bool,
) -> dict[str, int]:
    """Decide and carry out one batch; what became of its entries.

    A backlog is decided as its entries would have been alone, with the language model if there is
    one. An import is not: one file could spend the day's budget.
    """
    embedder = embedder_from(get_connection(EMBEDDINGS_API))
    return batch.process_range(
        session_scope,
        int(part["first"]),
        int(part["last"]),
        dag_id=dag_id,
        run_id=run_id,
        embedder=embedder,
        judge=judge_for(embedder.model),
        allow_degraded=is_last_try,
        quiet=quiet,
        agent=find_agent() if dag_id == DRAIN_DAG else None,
    )


def plan_questions(*, dag_id: str, run_id: str, ask: str | None) -> list[dict[str, Any]]:
    """The groups of entries to ask about, one card each."""
    with session_scope() as session:
        return grouped.plan_groups(session, dag_id=dag_id, run_id=run_id, ask=ask)


def ask_group(group: dict[str, Any], *, dag_id: str, run_id: str, map_index: int) -> int:
    """Ask about one group; how many messages went out."""
    with session_scope() as session:
        message_ids = grouped.ask_group(
            session,
            group,
            dag_id=dag_id,
            run_id=run_id,
            map_index=map_index,
            settings=load_settings(),
        )
    return deliver(message_ids)


def apply_group(group: Mapping[str, Any], *, dag_id: str, run_id: str, map_index: int) -> int:
    """Carry out what became of a group's question, entry by entry; how many."""
    embedder = embedder_from(get_connection(EMBEDDINGS_API))
    judge = judge_for(embedder.model)
    for entry_id, _ in group["entries"]:
        outcomes.apply_answer(
            session_scope,
            int(entry_id),
            dag_id=dag_id,
            run_id=run_id,
            embedder=embedder,
            judge=judge,
            map_index=map_index,
        )
    start_pending()
    return len(group["entries"])


def deliver_results(*, dag_id: str, run_id: str, clock: Callable[[], float] = monotonic) -> int:
    """Send what is to be told about the run's entries, and start the runs of opened requests.

    Slack takes about one message a second to one address; what is not sent within five minutes is
    left to the sweep.
    """
    with session_scope() as session:
        message_ids = session.scalars(
            select(Message.id)
            .join(Entry, Entry.id == Message.entry_id)
            .where(
                Entry.dag_id == dag_id,
                Entry.run_id == run_id,
                Message.state.in_((MessageState.PENDING, MessageState.SENDING)),
            )
            .order_by(Message.id)
        ).all()
    start_pending()
    sent, until = 0, clock() + TELLING_SECONDS
    for start in range(0, len(message_ids), TOLD_AT_ONCE):
        if clock() > until:
            break
        sent += deliver(list(message_ids[start : start + TOLD_AT_ONCE]))
    return sent


def report(*, dag_id: str, run_id: str, facts: Mapping[str, Any] | None) -> dict[str, Any]:
    """The run's result: what the file held and where its entries are now."""
    with session_scope() as session:
        rows = session.execute(
            select(Entry.status, Entry.outcome, func.count())
            .where(Entry.dag_id == dag_id, Entry.run_id == run_id)
            .group_by(Entry.status, Entry.outcome)
        ).all()
    counts = {str(outcome or status): count for status, outcome, count in rows}
    return {
        **(facts or {}),
        "attached": counts.get("attached", 0),
        "created": counts.get("created", 0),
        "set_aside": counts.get("noise", 0),
        "waiting": counts.get(EntryStatus.WAITING, 0),
        "unfinished": counts.get(EntryStatus.RECEIVED, 0) + counts.get(EntryStatus.FAILED, 0),
    }
