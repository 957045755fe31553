"""Matching an entry: search, judge, route, and, when a request must be opened, open it at once.

Two near-identical entries that arrive together must not open two requests. So the routing
decision and the new request are one transaction, under a lock, and only when nothing relevant was
opened since the search; otherwise the search is made again and sees it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, select, update

from include.agents.draft import AreaOption, draft_request
from include.base.errors import EmbeddingsUnavailable
from include.entries.decisions import (
    candidate_record,
    find_decision,
    match_key,
    record_decision,
    thresholds_for,
)
from include.entries.entry import get_entry
from include.matching.embed import content_hash, embedding_text
from include.matching.heard import HeardJudge
from include.matching.route import route
from include.matching.types import Route
from include.requests.opening import (
    Vector,
    areas_by_id,
    lock_opening,
    newest_request_id,
    open_request,
)
from include.store.models import ActorKind, Area, DecisionStep, Entry, Outcome, RequestArea
from include.store.search import find_candidates, warm_up

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy.orm import Session

    from include.agents.client import Agent
    from include.agents.draft import Draft
    from include.matching.types import Candidate, Embedder, Judge, RoutedMatch, Thresholds, Verdict
    from include.store.session import SessionScope

MAX_ROUNDS = 8
"""How often a search is repeated because requests were opened meanwhile, before it goes ahead."""

NOT_MATCHED = (Outcome.NOISE, Outcome.SPLIT)
"""What happened to an entry that is not matched itself."""


@dataclass(frozen=True)
class Search:
    """One search with what was judged and decided; ``horizon`` is the newest request it saw.

    ``limits`` are the thresholds it was decided by.
    """

    candidates: list[Candidate]
    verdicts: list[Verdict]
    routed: RoutedMatch
    thresholds_version: int
    horizon: int
    limits: tuple[float, float]


@dataclass
class Shared:
    """What the searches of one short transaction have in common; each need not ask for it again.

    ``horizon`` is the newest request before the first of them.
    """

    horizon: int
    thresholds: dict[tuple[int, ...], Thresholds] = field(default_factory=dict)


def match_entry(
    scope: SessionScope,
    entry_id: int,
    *,
    embedder: Embedder,
    judge: Judge,
    allow_degraded: bool,
    run_id: str | None = None,
    agent_for: Callable[[bool], Agent | None] | None = None,
) -> Route | None:
    """Decide where an entry goes, once: a repeat returns the recorded route.

    Args:
        scope: Opens a transaction; several short ones are used, none is held during a model call.
        entry_id: The stored entry.
        embedder: Of the model in force.
        judge: Gives the confidences.
        allow_degraded: Whether full text alone may decide when the embeddings cannot be had;
            the task sets it on its last try.
        run_id: The run that asks; an entry that another run carries out gives ``None``, as does
            one that was set aside or taken apart.
        agent_for: Finds the language model, told whether one is in use; without one the judge and
            the words of the customer decide alone.

    Raises:
        EmbeddingsUnavailable: retry later (only without ``allow_degraded``).
    """
    with scope() as session:
        entry = get_entry(session, entry_id)
        if (run_id is not None and entry.run_id != run_id) or entry.outcome in NOT_MATCHED:
            return None
        known = find_decision(session, match_key(entry_id))
        if known is not None:
            return Route(known.route)
        agent = agent_for(entry.model_in_use) if agent_for else None
        session.expunge(entry)
        warm_up(session)  # its words are being embedded meanwhile
    if agent is not None:
        from include.entries.ask_model import taken_apart

        if taken_apart(scope, entry, agent):
            return None
    vector = _embed(entry, embedder, allow_degraded=allow_degraded)
    if agent is not None:
        from include.entries.ask_model import consulted

        judge = consulted(scope, entry, vector, embedder.model, judge, agent)
    for attempt in range(MAX_ROUNDS):
        with scope() as session:
            found = search(session, entry, vector, embedder.model, judge)
            if vector is not None:
                keep_vector(session, entry_id, vector, embedder.model)
            if found.routed.route is not Route.CREATE:
                record(session, entry_id, found, embedder.model, judge, degraded=vector is None)
                return found.routed.route
        draft, draft_vector = _draft(scope, entry, found.candidates, embedder, vector, agent)
        with scope() as session:
            lock_opening(session)
            last = attempt == MAX_ROUNDS - 1
            if not last and find_candidates(
                session,
                pain=entry.customer_pain,
                vector=vector,
                model=embedder.model,
                opened_after_id=found.horizon,
            ):
                continue
            request = open_request(session, entry, draft, draft_vector)
            record(
                session,
                entry_id,
                found,
                embedder.model,
                judge,
                degraded=vector is None,
                opened_id=request.id,
            )
            return Route.CREATE
    raise AssertionError("unreachable: the last round always decides")


def draft_for(session: Session, entry: Entry, candidates: Sequence[Candidate]) -> Draft:
    """A title, a description and areas for the request an entry opens, without a model."""
    areas = areas_by_id(session)
    wanted = [area for area in areas if area.slug in set(entry.areas)]
    draft = draft_request(
        entry.customer_pain,
        [AreaOption(area.id, area.slug, area.name, area.description) for area in wanted or areas],
        () if wanted else candidates,
    )
    if entry.suggestion:
        draft = replace(draft, **entry.suggestion)
    return replace(draft, area_ids=tuple(area.id for area in wanted)) if wanted else draft


def request_vector(draft: Draft, embedder: Embedder) -> Vector:
    """The vector of a request's own text."""
    text = embedding_text(draft.title, draft.description)
    [values] = embedder.embed([text])
    return Vector(embedder.model, values, content_hash(text, embedder.model, embedder.dimensions))


def provisional_vector(entry: Entry) -> Vector | None:
    """The customer's words' own vector, to serve until the request's text is embedded."""
    if entry.embedding is None or entry.embedding_model is None:
        return None
    return Vector(entry.embedding_model, list(entry.embedding), f"pain:{entry.id}")


def _embed(entry: Entry, embedder: Embedder, *, allow_degraded: bool) -> list[float] | None:
    try:
        [vector] = embedder.embed([entry.customer_pain])
    except EmbeddingsUnavailable:
        if allow_degraded:
            return None
        raise
    return vector


def keep_vector(session: Session, entry_id: int, vector: list[float], model: str) -> None:
    """With the entry, so that a later step (Undo, no answer) needs no model."""
    session.execute(
        update(Entry)
        .where(Entry.id == entry_id)
        .values(embedding=vector, embedding_model=model, updated_at=func.now())
    )


def keep_vectors(session: Session, vectors: Mapping[int, list[float]], model: str) -> None:
    """Those of many entries, by id, in one round trip."""
    if not vectors:
        return
    table = Entry.__table__
    statement = (
        update(table)  # type: ignore[arg-type]
        .where(table.c.id == bindparam("entry_id"))
        .values(embedding=bindparam("vector"), embedding_model=model, updated_at=func.now())
    )
    rows = [{"entry_id": entry_id, "vector": vector} for entry_id, vector in vectors.items()]
    session.connection().execute(statement, rows)


def search(
    session: Session,
    entry: Entry,
    vector: list[float] | None,
    model: str,
    judge: Judge,
    shared: Shared | None = None,
) -> Search:
    """Find candidates for an entry, judge them, and decide by the thresholds in force."""
    shared = shared or Shared(newest_request_id(session))
    candidates = find_candidates(session, pain=entry.customer_pain, vector=vector, model=model)
    verdicts = judge.judge(entry.customer_pain, candidates)
    by_id = {candidate.request_id: candidate for candidate in candidates}
    best = next((by_id[v.request_id] for v in verdicts if v.request_id in by_id), None)
    areas = tuple(best.area_ids if best else _area_ids(session, entry))
    if areas not in shared.thresholds:
        shared.thresholds[areas] = thresholds_for(session, areas)
    thresholds = shared.thresholds[areas]
    hold = judge.hold if isinstance(judge, HeardJudge) else ""
    routed = route(verdicts, by_id, thresholds, degraded=vector is None, hold=hold)
    limits = (thresholds.attach, thresholds.ask)
    return Search(candidates, verdicts, routed, thresholds.version, shared.horizon, limits)


def _draft(
    scope: SessionScope,
    entry: Entry,
    candidates: Sequence[Candidate],
    embedder: Embedder,
    vector: list[float] | None,
    agent: Agent | None = None,
) -> tuple[Draft, Vector | None]:
    with scope() as session:
        draft = draft_for(session, entry, candidates)
    if agent is not None:
        from include.entries.ask_model import written

        draft = written(scope, entry, draft, agent)
    if vector is None:
        return draft, None
    try:
        return draft, request_vector(draft, embedder)
    except EmbeddingsUnavailable:
        return draft, Vector(embedder.model, vector, f"pain:{entry.id}")


def _area_ids(session: Session, entry: Entry) -> list[int]:
    return list(session.scalars(select(Area.id).where(Area.slug.in_(entry.areas))))


def record(
    session: Session,
    entry_id: int,
    search: Search,
    model: str,
    judge: Judge,
    *,
    degraded: bool,
    opened_id: int | None = None,
) -> None:
    """Store the routing decision with all it rests on, once."""
    best = search.routed.best
    heard = judge if isinstance(judge, HeardJudge) else None
    reason = best.reason if best and not opened_id else search.routed.reason
    if heard and heard.hold and search.routed.route is Route.ASK:
        reason = f"{reason} {heard.hold}".strip()
    record_decision(
        session,
        key=match_key(entry_id),
        entry_id=entry_id,
        step=DecisionStep.MATCH,
        route=search.routed.route,
        request_id=opened_id or (best.request_id if best else None),
        confidence=best.confidence if best else None,
        reason=reason,
        match_type=best.match_type if best else None,
        candidates=candidate_record(search.candidates, search.verdicts),
        thresholds_version=search.thresholds_version,
        judge=judge.name,
        model=heard.model if heard else model,
        prompt_version=heard.prompt_version if heard else None,
        degraded=degraded,
        actor_kind=ActorKind.SYSTEM,
    )


def area_ids_of(session: Session, request_id: int) -> list[int]:
    """The areas of a request."""
    return list(
        session.scalars(select(RequestArea.area_id).where(RequestArea.request_id == request_id))
    )
