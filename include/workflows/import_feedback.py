"""What the tasks of ``import_feedback`` and ``drain_backlog`` call: one function a task."""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import closing
from itertools import islice
from pathlib import PurePosixPath
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from include.base.errors import FatalError, UnstorableValue
from include.base.file_rows import format_of
from include.clients.language_model import find_agent
from include.engine.dag_ids import DRAIN_DAG
from include.engine.files import open_file
from include.entries import drain, import_file, questions
from include.entries.addressee import look_up
from include.entries.decide import decide_range
from include.entries.store import Stored, open_batches, store
from include.entries.tell import tell_run, untold
from include.entries.thread_reply import sync_emoji
from include.outbox.effects import sweep
from include.outbox.runs import FEW, RunStarts
from include.outbox.sender import deliver
from include.people.presence import Lookups
from include.store.models import Entry, EntryStatus
from include.store.session import session_scope
from include.workflows import process_customer_entry as one_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

STORED_AT_ONCE = 500
SHOWN_PROBLEMS = 200
ASKED_AT_ONCE = 50
TELLING_SECONDS = 300.0
IDLE_SECONDS = 30.0
ASKING_SECONDS = 5.0
PAUSE_SECONDS = 1.0
MOST_ID = 2**62


def store_file(
    values: Mapping[str, Any], *, dag_id: str, run_id: str
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Store a file's lines; the batches to match, and what the file held.

    Raises:
        FatalError: the file cannot be read, is empty, has a wrong header, or no line of it is good.
    """
    path = str(values["path"])
    form = format_of(path, values.get("format"))
    name = PurePosixPath(path.split("?", 1)[0]).name
    stored: list[Stored] = []
    problems: list[list[Any]] = []
    held: Counter[str] = Counter()

    def note(number: int, problem: str) -> None:
        held["problems"] += 1
        if len(problems) < SHOWN_PROBLEMS:
            problems.append([number, problem])

    with closing(open_file(path)) as file:
        lines = import_file.read_all(file, form, name=name)
        while part := list(islice(lines, STORED_AT_ONCE)):
            for one in part:
                held["file_lines"] += one.lines
                if one.kind == "record":
                    held["continued_lines"] += one.lines - 1
                else:
                    held[f"{one.kind}_lines"] += one.lines
                if one.problem:
                    note(one.number, one.problem)
            good = [one for one in part if one.key and one.submission]
            kept, refused = _store_part(good, dag_id=dag_id, run_id=run_id)
            stored += kept
            for one, problem in refused:
                note(one.number, problem)
                held["bad_lines"] += one.lines
                held["continued_lines"] -= one.lines - 1
    if not stored and not problems:
        raise FatalError(f"{name} is empty: there is nothing to import")
    if not stored:
        raise FatalError(
            f"no line of {name} can be imported; line {problems[0][0]}: {problems[0][1]}"
        )
    bad = held["bad_lines"]
    new, taken = sum(one.is_new for one in stored), sum(one.is_taken for one in stored)
    facts = {
        "file": name,
        "lines": len(stored) + bad,
        "stored": new,
        "known_before": len(stored) - new - taken,
        "taken_over": taken,
        "bad_lines": bad,
        "empty_lines": held["empty_lines"],
        "header_lines": held["header_lines"],
        "continued_lines": held["continued_lines"],
        "file_lines": held["file_lines"],
        "problems": problems,
        "problems_not_listed": held["problems"] - len(problems),
    }
    with session_scope() as session:
        batches = open_batches(
            session, dag_id=dag_id, run_id=run_id, size=int(values.get("batch_size") or 500)
        )
    log.info("%s: %s lines, %s bad, %s batches", name, len(stored) + bad, bad, len(batches))
    return batches, facts


def _store_part(
    part: Sequence[import_file.Line], *, dag_id: str, run_id: str
) -> tuple[list[Stored], list[tuple[import_file.Line, str]]]:
    """Store records together; when the database refuses one, each alone, and name that one."""
    pairs = [(one.key, one.submission) for one in part if one.key and one.submission]
    try:
        with session_scope() as session:
            return store(session, pairs, dag_id=dag_id, run_id=run_id, take_from=dag_id), []
    except UnstorableValue as error:
        if len(part) == 1:
            return [], [(part[0], str(error))]
    middle = len(part) // 2
    first, refused = _store_part(part[:middle], dag_id=dag_id, run_id=run_id)
    second, more = _store_part(part[middle:], dag_id=dag_id, run_id=run_id)
    return first + second, refused + more


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
    one. An import is not: one file could spend the day's budget. The last batch of a drain goes on
    with what is stored meanwhile, until nothing is.
    """
    agent = find_agent() if dag_id == DRAIN_DAG else None
    means = one_entry.means_of(agent, is_last_try=is_last_try)

    def decide(first: int, last: int) -> dict[str, int]:
        return decide_range(
            session_scope, first, last, means, dag_id=dag_id, run_id=run_id, quiet=quiet
        )

    counts = Counter(decide(int(part["first"]), int(part["last"])))
    if part.get("then_more"):
        # What an earlier try of this task had taken and could not decide.
        counts.update(decide(0, MOST_ID))
    while part.get("then_more"):
        taken = drain.take_more(run_id)
        if not taken:
            break
        log.info("%s decided, %s more have come", sum(counts.values()), taken)
        counts.update(decide(0, MOST_ID))
    return dict(counts)


def ask_questions(*, dag_id: str, run_id: str, ask: str | None) -> list[dict[str, Any]]:
    """Ask what is not certain, one card a request and person; the groups, one wait each.

    All in one task: a task for each would take longer than the people need to answer.
    """
    groups: list[dict[str, Any]] = []
    start = 0
    while start <= len(groups):
        groups = _ask_part(start, dag_id=dag_id, run_id=run_id, ask=ask)
        start += ASKED_AT_ONCE
    with session_scope() as session:
        questions.lock_asking(session)
        rest = questions.hand_over_rest(session, dag_id=dag_id, run_id=run_id, ask=ask)
    if rest:
        log.info("%s entries are asked about by runs of their own", len(rest))
        sweep(RunStarts(), FEW)
    return groups


def _ask_part(start: int, *, dag_id: str, run_id: str, ask: str | None) -> list[dict[str, Any]]:
    part = slice(start, start + ASKED_AT_ONCE)

    def planned(session: Session) -> list[dict[str, Any]]:
        return questions.plan_groups(session, dag_id=dag_id, run_id=run_id, ask=ask)

    presence = None
    if ask is None:
        presence = look_up(
            session_scope,
            lambda session: questions.asked_in(planned(session)[part]),
            Lookups().presence,
        )
    with session_scope() as session:
        questions.lock_asking(session)
        groups = planned(session)
        message_ids = [
            questions.ask(
                session,
                group,
                dag_id=dag_id,
                run_id=run_id,
                map_index=place,
                presence=presence,
                is_named=ask is not None,
            )
            for place, group in list(enumerate(groups))[part]
        ]
    deliver(message_ids)
    return groups


def _ask_more(*, dag_id: str, run_id: str) -> None:
    """Ask what has come to be asked since the last time."""
    with session_scope() as session:
        start = len(questions.asked_before(session, dag_id, run_id))
    while start < len(_ask_part(start, dag_id=dag_id, run_id=run_id, ask=None)):
        start += ASKED_AT_ONCE


def apply_group(*, dag_id: str, run_id: str, map_index: int) -> int:
    """Carry out what became of a group's question, entry by entry; how many."""
    settled = one_entry.apply_answer(dag_id=dag_id, run_id=run_id, map_index=map_index)
    sweep(RunStarts(), FEW)
    return len(settled)


def tell_meanwhile(
    *,
    dag_id: str,
    run_id: str,
    clock: Callable[[], float] = monotonic,
    pause: Callable[[float], None] = sleep,
) -> int:
    """Send what is to be told while the run still matches, until everything is decided and told.

    Now and then, and when all is decided, it asks what is to be asked: by then ``ask_questions``
    would have to wait for a slot. It gives up when nothing happens for half a minute, and what is
    left is asked and told by the tasks that follow.
    """
    sent, asking = 0, clock() + ASKING_SECONDS
    until, quiet_until = clock() + TELLING_SECONDS, clock() + IDLE_SECONDS
    before = -1
    while clock() < min(until, quiet_until):
        with session_scope() as session:
            undecided, placed = untold(session, dag_id=dag_id, run_id=run_id)
            over = not undecided and not placed and drain.has_passed(session, run_id)
        if not undecided or clock() >= asking:
            _ask_more(dag_id=dag_id, run_id=run_id)
            asking = clock() + ASKING_SECONDS
        if over:
            break
        more = undecided > 0
        told = deliver_outcomes(dag_id=dag_id, run_id=run_id, more_to_come=more) if placed else 0
        sent += told
        if told or undecided != before:
            quiet_until, before = clock() + IDLE_SECONDS, undecided
        pause(PAUSE_SECONDS)
    return sent


def deliver_outcomes(*, dag_id: str, run_id: str, more_to_come: bool = False) -> int:
    """Tell people what became of the run's entries; how many messages went out."""
    sent = 0
    while True:
        with session_scope() as session:
            message_ids = tell_run(session, dag_id=dag_id, run_id=run_id, more_to_come=more_to_come)
        if not message_ids:
            return sent
        sent += deliver(message_ids).done


def deliver_results(*, dag_id: str, run_id: str, quiet: bool) -> int:
    """Send what is left to tell about the run's entries, and start runs of opened requests.

    Those are few at a time, so that new feedback finds its turn among them; the sweep starts the
    rest.
    """
    sent = 0 if quiet else deliver_outcomes(dag_id=dag_id, run_id=run_id)
    sync_emoji(session_scope)
    sweep(RunStarts(), FEW)
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
        "split": counts.get("split", 0),
        "waiting": counts.get(EntryStatus.WAITING, 0),
        "unfinished": counts.get(EntryStatus.RECEIVED, 0) + counts.get(EntryStatus.FAILED, 0),
    }
