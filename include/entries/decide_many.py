"""Matching many entries together: the same search, judge, thresholds and record as one alone.

One run an entry costs seconds whatever it does. Here the texts are embedded in one call, and a
chunk is decided in order in one transaction, so that an entry sees what the ones before it have
opened, exactly as if each had been handed in after the other.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from operator import mul
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from include.base.errors import EmbeddingsUnavailable
from include.entries import decide as matching
from include.entries import settle as outcomes
from include.entries.ask_model import consulted, taken_apart, written
from include.entries.decisions import find_decision, match_key
from include.matching.embed import content_hash, embedding_text
from include.matching.types import Route
from include.outbox.runs import queue_new_request
from include.requests.opening import Vector, lock_opening, newest_request_id, open_request
from include.requests.vectors import live_key
from include.store.models import Decision, Entry, EntryStatus, Request, RequestEmbedding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from include.agents.client import Agent
    from include.agents.draft import Draft
    from include.matching.types import Embedder, Judge
    from include.store.session import SessionScope

CHUNK = 32
"""Entries decided in one transaction, during which nobody else can open a request."""

CALLS = 4
"""Entries a language model is asked about at the same time."""

SURROUNDINGS = 6
"""So many nearest requests decide how sure a match is."""

MARGIN = 0.01


@dataclass
class _Planned:
    entry: Entry
    vector: list[float] | None
    search: matching.Search
    judge: Judge
    draft: Draft | None = None
    draft_vector: Vector | None = None
    is_written: bool = False


def process_range(
    scope: SessionScope,
    first: int,
    last: int,
    *,
    dag_id: str,
    run_id: str,
    embedder: Embedder,
    judge: Judge,
    allow_degraded: bool,
    quiet: bool,
    agent: Agent | None = None,
) -> dict[str, int]:
    """Decide and carry out this run's open entries in a range of ids; counts by what happened.

    Entries to ask about are decided and left ``waiting``. Those that a model takes apart or sets
    aside are done, and not counted. A repeat does only what is left.

    Args:
        scope: Opens a transaction; none is open during a call of the model.
        first: Smallest id.
        last: Greatest id.
        dag_id: Of the run that carries the entries out.
        run_id: That run.
        embedder: Of the model in force.
        judge: Gives the confidences.
        allow_degraded: Whether words alone may decide when the embeddings cannot be had.
        quiet: Start no run for a request that is opened. Submitters are told by
            ``include.entries.tell_many``.
        agent: The language model; without one the judge and the customers' words decide alone.

    Raises:
        EmbeddingsUnavailable: retry later (only without ``allow_degraded``).
    """
    counts = {"attached": 0, "created": 0, "asked": 0}
    while True:
        with scope() as session:
            entries = session.scalars(
                select(Entry)
                .where(
                    Entry.id.between(first, last),
                    Entry.dag_id == dag_id,
                    Entry.run_id == run_id,
                    Entry.status.in_((EntryStatus.RECEIVED, EntryStatus.FAILED)),
                )
                .order_by(Entry.id)
                .limit(CHUNK)
            ).all()
            session.expunge_all()
        if not entries:
            return counts
        for outcome in _chunk(scope, entries, embedder, judge, allow_degraded, quiet, agent):
            counts[outcome] += 1
        first = entries[-1].id + 1


def _chunk(
    scope: SessionScope,
    entries: Sequence[Entry],
    embedder: Embedder,
    judge: Judge,
    allow_degraded: bool,
    quiet: bool,
    agent: Agent | None,
) -> list[str]:
    with scope() as session:
        keys = [match_key(entry.id) for entry in entries]
        decided = set(session.scalars(select(Decision.key).where(Decision.key.in_(keys))))
    undecided = [entry for entry in entries if match_key(entry.id) not in decided]
    open_ones = _whole(scope, undecided, agent)
    gone = {entry.id for entry in undecided} - {entry.id for entry in open_ones}
    vectors = _vectors(open_ones, embedder, allow_degraded)
    judges = _judges(scope, open_ones, vectors, embedder.model, judge, agent)
    planned: dict[int, _Planned] = {}
    with scope() as session:
        horizon = newest_request_id(session)
        shared = matching.Shared(horizon=horizon)
        for entry, vector, own in zip(open_ones, vectors, judges, strict=True):
            search = matching.search(session, entry, vector, embedder.model, own, shared)
            planned[entry.id] = _Planned(entry, vector, search, own)
    _draft_all(scope, list(planned.values()), embedder, agent)
    with scope() as session:
        lock_opening(session)
        opened = _Opened(session, embedder.model, horizon)
        kept = {one.entry.id: one.vector for one in planned.values() if one.vector is not None}
        matching.keep_vectors(session, kept, embedder.model)
        return [
            _one(session, entry.id, planned.get(entry.id), embedder, opened, quiet)
            for entry in entries
            if entry.id not in gone
        ]


def _whole(scope: SessionScope, entries: Sequence[Entry], agent: Agent | None) -> Sequence[Entry]:
    """The entries that are matched themselves; the others were taken apart or set aside."""
    if agent is None:
        return entries
    with ThreadPoolExecutor(CALLS) as pool:
        apart = pool.map(partial(taken_apart, scope, agent=agent), entries)
        return [entry for entry, is_apart in zip(entries, apart, strict=True) if not is_apart]


def _written(scope: SessionScope, agent: Agent, planned: _Planned) -> Draft | None:
    return written(scope, planned.entry, planned.draft, agent) if planned.draft else None


def _vectors(
    entries: Sequence[Entry], embedder: Embedder, allow_degraded: bool
) -> list[list[float] | None]:
    if not entries:
        return []
    try:
        return list(embedder.embed([entry.customer_pain for entry in entries]))
    except EmbeddingsUnavailable:
        if allow_degraded:
            return [None] * len(entries)
        raise


def _judges(
    scope: SessionScope,
    entries: Sequence[Entry],
    vectors: Sequence[list[float] | None],
    embedding_model: str,
    judge: Judge,
    agent: Agent | None,
) -> list[Judge]:
    """The judge of each entry: one that has heard the model about it, where there is a model."""
    if agent is None:
        return [judge] * len(entries)
    ask = partial(_consulted, scope, embedding_model, judge, agent)
    with ThreadPoolExecutor(CALLS) as pool:
        return list(pool.map(ask, entries, vectors))


def _consulted(
    scope: SessionScope,
    embedding_model: str,
    judge: Judge,
    agent: Agent,
    entry: Entry,
    vector: list[float] | None,
) -> Judge:
    return consulted(scope, entry, vector, embedding_model, judge, agent)


def _draft_all(
    scope: SessionScope, planned: list[_Planned], embedder: Embedder, agent: Agent | None
) -> None:
    """Draft and embed, in one call, the requests of those that will probably open one."""
    creating = [one for one in planned if one.search.routed.route is Route.CREATE]
    if not creating:
        return
    with scope() as session:
        for one in creating:
            one.draft = matching.draft_for(session, one.entry, one.search.candidates)
    if agent is not None:
        with ThreadPoolExecutor(CALLS) as pool:
            write = partial(_written, scope, agent)
            for one, draft in zip(creating, pool.map(write, creating), strict=True):
                one.draft, one.is_written = draft, True
    texts = [
        embedding_text(one.draft.title, one.draft.description) for one in creating if one.draft
    ]
    try:
        vectors = embedder.embed(texts)
    except EmbeddingsUnavailable:
        return
    for one, text, values in zip(creating, texts, vectors, strict=True):
        if one.vector is not None:
            digest = content_hash(text, embedder.model, embedder.dimensions)
            one.draft_vector = Vector(embedder.model, values, digest)


def _one(
    session: Session,
    entry_id: int,
    planned: _Planned | None,
    embedder: Embedder,
    opened: _Opened,
    quiet: bool,
) -> str:
    if planned is None:
        decision = find_decision(session, match_key(entry_id))
        route = Route(decision.route) if decision else Route.CREATE
    else:
        route = _decide(session, planned, embedder, opened)
    if route is Route.ATTACH:
        outcomes.attach_matched(session, entry_id, quiet=True)
        return "attached"
    if route is Route.CREATE:
        request_id = outcomes.finish_opened(session, entry_id, quiet=True)
        if not quiet:
            queue_new_request(session, session.get_one(Request, request_id))
        return "created"
    entry = session.get_one(Entry, entry_id)
    entry.status, entry.updated_at = EntryStatus.WAITING, func.now()
    return "asked"


def _decide(session: Session, planned: _Planned, embedder: Embedder, opened: _Opened) -> Route:
    entry, vector, search, judge = planned.entry, planned.vector, planned.search, planned.judge
    if not _unmoved(planned, opened):
        search = matching.search(session, entry, vector, embedder.model, judge)
    route = search.routed.route
    opened_id = None
    if route is Route.CREATE:
        draft = planned.draft if planned.is_written else None
        draft = draft or matching.draft_for(session, entry, search.candidates)
        made = planned.draft_vector
        if made is None or planned.draft is None or planned.draft.title != draft.title:
            # Seldom: it looked as if it belonged to a request. sync_embeddings makes it right.
            made = Vector(embedder.model, vector, f"pain:{entry.id}") if vector else None
        opened_id = open_request(session, entry, draft, made).id
        opened.add(made.values if made else None)
    matching.record(
        session,
        entry.id,
        search,
        embedder.model,
        judge,
        degraded=vector is None,
        opened_id=opened_id,
    )
    return route


class _Opened:
    """The requests opened since a chunk's searches; under the lock only the chunk opens more."""

    def __init__(self, session: Session, model: str, horizon: int) -> None:
        of_model = (RequestEmbedding.request_id == Request.id) & (
            RequestEmbedding.model == live_key(session, model)
        )
        rows = session.scalars(
            select(RequestEmbedding.embedding)
            .select_from(Request)
            .outerjoin(RequestEmbedding, of_model)
            .where(Request.id > horizon)
        )
        self._units: list[list[float]] = []
        self._without_vector = False
        for values in rows:
            self.add(values)

    def add(self, vector: Sequence[float] | None) -> None:
        """One more, with its vector."""
        if vector is None:
            self._without_vector = True
        else:
            self._units.append(_unit(vector))

    def closest(self, vector: Sequence[float]) -> float:
        """The greatest cosine similarity to any of them; 1 where one has no vector."""
        if self._without_vector:
            return 1.0
        unit = _unit(vector)
        return max((sum(map(mul, unit, other)) for other in self._units), default=-1.0)

    @property
    def is_empty(self) -> bool:
        """Whether none was opened."""
        return not self._units and not self._without_vector


def _unit(vector: Sequence[float]) -> list[float]:
    values = [float(one) for one in vector]
    length = math.hypot(*values) or 1.0
    return [one / length for one in values]


def _unmoved(planned: _Planned, opened: _Opened) -> bool:
    """Whether what was opened since the search cannot change the decision.

    A request that is farther away than the sixth nearest cannot be the best match, nor change how
    far the best one stands out from its surroundings. All it changes is how many requests there
    are, which moves a confidence by less than ``MARGIN``.
    """
    if opened.is_empty:
        return True
    search, vector = planned.search, planned.vector
    nearest = sorted((c.cosine for c in search.candidates if c.cosine is not None), reverse=True)
    if vector is None or len(nearest) < SURROUNDINGS:
        return False
    confidence = search.routed.best.confidence if search.routed.best else 0.0
    if any(abs(confidence - limit) < MARGIN for limit in search.limits):
        return False
    return opened.closest(vector) < nearest[SURROUNDINGS - 1]


def totals(results: Sequence[dict[str, Any] | None]) -> dict[str, int]:
    """The sums of what several ranges counted."""
    keys = ("attached", "created", "asked")
    return {key: sum((one or {}).get(key, 0) for one in results) for key in keys}
