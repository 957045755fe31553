"""The shadow lane: another model or prompt judges what was decided, and acts on nothing.

It is asked after the decision, about the candidates that the decision keeps, with the feedback that
was attached by then. What it would have done is stored as numbers, once for a decision, a model and
a prompt; a run that is cut short goes on with the next one.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from include.agents.judge import ask_judge
from include.agents.ledger import CallOutcome
from include.base.settings import load_settings
from include.entries.decisions import judge_key, thresholds_for
from include.entries.match import area_ids_of, hold_of
from include.matching.heard import HeardJudge, judge_curve
from include.matching.recorded import RecordedJudge, recorded_candidate, recorded_confidences
from include.matching.route import is_audited, is_shadowed, route
from include.matching.types import Route
from include.store.models import (
    Decision,
    DecisionStep,
    Entry,
    ModelCall,
    Request,
    ShadowVerdict,
)
from include.store.quotes import nearest_quotes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from include.agents.judge import ModelVerdict
    from include.clients.language_model import ShadowLane
    from include.matching.types import Candidate
    from include.store.session import SessionScope

WINDOW = timedelta(days=2)
"""Older decisions are not judged any more: switching the lane on must not pay for the past."""

CALLS = 4
_LATER = (CallOutcome.STARTED, CallOutcome.UNAVAILABLE, CallOutcome.MISCONFIGURED)
"""A call that ended so says nothing about the model; another run asks again."""


@dataclass(frozen=True)
class _Question:
    decision: Decision
    entry: Entry
    candidates: list[Candidate]
    quotes: dict[int, list[str]]


def judge_in_shadow(
    scope: SessionScope, lane: ShadowLane, now: datetime, *, share: float, limit: int
) -> dict[str, Any]:
    """Have the lane judge the decisions of the last days that it has not judged yet, oldest first.

    Args:
        scope: Opens a transaction; none is open during a call.
        lane: Who judges.
        now: The end of the window.
        share: Which share of the decisions is judged, 0 to 1; always the same ones.
        limit: At most so many.

    Returns:
        How many were ``judged``, ``unanswered`` for good and ``left`` for later, and why it was
        ``closed`` (`budget`, `resting`), if so.
    """
    with scope() as session:
        due = [one for one in _due(session, lane, now) if is_shadowed(one, share)]
    portion = due[:limit]
    counts = {"judged": 0, "unanswered": 0, "left": len(due) - len(portion)}
    with ThreadPoolExecutor(CALLS) as pool:
        for outcome in pool.map(lambda one: _judge(scope, lane, one), portion):
            counts[outcome] += 1
    return counts | {"closed": lane.closed[0] if lane.closed else None}


def _due(session: Session, lane: ShadowLane, now: datetime) -> Sequence[int]:
    version = lane.task.prompt_version
    has_verdict = select(ShadowVerdict.id).where(
        ShadowVerdict.decision_id == Decision.id,
        ShadowVerdict.model == lane.model,
        ShadowVerdict.prompt_version == version,
    )
    is_its_own = (Decision.model == lane.model) & (Decision.prompt_version == version)
    return session.scalars(
        select(Decision.id)
        .join(Entry, Entry.id == Decision.entry_id)
        .where(
            Decision.step == DecisionStep.MATCH,
            Decision.decided_at >= now - WINDOW,
            func.jsonb_array_length(Decision.candidates) > 0,
            ~func.coalesce(is_its_own, False),
            ~has_verdict.exists(),
            ~Entry.idempotency_key.startswith("erased:"),
        )
        .order_by(Decision.id)
    ).all()


def _judge(scope: SessionScope, lane: ShadowLane, decision_id: int) -> str:
    """Ask, and store what would have been done; the word by which it is counted."""
    if lane.closed:
        return "left"
    with scope() as session:
        question = _question(session, decision_id)
    key = f"shadow:{decision_id}"
    verdict = ask_judge(
        lane.agent,
        question.entry.customer_pain,
        question.candidates,
        key=key,
        entry_id=question.entry.id,
        quotes=question.quotes,
        task=lane.task,
    )
    with scope() as session:
        calls = session.scalars(
            select(ModelCall)
            .where(
                ModelCall.entry_id == question.entry.id,
                ModelCall.key == key,
                ModelCall.model == lane.model,
                ModelCall.prompt_version == lane.task.prompt_version,
            )
            .order_by(ModelCall.id)
        ).all()
        if verdict is None and (lane.closed or any(one.outcome in _LATER for one in calls[-1:])):
            return "left"
        session.execute(
            insert(ShadowVerdict)
            .values(
                decision_id=decision_id,
                model=lane.model,
                prompt_version=lane.task.prompt_version,
                tokens_in=sum(one.tokens_in for one in calls),
                tokens_out=sum(one.tokens_out for one in calls),
                cost=sum(one.cost for one in calls),
                **(_would(session, question, verdict) if verdict else {}),
            )
            .on_conflict_do_nothing()
        )
    return "judged" if verdict else "unanswered"


def _question(session: Session, decision_id: int) -> _Question:
    """What was on the table, with the requests' texts, and the feedback attached before."""
    decision = session.get_one(Decision, decision_id)
    entry = session.get_one(Entry, decision.entry_id)
    vector = list(entry.embedding) if entry.embedding is not None else None
    ids = [int(row["request_id"]) for row in decision.candidates]
    texts = {
        row.id: row
        for row in session.execute(
            select(Request.id, Request.title, Request.description).where(Request.id.in_(ids))
        )
    }
    candidates = [
        recorded_candidate(row, text.title, text.description)
        for row in decision.candidates
        if (text := texts.get(int(row["request_id"])))
    ]
    quotes = nearest_quotes(
        session,
        ids,
        vector,
        entry.embedding_model or "",
        moment=decision.decided_at,
        without_entry=entry.id,
    )
    session.expunge_all()
    return _Question(decision, entry, candidates, quotes)


def _search_of(session: Session, decision: Decision, verdict: ModelVerdict) -> RecordedJudge:
    """What the search found then, for a pair whose numbers were fitted together with it.

    Of any other pair the higher of both counts in live use. Here that would compare the search with
    itself, so the model is taken by its own word.
    """
    curve = judge_curve(verdict.model, verdict.prompt_version)
    key = f"{HeardJudge.name}/{verdict.model}/{verdict.prompt_version}"
    if curve is None and not thresholds_for(session, [], key).is_fitted:
        return RecordedJudge({})
    name = "searched" if decision.judge == HeardJudge.name else "confidence"
    return RecordedJudge(recorded_confidences(decision.candidates, name))


def _would(session: Session, question: _Question, verdict: ModelVerdict) -> dict[str, Any]:
    """What the live code would have done with this verdict."""
    decision, candidates = question.decision, question.candidates
    heard = HeardJudge(
        model=verdict.model,
        prompt_version=verdict.prompt_version,
        sent=frozenset(candidate.request_id for candidate in candidates),
        stated={one.request_id: one for one in verdict.stated},
        other=_search_of(session, decision, verdict),
    )
    verdicts = heard.judge(question.entry.customer_pain, candidates)
    areas = area_ids_of(session, verdicts[0].request_id) if verdicts else []
    thresholds = thresholds_for(session, areas, judge_key(heard, ""))
    routed = route(
        verdicts,
        {candidate.request_id: candidate for candidate in candidates},
        thresholds,
        degraded=decision.degraded,
        hold=hold_of(heard, thresholds),
        audited=is_audited(question.entry.id, load_settings().audit_share),
    )
    confidence = {one.request_id: one.confidence for one in verdicts}
    best = routed.best
    return {
        "route": routed.route,
        "request_id": best.request_id if best and routed.route is not Route.CREATE else None,
        "confidence": best.confidence if best else None,
        "thresholds_version": thresholds.version,
        "verdicts": [
            {
                "request_id": one.request_id,
                "stated": said.confidence if (said := heard.stated.get(one.request_id)) else None,
                "confidence": round(confidence[one.request_id], 4)
                if one.request_id in confidence
                else None,
            }
            for one in candidates
        ],
    }
