"""What an entry may belong to: the search, the judge's verdicts, the route, and their record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, select, update

from include.base.settings import load_settings
from include.entries.decisions import (
    candidate_record,
    judge_key,
    match_key,
    record_decision,
    thresholds_for,
)
from include.matching.heard import HeardJudge
from include.matching.route import is_audited, route
from include.matching.types import Route
from include.requests.opening import newest_request_id
from include.store.models import ActorKind, Area, DecisionStep, Entry, RequestArea
from include.store.quotes import nearest_quotes
from include.store.search import find_candidates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from include.agents.client import Agent
    from include.matching.types import Candidate, Judge, RoutedMatch, Thresholds, Verdict
    from include.store.session import SessionScope


@dataclass(frozen=True)
class Search:
    """One search with what was judged and decided; ``limits`` are the thresholds it used.

    ``hold`` says why the judge attached nothing by itself, if so.
    """

    candidates: list[Candidate]
    verdicts: list[Verdict]
    routed: RoutedMatch
    thresholds_version: int
    limits: tuple[float, float]
    hold: str = ""


@dataclass
class Shared:
    """What the searches of one short transaction have in common; each need not ask for it again.

    ``horizon`` is the newest request before the first of them.
    """

    horizon: int
    thresholds: dict[tuple[tuple[int, ...], str], Thresholds] = field(default_factory=dict)

    @classmethod
    def of(cls, session: Session) -> Shared:
        """As it is now."""
        return cls(newest_request_id(session))


def search(
    session: Session,
    entry: Entry,
    vector: list[float] | None,
    model: str,
    judge: Judge,
    shared: Shared,
) -> Search:
    """Find candidates for an entry, judge them, and decide by the thresholds in force."""
    candidates = find_candidates(session, pain=entry.customer_pain, vector=vector, model=model)
    verdicts = judge.judge(entry.customer_pain, candidates)
    by_id = {candidate.request_id: candidate for candidate in candidates}
    best = next((by_id[v.request_id] for v in verdicts if v.request_id in by_id), None)
    areas = tuple(best.area_ids if best else _area_ids(session, entry))
    by = judge_key(judge, model)
    if (areas, by) not in shared.thresholds:
        shared.thresholds[areas, by] = thresholds_for(session, areas, by)
    thresholds = shared.thresholds[areas, by]
    hold = hold_of(judge, thresholds)
    routed = route(
        verdicts,
        by_id,
        thresholds,
        degraded=vector is None,
        hold=hold,
        audited=is_audited(entry.id, load_settings().audit_share),
    )
    limits = (thresholds.attach, thresholds.ask)
    return Search(candidates, verdicts, routed, thresholds.version, limits, hold)


def hold_of(judge: Judge, thresholds: Thresholds) -> str:
    """Why a judge may not attach by itself; empty when it may.

    A model that nobody has calibrated may once a person has accepted thresholds that were fitted
    to the answers on it.
    """
    if thresholds.is_fitted or not isinstance(judge, HeardJudge):
        return ""
    return judge.hold


def consulted(
    scope: SessionScope,
    entry: Entry,
    vector: list[float] | None,
    *,
    model: str,
    judge: Judge,
    agent: Agent | None,
) -> Judge:
    """A judge that has heard the language model on this entry's candidates; ``judge`` without one.

    The model is asked outside any transaction. What comes back needs no call, so the decision is
    made under the same locks and by the same code as without a model. Requests that are opened
    after the question are judged by ``judge``: an entry is asked about once.
    """
    if agent is None:
        return judge
    from include.agents.judge import ask_judge, judge_task

    with scope() as session:
        candidates = find_candidates(session, pain=entry.customer_pain, vector=vector, model=model)
        sent = [candidate.request_id for candidate in candidates]
        quotes = nearest_quotes(session, sent, vector, model)
    verdict = ask_judge(
        agent,
        entry.customer_pain,
        candidates,
        key=f"judge:{entry.id}",
        entry_id=entry.id,
        quotes=quotes,
    )
    if verdict is None:
        return judge
    heard = HeardJudge(
        model=verdict.model,
        prompt_version=verdict.prompt_version,
        sent=frozenset(sent),
        stated={one.request_id: one for one in verdict.stated},
        other=judge,
    )
    if heard.hold:
        with scope() as session:
            hold = hold_of(heard, thresholds_for(session, [], judge_key(heard, model)))
        if hold:
            agent.note(judge_task(), "uncalibrated", hold)
    return heard


def keep_vectors(session: Session, vectors: Mapping[int, list[float]], model: str) -> None:
    """Keep vectors with their entries, by id: a later step (Undo, no answer) needs no model."""
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


def record(
    session: Session,
    entry_id: int,
    search: Search,
    model: str,
    judge: Judge,
    *,
    pain: str,
    degraded: bool,
    opened_id: int | None = None,
) -> None:
    """Store the routing decision with all it rests on, once."""
    best = search.routed.best
    heard = judge if isinstance(judge, HeardJudge) else None
    reason = best.reason if best and not opened_id else search.routed.reason
    if search.hold and search.routed.route is Route.ASK:
        reason = f"{reason} {search.hold}".strip()
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
        candidates=candidate_record(search.candidates, search.verdicts, heard=heard, pain=pain),
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


def _area_ids(session: Session, entry: Entry) -> list[int]:
    return list(session.scalars(select(Area.id).where(Area.slug.in_(entry.areas))))
