"""Deciding where entries go, and carrying it out in the same transaction.

One entry is a list of one. Texts are embedded in one call, searched and judged without a lock, and
then decided in order in one transaction, so that an entry sees what the ones before it have opened,
as if each had been handed in after the other.

Two near-identical entries that arrive together must not open two requests. So where one may be
opened the transaction holds the lock of opening, and an entry is searched for again, under that
lock, when something was opened since its search that could change its decision.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import func, select

from include.base.errors import EmbeddingsUnavailable
from include.base.tracing import entry_spans
from include.entries.decisions import find_decision, match_key
from include.entries.drafting import draft_for, provisional_vector, request_vectors, written
from include.entries.entry import no_such_entry
from include.entries.match import Search, Shared, consulted, keep_vectors, record, search
from include.entries.opened_meanwhile import OpenedMeanwhile
from include.entries.settle import settle
from include.entries.take_apart import taken_apart
from include.matching.language import language_of, reads
from include.matching.types import Route
from include.requests.opening import lock_opening, open_request
from include.store.models import Decision, Entry, EntryStatus, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.orm import Session

    from include.agents.client import Agent
    from include.agents.draft import Draft
    from include.base.tracing import Attributes, Note
    from include.matching.types import Embedder, Judge
    from include.requests.opening import Vector
    from include.store.session import SessionScope

Result = TypeVar("Result")

CHUNK = 32
"""Entries decided in one transaction, during which nobody else can open a request."""

CALLS = 4
"""Entries a language model is asked about at the same time."""


class Way(StrEnum):
    """Which way an entry went; the tasks of the graph that show it have these names."""

    ATTACH = "attach"
    ASK = "ask"
    CREATE = "create"
    SPLIT = "split"
    SET_ASIDE = "set_aside"
    REPEAT = "repeat"


_NOT_MATCHED = {Outcome.NOISE.value: Way.SET_ASIDE, Outcome.SPLIT.value: Way.SPLIT}


@dataclass(frozen=True)
class Means:
    """What decides: the model's embedder, the judge, and the language model where there is one.

    ``allow_degraded`` lets words alone decide when the embeddings cannot be had; a task sets it on
    its last try.
    """

    embedder: Embedder
    judge: Judge
    allow_degraded: bool = False
    agent: Agent | None = None
    other: Means | None = None
    """For entries in languages that the model does not read."""

    def reading(self, text: str) -> Means:
        """These means, or the other ones for a text that the model does not read."""
        if self.other is None or reads(self.embedder.model, language_of(text)):
            return self
        return self.other


@dataclass
class _Plan:
    entry: Entry
    vector: list[float] | None
    judge: Judge
    search: Search
    draft: Draft | None = None
    draft_vector: Vector | None = None


def decide(
    scope: SessionScope,
    entry_ids: Sequence[int],
    means: Means,
    *,
    run_id: str | None = None,
    quiet: bool = False,
    then: Callable[[Session, Entry, Way], None] | None = None,
) -> dict[int, Way]:
    """Decide where entries go and carry it out, once: a repeat does what is left.

    Args:
        scope: Opens a transaction; several short ones are used, none is open during a model call.
        entry_ids: Stored entries, at most some dozens.
        means: What decides.
        run_id: The run that asks; an entry that another run carries out is a ``repeat``.
        quiet: Start no run for a request that is opened.
        then: What else belongs into the transaction that decides: telling, asking.

    Raises:
        EmbeddingsUnavailable: retry later (only without ``allow_degraded``).
    """
    if means.other is not None:
        return _by_language(scope, entry_ids, means, run_id=run_id, quiet=quiet, then=then)
    with entry_spans("decide", entry_ids, model=means.embedder.model) as note:
        return _carried_out(scope, entry_ids, means, run_id, quiet, then, note)


def _carried_out(
    scope: SessionScope,
    entry_ids: Sequence[int],
    means: Means,
    run_id: str | None,
    quiet: bool,
    then: Callable[[Session, Entry, Way], None] | None,
    note: Note,
) -> dict[int, Way]:
    with scope() as session:
        found = _read(session, entry_ids)
        undecided = [
            entry
            for entry, decision in found
            if decision is None and _not_matched(entry, run_id) is None
        ]
        session.expunge_all()
    whole = _whole(scope, undecided, means)
    plans, horizon = _plan(scope, whole, means)
    by_id = {plan.entry.id: plan for plan in plans}
    model = means.embedder.model
    ways: dict[int, Way] = {}
    with scope() as session:
        opened = None
        if any(plan.search.routed.route is Route.CREATE for plan in plans):
            lock_opening(session)
            opened = OpenedMeanwhile(session, model, horizon)
        kept = {plan.entry.id: plan.vector for plan in plans if plan.vector is not None}
        keep_vectors(session, kept, model)
        for entry, known in _read(session, entry_ids, lock=True):
            way, decision = _not_matched(entry, run_id), known
            if way is None and decision is None and entry.id in by_id:
                decision = _decide(session, by_id[entry.id], means, opened)
            if way is None and decision is not None:
                way = Way(decision.route)
                settle(session, entry, decision, quiet=quiet)
            # What somebody else has changed since it was read is theirs.
            ways[entry.id] = way or Way.REPEAT
            note(entry.id, way=ways[entry.id], outcome=entry.outcome, **_said(decision))
            if then is not None:
                then(session, entry, ways[entry.id])
    return ways


def _said(decision: Decision | None) -> Attributes:
    """What a decision's span says of it."""
    if decision is None:
        return {}
    return {
        "route": decision.route,
        "confidence": decision.confidence,
        "candidates": len(decision.candidates or ()),
        "degraded": decision.degraded,
        "request_id": decision.request_id,
    }


def _by_language(
    scope: SessionScope, entry_ids: Sequence[int], means: Means, **options: Any
) -> dict[int, Way]:
    """Those that the model reads, then the others with the model that reads them."""
    with scope() as session:
        chosen = [
            (entry.id, means.reading(entry.customer_pain)) for entry, _ in _read(session, entry_ids)
        ]
    ways: dict[int, Way] = {}
    for one in (means, means.other):
        ids = [entry_id for entry_id, chosen_means in chosen if chosen_means is one]
        if ids and one is not None:
            ways |= decide(scope, ids, replace(one, other=None), **options)
    return ways


def decide_range(
    scope: SessionScope,
    first: int,
    last: int,
    means: Means,
    *,
    dag_id: str,
    run_id: str,
    quiet: bool,
) -> dict[str, int]:
    """Decide a run's open entries in a range of ids, chunk by chunk; counts by what happened.

    Those to ask about are left ``waiting``. Those that a model takes apart or sets aside are done,
    and not counted.

    Raises:
        EmbeddingsUnavailable: retry later (only without ``allow_degraded``).
    """
    counted = {Way.ATTACH: "attached", Way.CREATE: "created", Way.ASK: "asked"}
    counts = dict.fromkeys(counted.values(), 0)
    while True:
        with scope() as session:
            entry_ids = session.scalars(
                select(Entry.id)
                .where(
                    Entry.id.between(first, last),
                    Entry.dag_id == dag_id,
                    Entry.run_id == run_id,
                    Entry.status.in_((EntryStatus.RECEIVED, EntryStatus.FAILED)),
                )
                .order_by(Entry.id)
                .limit(CHUNK)
            ).all()
        if not entry_ids:
            return counts
        for way in decide(scope, entry_ids, means, run_id=run_id, quiet=quiet).values():
            if way in counted:
                counts[counted[way]] += 1
        first = entry_ids[-1] + 1


def _read(
    session: Session, entry_ids: Sequence[int], *, lock: bool = False
) -> list[tuple[Entry, Decision | None]]:
    """The entries with their match decisions, by id.

    Raises:
        FatalError: one is not there.
    """
    statement = (
        select(Entry, Decision)
        .outerjoin(Decision, Decision.key == func.concat("match:", Entry.id, ":0"))
        .where(Entry.id.in_(entry_ids))
        .order_by(Entry.id)
    )
    rows = session.execute(statement.with_for_update(of=Entry) if lock else statement)
    found = [(row.Entry, row.Decision) for row in rows]
    for missing in set(entry_ids) - {entry.id for entry, _ in found}:
        raise no_such_entry(missing)
    return found


def _not_matched(entry: Entry, run_id: str | None) -> Way | None:
    """The way of an entry that is not matched, or not by this run."""
    if run_id is not None and entry.run_id != run_id:
        return Way.REPEAT
    return _NOT_MATCHED.get(entry.outcome or "")


def _whole(scope: SessionScope, entries: Sequence[Entry], means: Means) -> list[Entry]:
    """The entries that are matched themselves; the others were taken apart or set aside."""
    agent = means.agent
    if agent is None:
        apart = [taken_apart(scope, entry, None) for entry in entries]
    else:
        apart = _each(lambda entry: taken_apart(scope, entry, agent), entries)
    return [entry for entry, is_apart in zip(entries, apart, strict=True) if not is_apart]


def _plan(scope: SessionScope, entries: Sequence[Entry], means: Means) -> tuple[list[_Plan], int]:
    """What would be decided now; and the newest request that was looked at."""
    if not entries:
        return [], 0
    model = means.embedder.model
    vectors = _vectors(entries, means)

    def judge_of(pair: tuple[Entry, list[float] | None]) -> Judge:
        return consulted(scope, *pair, model=model, judge=means.judge, agent=means.agent)

    pairs = list(zip(entries, vectors, strict=True))
    judges = _each(judge_of, pairs) if means.agent else [means.judge] * len(pairs)
    with scope() as session:
        shared = Shared.of(session)
        plans = [
            _Plan(entry, vector, judge, search(session, entry, vector, model, judge, shared))
            for (entry, vector), judge in zip(pairs, judges, strict=True)
        ]
    _draft(scope, [p for p in plans if p.search.routed.route is Route.CREATE], means)
    return plans, shared.horizon


def _vectors(entries: Sequence[Entry], means: Means) -> list[list[float] | None]:
    try:
        return list(means.embedder.embed([entry.customer_pain for entry in entries]))
    except EmbeddingsUnavailable:
        if means.allow_degraded:
            return [None] * len(entries)
        raise


def _draft(scope: SessionScope, plans: Sequence[_Plan], means: Means) -> None:
    """Draft and embed, in one call, the requests of those that will probably open one."""
    if not plans:
        return
    with scope() as session:
        plain = [draft_for(session, plan.entry, plan.search.candidates) for plan in plans]

    def write(pair: tuple[_Plan, Draft]) -> Draft:
        return written(scope, pair[0].entry, pair[1], means.agent)

    pairs = list(zip(plans, plain, strict=True))
    drafts = _each(write, pairs) if means.agent else plain
    try:
        vectors = request_vectors(drafts, means.embedder)
    except EmbeddingsUnavailable:
        vectors = []
    for number, (plan, draft) in enumerate(zip(plans, drafts, strict=True)):
        plan.draft = draft
        if plan.vector is not None and vectors:
            plan.draft_vector = vectors[number]


def _decide(
    session: Session, plan: _Plan, means: Means, opened: OpenedMeanwhile | None
) -> Decision | None:
    """Record the decision on an entry, and open its request if that is the decision."""
    entry, vector, found, model = plan.entry, plan.vector, plan.search, means.embedder.model
    if opened is not None and opened.may_change(found, vector):
        found = search(session, entry, vector, model, plan.judge, Shared.of(session))
    opened_id = None
    if found.routed.route is Route.CREATE:
        # Seldom without a draft: it looked as if it belonged to a request.
        draft = plan.draft or draft_for(session, entry, found.candidates)
        made = plan.draft_vector or (provisional_vector(entry, vector, model) if vector else None)
        opened_id = open_request(session, entry, draft, made).id
        if opened is not None:
            opened.add(made.values if made else None)
    record(
        session,
        entry.id,
        found,
        model,
        plan.judge,
        pain=entry.customer_pain,
        degraded=vector is None,
        opened_id=opened_id,
    )
    return find_decision(session, match_key(entry.id))


def _each(work: Callable[..., Result], items: Sequence[object]) -> list[Result]:
    """``work`` on each, a few at the same time: a language model takes seconds an answer."""
    contexts = [copy_context() for _ in items]  # with the entry's span in each
    with ThreadPoolExecutor(CALLS) as pool:
        return list(pool.map(lambda context, item: context.run(work, item), contexts, items))
