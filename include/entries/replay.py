"""Judging past decisions anew, by other rules, beside what people decided; nothing is written.

A decision is taken as it was: the entry's words and vector, the requests that existed before it,
with the status they had. Only the judge, its calibration or the thresholds are others.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, text

from include.entries.decisions import judge_key, thresholds_for
from include.entries.match import area_ids_of, hold_of
from include.insights.prepared import read_only
from include.matching.recorded import (
    RecordedJudge,
    recorded_candidate,
    recorded_confidences,
)
from include.matching.route import route
from include.matching.types import Route, Thresholds
from include.store.merges import survivors_of
from include.store.models import Decision, DecisionStep, Entry, Request
from include.store.search import find_candidates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from include.matching.types import Candidate, Judge, RoutedMatch
    from include.store.session import SessionScope

    JudgeOf = Callable[[Entry, Sequence[Candidate]], Judge]

LISTED = 50
WRONG_ATTACHMENT, DUPLICATE, QUESTION = 5, 2, 1
"""What a mistake costs beside a question; the same weights as ``make eval``."""

_STATUS_THEN = text(
    """
    SELECT DISTINCT ON (request_id) request_id, status FROM request_status_changes
     WHERE request_id = ANY(:ids) AND changed_at <= :moment
     ORDER BY request_id, changed_at DESC, id DESC
    """
)


@dataclass(frozen=True)
class Past:
    """A matcher's decision, and where people said the entry belongs.

    ``truth`` is the request, ``None`` for a new one; without ``is_known`` nobody said anything.
    """

    decision_id: int
    entry_id: int
    route: str
    request_id: int | None
    is_known: bool = False
    truth: int | None = None
    truth_words: str = "nobody said"


@dataclass(frozen=True)
class Rules:
    """What is different from then; ``None`` keeps the thresholds in force."""

    attach: float | None = None
    ask: float | None = None

    def thresholds(self, found: Thresholds) -> Thresholds:
        """The thresholds to decide by."""
        attach = found.attach if self.attach is None else self.attach
        ask = found.ask if self.ask is None else self.ask
        return Thresholds(version=found.version, attach=attach, ask=min(ask, attach))


def replay(
    scope: SessionScope,
    since: datetime,
    until: datetime,
    *,
    judge_of: JudgeOf | None,
    rules: Rules,
    limit: int,
    judge: str | None = None,
) -> dict[str, Any]:
    """What the rules would decide about the matcher's decisions of a window.

    Args:
        scope: Opens a transaction; each is made read-only, and none is open during a model call.
        since: The window begins here.
        until: And ends before this moment.
        judge_of: The judge for an entry and its candidates; it may ask a model. None: what was
            said then is routed again, without a search.
        rules: Thresholds that differ.
        limit: At most so many decisions, the newest; the result says how many there were.
        judge: Only decisions of the judge with this `judge_key`.
    """
    with scope() as session:
        read_only(session)
        past, total = past_decisions(session, since, until, limit, *_by(judge))
    table: Counter[tuple[str, str, str]] = Counter()
    differs: list[dict[str, Any]] = []
    then, now = _Score(), _Score()
    not_replayed = 0
    for one in past:
        found = _again(scope, one, judge_of, rules)
        if found is None:
            not_replayed += 1
            continue
        routed, request_id = found
        table[one.route, str(routed.route), one.truth_words] += 1
        then.count(one, one.route, one.request_id)
        now.count(one, routed.route, request_id)
        if (routed.route, request_id) != (one.route, one.request_id):
            differs.append(
                {
                    "entry_id": one.entry_id,
                    "then": one.route,
                    "then_request_id": one.request_id,
                    "now": str(routed.route),
                    "now_request_id": request_id,
                    "confidence": round(routed.best.confidence, 4) if routed.best else None,
                    "people": one.truth_words,
                    "people_request_id": one.truth,
                }
            )
    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "decisions": total,
        "replayed": len(past) - not_replayed,
        "not_replayed": not_replayed,
        "differ": len(differs),
        "confusion": [
            {"then": a, "now": b, "people": c, "count": n}
            for (a, b, c), n in sorted(table.items(), key=lambda item: (-item[1], item[0]))
        ],
        "then": then.as_dict(),
        "now": now.as_dict(),
        "differing": differs[:LISTED],
    }


@dataclass
class _Score:
    """How often a route was right where people said what is right; ``cost`` of the mistakes."""

    known: int = 0
    right: int = 0
    wrong_attachments: int = 0
    duplicates: int = 0
    questions: int = 0
    attached: int = 0

    def count(self, past: Past, taken: str, request_id: int | None) -> None:
        self.questions += taken == Route.ASK
        self.attached += taken == Route.ATTACH
        if not past.is_known:
            return
        self.known += 1
        if taken == Route.ATTACH:
            is_right = past.truth is not None and request_id == past.truth
            self.right += is_right
            self.wrong_attachments += not is_right
        elif taken == Route.CREATE:
            self.right += past.truth is None
            self.duplicates += past.truth is not None

    def as_dict(self) -> dict[str, Any]:
        return {
            "attached": self.attached,
            "questions": self.questions,
            "known": self.known,
            "right": self.right,
            "wrong_attachments": self.wrong_attachments,
            "duplicates": self.duplicates,
            "cost": WRONG_ATTACHMENT * self.wrong_attachments
            + DUPLICATE * self.duplicates
            + QUESTION * self.questions,
        }


def _by(judge: str | None) -> tuple[ColumnElement[bool], ...]:
    key = func.concat_ws("/", Decision.judge, Decision.model, Decision.prompt_version)
    return () if judge is None else (key == judge,)


def past_decisions(
    session: Session, since: datetime, until: datetime, limit: int, *which: ColumnElement[bool]
) -> tuple[list[Past], int]:
    """The matcher's newest decisions of a window with people's last word, and how many there are.

    ``which`` are more conditions on them.
    """
    window = (
        Decision.step == DecisionStep.MATCH,
        Decision.decided_at >= since,
        Decision.decided_at < until,
        *which,
    )
    total = session.scalar(select(func.count(Decision.id)).where(*window)) or 0
    rows = session.scalars(
        select(Decision).where(*window).order_by(Decision.id.desc()).limit(limit)
    ).all()
    ids = [row.entry_id for row in rows]
    said: dict[int, list[Decision]] = {}
    people = (DecisionStep.ANSWER, DecisionStep.UNDO, DecisionStep.PICK)
    for row in session.scalars(
        select(Decision)
        .where(Decision.entry_id.in_(ids), Decision.step.in_(people))
        .order_by(Decision.id)
    ):
        said.setdefault(row.entry_id, []).append(row)
    about = {row.request_id for row in rows} | {
        row.request_id for decisions in said.values() for row in decisions
    }
    roots = survivors_of(session, [one for one in about if one is not None])
    return [_with_people(row, said.get(row.entry_id, []), roots) for row in rows], total


def _with_people(decision: Decision, said: Sequence[Decision], roots: dict[int, int]) -> Past:
    """The last word of people: an answer, an Undo, a pick, or a merge of what was created."""
    own = decision.request_id
    plain = Past(decision.id, decision.entry_id, decision.route, _root(own, roots))
    if decision.route == Route.CREATE:
        plain = replace(plain, request_id=None)
    if said:
        last = said[-1]
        if last.route == Route.ATTACH:
            words = "picked another" if last.step == DecisionStep.PICK else "confirmed"
            return replace(
                plain, is_known=True, truth=_root(last.request_id, roots), truth_words=words
            )
        words = "undone" if last.step == DecisionStep.UNDO else "declined"
        return replace(plain, is_known=True, truth=None, truth_words=words)
    if decision.route == Route.CREATE and own in roots:
        return replace(plain, is_known=True, truth=roots[own], truth_words="merged later")
    return plain


def _root(request_id: int | None, roots: dict[int, int]) -> int | None:
    return roots.get(request_id, request_id) if request_id is not None else None


def _again(
    scope: SessionScope, past: Past, judge_of: JudgeOf | None, rules: Rules
) -> tuple[RoutedMatch, int | None] | None:
    """The route now and the request it is about; None for an entry whose vector is gone."""
    if judge_of is None:
        return _as_recorded(scope, past, rules)
    with scope() as session:
        read_only(session)
        entry = session.get_one(Entry, past.entry_id)
        vector = list(entry.embedding) if entry.embedding is not None else None
        if vector is None or entry.embedding_model is None:
            return None
        moment = session.get_one(Decision, past.decision_id).decided_at
        candidates = _candidates(session, entry, vector, moment)
        session.expunge_all()
    judge = judge_of(entry, candidates)
    verdicts = judge.judge(entry.customer_pain, candidates)
    by_id = {candidate.request_id: candidate for candidate in candidates}
    best = next((by_id[one.request_id] for one in verdicts if one.request_id in by_id), None)
    with scope() as session:
        read_only(session)
        key = judge_key(judge, entry.embedding_model)
        in_force = thresholds_for(session, best.area_ids if best else [], key)
    hold = hold_of(judge, in_force)
    routed = route(verdicts, by_id, rules.thresholds(in_force), hold=hold)
    return routed, _about(routed)


def _as_recorded(scope: SessionScope, past: Past, rules: Rules) -> tuple[RoutedMatch, int | None]:
    """What was said then, by other thresholds; a model that was on hold is heard out."""
    with scope() as session:
        read_only(session)
        decision = session.get_one(Decision, past.decision_id)
        candidates = [recorded_candidate(row) for row in decision.candidates]
        said = RecordedJudge(recorded_confidences(decision.candidates, "confidence"))
        verdicts = said.judge("", candidates)
        areas = area_ids_of(session, verdicts[0].request_id) if verdicts else []
        key = "/".join(
            part for part in (decision.judge, decision.model, decision.prompt_version) if part
        )
        in_force = thresholds_for(session, areas, key)
    by_id = {candidate.request_id: candidate for candidate in candidates}
    routed = route(verdicts, by_id, rules.thresholds(in_force), degraded=decision.degraded)
    return routed, _about(routed)


def _about(routed: RoutedMatch) -> int | None:
    return routed.best.request_id if routed.best and routed.route is not Route.CREATE else None


def _candidates(
    session: Session, entry: Entry, vector: list[float], moment: datetime
) -> list[Candidate]:
    """The candidates as they stood: requests opened before, with the status they had."""
    found = find_candidates(
        session,
        pain=entry.customer_pain,
        vector=vector,
        model=entry.embedding_model or "",
        opened_before=moment,
        without_entry=entry.id,
    )
    ids = [candidate.request_id for candidate in found]
    then = {
        row.request_id: row.status
        for row in session.execute(_STATUS_THEN, {"ids": ids, "moment": moment})
    }
    size = session.scalar(select(func.count(Request.id)).where(Request.created_at < moment)) or 0
    return [
        replace(candidate, status=then.get(candidate.request_id, "open"), corpus_size=size)
        for candidate in found
    ]
