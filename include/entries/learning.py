"""Proposing thresholds that people's answers speak for, and carrying out what is decided on them.

A proposal changes nothing. An approver accepts it, which makes a new version of the thresholds; one
press takes that back by another version with the values from before.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from include.base.settings import load_settings
from include.entries.decisions import is_models
from include.entries.labels import judges_between, labels_as_of, recent_confidences
from include.entries.replay import Rules, replay
from include.matching.heard import judge_curve
from include.matching.learning import NEVER, Costs, learned
from include.store.models import Area, ProposalState, ThresholdProposal, ThresholdSet

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from include.entries.replay import JudgeOf
    from include.matching.learning import Learned
    from include.store.session import SessionScope

WINDOW = timedelta(days=30)
"""What the thresholds would have done is shown for so long before the day of the proposal."""

AREA_LABELS = 50
"""An area with fewer answers of its own follows the deployment."""

LEAST_CHANGE = 0.005
"""Thresholds that differ by less are not worth a question."""

REPLAYED = 200


def propose(scope: SessionScope, as_of: datetime, *, judge_of: JudgeOf) -> list[int]:
    """Store what the answers known at a moment speak for; the ids of the open proposals.

    Each judge that decided lately has its own: answers on one say nothing about another's
    confidence. ``judge_of`` is for replaying the last month without a language model; where a
    model judged, what it said then is routed again, at no cost.

    A repeat for the same moment finds its rows. An older proposal that nobody has answered is
    replaced. Nothing is proposed where too few answers are known or nothing would change. The costs
    are those that the settings name now.
    """
    costs, audited = _costs(), load_settings().audit_share
    with scope() as session:
        areas: list[int | None] = [None, *session.scalars(select(Area.id).order_by(Area.id))]
        judges = judges_between(session, as_of - WINDOW, as_of)
        found = []
        for judge, area_id in product(judges, areas):
            since = as_of - WINDOW
            labels = labels_as_of(session, as_of, judge, area_id, since=since)
            recent = recent_confidences(session, since, as_of, judge, area_id)
            enough = area_id is None or len(labels) >= AREA_LABELS
            result = learned(labels, recent, costs, audited) if enough else None
            if result is not None and _changes(session, area_id, judge, result):
                found.append((judge, area_id, result))
    ids = []
    for judge, area_id, result in found:
        last_month = replay(
            scope,
            as_of - WINDOW,
            as_of,
            judge_of=None if is_models(judge) else judge_of,
            rules=Rules(attach=result.attach, ask=result.ask),
            limit=REPLAYED,
            judge=judge,
        )
        with scope() as session:
            ids.append(_store(session, area_id, judge, as_of, result, costs, last_month))
    return ids


def in_force(session: Session, area_id: int | None, judge: str | None = None) -> ThresholdSet:
    """The thresholds an area is under: its own newest, or else the deployment's.

    As ``thresholds_for``: those of a judge count beside those for all.
    """
    return session.scalars(
        select(ThresholdSet)
        .where(
            or_(ThresholdSet.area_id.is_(None), ThresholdSet.area_id == area_id),
            or_(ThresholdSet.judge.is_(None), ThresholdSet.judge == judge),
        )
        .order_by(ThresholdSet.area_id.is_(None), ThresholdSet.version.desc())
        .limit(1)
    ).one()


def proposals(
    session: Session, *, state: ProposalState | None = None, limit: int = 50
) -> list[ThresholdProposal]:
    """Proposals, newest first; for pages and cards."""
    statement = select(ThresholdProposal).order_by(ThresholdProposal.id.desc()).limit(limit)
    if state is not None:
        statement = statement.where(ThresholdProposal.state == state)
    return list(session.scalars(statement))


def accept(session: Session, proposal_id: int, by: str) -> ThresholdProposal | None:
    """Put a proposal's thresholds in force; None when it is no longer open."""
    found = _locked(session, proposal_id, ProposalState.OPEN)
    if found is None:
        return None
    before = in_force(session, found.area_id, found.judge)
    found.facts = {**found.facts, "before": _values(before)}
    found.version = _new_version(
        session,
        area_id=found.area_id,
        judge=found.judge,
        is_fitted=found.judge is not None,
        attach=found.attach,
        ask=found.ask,
        note=f"Learned from {found.labels} answers (proposal {found.id})",
        created_by=by,
    )
    return _decided(found, ProposalState.ACCEPTED, by)


def decline(session: Session, proposal_id: int, by: str) -> ThresholdProposal | None:
    """Leave the thresholds as they are; None when the proposal is no longer open."""
    found = _locked(session, proposal_id, ProposalState.OPEN)
    return _decided(found, ProposalState.DECLINED, by) if found else None


def undo(session: Session, proposal_id: int, by: str) -> ThresholdProposal | None:
    """Take an accepted proposal back: a version with the values from before it.

    None when it is not accepted, or when its thresholds are no longer those in force.
    """
    found = _locked(session, proposal_id, ProposalState.ACCEPTED)
    if found is None or in_force(session, found.area_id, found.judge).version != found.version:
        return None
    before = found.facts["before"]
    found.undone_version = _new_version(
        session,
        area_id=found.area_id,
        judge=found.judge,
        is_fitted=bool(before.get("is_fitted")),
        attach=before["attach"],
        ask=before["ask"],
        note=f"Proposal {found.id} taken back",
        created_by=by,
    )
    return _decided(found, ProposalState.UNDONE, by)


def _costs() -> Costs:
    settings = load_settings()
    return Costs(settings.cost_wrong, settings.cost_duplicate, settings.cost_question)


def is_held(session: Session, area_id: int | None, judge: str | None) -> bool:
    """Whether a judge attaches nothing by itself because nobody has calibrated it."""
    if judge is None or not is_models(judge):
        return False
    model, _, prompt_version = judge.partition("/")[2].rpartition("/")
    fitted = in_force(session, area_id, judge).is_fitted
    return not fitted and judge_curve(model, prompt_version) is None


def _changes(session: Session, area_id: int | None, judge: str, result: Learned) -> bool:
    if is_held(session, area_id, judge) and result.attach < NEVER:
        return True
    now = in_force(session, area_id, judge)
    return max(abs(now.attach - result.attach), abs(now.ask - result.ask)) >= LEAST_CHANGE


def _store(
    session: Session,
    area_id: int | None,
    judge: str,
    as_of: datetime,
    result: Learned,
    costs: Costs,
    last_month: dict[str, Any],
) -> int:
    key = f"{area_id or 'all'}:{as_of.isoformat()}:{judge}"
    names = ("decisions", "replayed", "differ", "then", "now")
    facts = {
        "offset": round(result.shift.offset, 4),
        "slope": round(result.shift.slope, 4),
        "attached": round(result.attached, 4),
        "most_by_one": round(result.most_by_one, 4),
        "why_not": result.why_not,
        "attaches": result.attach < NEVER,
        "costs": {
            "wrong": costs.wrong,
            "duplicate": costs.duplicate,
            "question": costs.question,
        },
        "held": is_held(session, area_id, judge),
        "last_month": {name: last_month[name] for name in names},
    }
    stored: int | None = session.scalar(
        insert(ThresholdProposal)
        .values(
            key=key,
            area_id=area_id,
            judge=judge,
            as_of=as_of,
            attach=round(result.attach, 4),
            ask=round(result.ask, 4),
            labels=result.labels,
            precision=result.precision,
            facts=facts,
        )
        .on_conflict_do_nothing()
        .returning(ThresholdProposal.id)
    )
    if stored is None:
        return session.scalars(
            select(ThresholdProposal.id).where(ThresholdProposal.key == key)
        ).one()
    session.execute(
        update(ThresholdProposal)
        .where(
            ThresholdProposal.area_id.is_not_distinct_from(area_id),
            or_(ThresholdProposal.judge.is_(None), ThresholdProposal.judge == judge),
            ThresholdProposal.state == ProposalState.OPEN,
            ThresholdProposal.id < stored,
        )
        .values(state=ProposalState.REPLACED)
    )
    return stored


def _locked(session: Session, proposal_id: int, state: ProposalState) -> ThresholdProposal | None:
    return session.scalars(
        select(ThresholdProposal)
        .where(ThresholdProposal.id == proposal_id, ThresholdProposal.state == state)
        .with_for_update()
    ).one_or_none()


def _new_version(session: Session, **values: Any) -> int:
    made = ThresholdSet(**values)
    session.add(made)
    session.flush()
    return made.version


def _decided(found: ThresholdProposal, state: ProposalState, by: str) -> ThresholdProposal:
    found.state, found.decided_by, found.decided_at = state, by, func.now()
    return found


def _values(row: ThresholdSet) -> dict[str, Any]:
    return {
        "version": row.version,
        "attach": row.attach,
        "ask": row.ask,
        "is_fitted": row.is_fitted,
    }
