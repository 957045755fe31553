"""The truth about entries, read from the database for every surface that shows one."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from include.base.entry_state import (
    Change,
    Customer,
    EntryState,
    QuestionState,
    RequestFacts,
    Stage,
)
from include.base.settings import load_settings
from include.entries.spoken_for import reasons_with_evidence
from include.people.actor import label_of
from include.store.merges import survivors_of
from include.store.models import (
    Account,
    Area,
    Decision,
    DecisionStep,
    Entry,
    EntryStatus,
    Feedback,
    Hook,
    Opportunity,
    Outcome,
    Request,
    RequestArea,
    Route,
    User,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.orm import Session

    from include.durable.types import HookView

HANDLER = "question"
"""Word of the handler of hooks that ask about entries."""

NOT_FEEDBACK = "not_feedback"
"""``noise_reason`` of an entry that a person took back."""

NEAREST = 3
_CHANGES = (DecisionStep.UNDO, DecisionStep.PICK, DecisionStep.WITHDRAW, DecisionStep.RESTORE)
_ENDS = {Outcome.ATTACHED: Stage.ATTACHED, Outcome.CREATED: Stage.CREATED}


def state_of(session: Session, entry_id: int) -> EntryState:
    """How one entry stands; see :func:`states_of`."""
    return states_of(session, [entry_id])[0]


def states_of(session: Session, entry_ids: Sequence[int]) -> list[EntryState]:
    """How entries stand now, in the given order; ids that do not exist are left out.

    A few statements for all of them. An entry that was taken apart has its parts in ``pains``.
    """
    session.flush()
    rows = session.execute(
        select(Entry, Feedback, Account, Opportunity.name, User)
        .outerjoin(Feedback, (Feedback.entry_id == Entry.id) & Feedback.removed_at.is_(None))
        .outerjoin(Account, Account.id == Entry.account_id)
        .outerjoin(Opportunity, Opportunity.id == Entry.opportunity_id)
        .outerjoin(User, User.id == Entry.submitter_id)
        .where(Entry.id.in_(entry_ids))
        .execution_options(populate_existing=True)
    ).all()
    by_id = {row.Entry.id: row for row in rows}
    decisions: dict[int, list[Decision]] = defaultdict(list)
    for decision in session.scalars(
        select(Decision).where(Decision.entry_id.in_(entry_ids)).order_by(Decision.id)
    ):
        decisions[decision.entry_id].append(decision)
    questions = _questions(session, [row.Entry for row in rows], decisions)
    left = {
        row.entry_id: row.request_id
        for row in session.execute(
            select(Feedback.entry_id, Feedback.request_id)
            .where(Feedback.entry_id.in_(entry_ids), Feedback.removed_at.is_not(None))
            .order_by(Feedback.id)
        )
    }
    reasons = reasons_with_evidence(
        session,
        (one for found in decisions.values() for one in found if one.step == DecisionStep.MATCH),
    )
    near = {entry_id: _nearest_ids(found) for entry_id, found in decisions.items()}
    wanted = {row.Feedback.request_id for row in rows if row.Feedback is not None}
    wanted |= {one.request_id for found in decisions.values() for one in found if one.request_id}
    wanted |= set(left.values()) | {one for ids in near.values() for one in ids}
    requests = request_facts(session, wanted)
    pains = _pains(session, rows)
    return [
        _state(
            by_id[entry_id],
            decisions[entry_id],
            reasons,
            questions.get(entry_id),
            requests,
            left.get(entry_id),
            near.get(entry_id, []),
            pains.get(entry_id, ()),
        )
        for entry_id in entry_ids
        if entry_id in by_id
    ]


def request_facts(session: Session, request_ids: Collection[int]) -> dict[int, RequestFacts]:
    """What can be said about requests, with the one that each is merged into."""
    if not request_ids:
        return {}
    merged = survivors_of(session, request_ids)
    ids = {*request_ids, *merged.values()}
    names = (
        select(func.array_agg(Area.name))
        .join(RequestArea, RequestArea.area_id == Area.id)
        .where(RequestArea.request_id == Request.id)
        .scalar_subquery()
    )
    settings = load_settings()
    plain = {
        row.id: RequestFacts(
            id=row.id,
            title=row.title,
            slug=row.slug,
            url=settings.request_url(row.slug),
            status=row.status,
            areas=tuple(sorted(row.areas or ())),
        )
        for row in session.execute(
            select(Request.id, Request.title, Request.slug, Request.status, names.label("areas"))
            .where(Request.id.in_(ids))
            .execution_options(populate_existing=True)
        )
    }
    return {one: _merged(plain[one], plain.get(merged.get(one, 0))) for one in ids if one in plain}


def question_state(hook: HookView | Hook) -> QuestionState:
    """What a question's row says about its answer."""
    answer = hook.answer or {}
    picked = answer.get("request_id")
    suggested = hook.question.get("request_id")
    return QuestionState(
        hook_id=hook.id,
        status=str(hook.status),
        choice=answer.get("choice"),
        picked_id=int(picked) if picked not in (None, suggested) else None,
        by=hook.answered_by,
        at=hook.closed_at,
        asked=tuple(hook.responders),
        expires_at=hook.expires_at,
        together=len(hook.question.get("entries", ())),
    )


def _merged(request: RequestFacts, root: RequestFacts | None) -> RequestFacts:
    return request if root is None else RequestFacts(**{**vars(request), "part_of": root})


def _questions(
    session: Session, entries: Sequence[Entry], decisions: dict[int, list[Decision]]
) -> dict[int, QuestionState]:
    """The question of each entry's present run, where it was asked."""
    asked = [
        entry
        for entry in entries
        if any(
            one.step == DecisionStep.MATCH and one.route == Route.ASK for one in decisions[entry.id]
        )
    ]
    found: dict[int, QuestionState] = {}
    for run in {(entry.dag_id, entry.run_id) for entry in asked}:
        hooks = session.scalars(
            select(Hook)
            .where(
                Hook.dag_id == run[0],
                Hook.run_id == run[1],
                Hook.is_current,
                Hook.handler == HANDLER,
            )
            .execution_options(populate_existing=True)
        )
        for hook in hooks:
            state = question_state(hook)
            for entry_id, _ in hook.question["entries"]:
                found[int(entry_id)] = state
    return found


def _nearest_ids(decisions: Sequence[Decision]) -> list[int]:
    match = next((one for one in decisions if one.step == DecisionStep.MATCH), None)

    def nearness(candidate: dict[str, Any]) -> tuple[float, float, float]:
        return tuple(float(candidate.get(k) or 0) for k in ("confidence", "cosine", "text_score"))  # type: ignore[return-value]

    if match is None:
        return []
    return [int(one["request_id"]) for one in sorted(match.candidates, key=nearness, reverse=True)]


def _pains(session: Session, rows: Sequence[Any]) -> dict[int, tuple[EntryState, ...]]:
    split = [row.Entry.id for row in rows if row.Entry.outcome == Outcome.SPLIT]
    if not split:
        return {}
    of_parent: dict[int, list[int]] = defaultdict(list)
    for child in session.execute(
        select(Entry.id, Entry.parent_id)
        .where(Entry.parent_id.in_(split))
        .order_by(Entry.pain_number)
    ):
        of_parent[child.parent_id].append(child.id)
    return {parent: tuple(states_of(session, ids)) for parent, ids in of_parent.items()}


def _state(
    row: Any,
    decisions: Sequence[Decision],
    reasons: dict[int, str],
    question: QuestionState | None,
    requests: dict[int, RequestFacts],
    left: int | None,
    near: Sequence[int],
    pains: tuple[EntryState, ...],
) -> EntryState:
    entry, feedback = row.Entry, row.Feedback
    match = next((one for one in decisions if one.step == DecisionStep.MATCH), None)
    stage = _stage(entry, question)
    request_id = feedback.request_id if feedback is not None else None
    if request_id is None and match is not None and match.route == Route.ASK:
        request_id = match.request_id
    change = _change(entry, decisions)
    told = feedback if feedback is not None else match
    reason = told.reason if told is not None else ""
    if match is not None and reason == match.reason:
        reason = reasons[match.id]
    return EntryState(
        entry_id=entry.id,
        stage=stage,
        quote=entry.customer_pain,
        customer=_customer(row),
        created_at=entry.created_at,
        request=requests.get(request_id) if request_id is not None else None,
        confidence=told.confidence if told is not None else None,
        reason=reason,
        question=question,
        change=change,
        came_from=requests.get(left) if left is not None else None,
        nearest=_shown(near, request_id, requests) if stage is Stage.CREATED else (),
        feedback_id=feedback.id if feedback is not None else None,
        noise_reason=entry.noise_reason if entry.outcome == Outcome.NOISE else None,
        in_review=row.User is None or row.User.slack_user_id is None,
        pains=pains,
        why_url=load_settings().entry_url(entry.id),
    )


def _change(entry: Entry, decisions: Sequence[Decision]) -> Change | None:
    """What a person did last; that an entry was taken up again is noted with the entry."""
    changes = [
        Change(str(one.step), one.actor, one.decided_at)
        for one in decisions
        if one.step in _CHANGES
    ]
    if entry.restored_at is not None:
        changes.append(Change(str(DecisionStep.RESTORE), entry.restored_by, entry.restored_at))
    return max(changes, key=lambda one: one.at, default=None)


def _stage(entry: Entry, question: QuestionState | None) -> Stage:
    if entry.outcome == Outcome.NOISE:
        return Stage.WITHDRAWN if entry.noise_reason == NOT_FEEDBACK else Stage.SET_ASIDE
    if entry.outcome == Outcome.SPLIT:
        return Stage.SPLIT
    if entry.outcome is not None:
        return _ENDS[entry.outcome]
    if entry.status == EntryStatus.FAILED:
        return Stage.FAILED
    if entry.status == EntryStatus.WAITING and question is not None:
        return Stage.ASKED if question.is_open else Stage.DECIDED
    return Stage.WORKING


def _customer(row: Any) -> Customer:
    entry, account, user = row.Entry, row.Account, row.User
    submitter = None
    if user is not None:
        submitter = label_of(user.slack_user_id) if user.slack_user_id else user.name or user.email
    return Customer(
        severity=str(entry.severity),
        account=account.name if account is not None else entry.account_id,
        account_id=entry.account_id,
        account_known=account is not None,
        arr=account.arr if account is not None else None,
        deal=row.name or entry.opportunity_id,
        deal_id=entry.opportunity_id,
        submitter=submitter,
    )


def _shown(
    near: Sequence[int], own: int | None, requests: dict[int, RequestFacts]
) -> tuple[RequestFacts, ...]:
    """The nearest requests that feedback can be moved to, each once; merged ones by their root."""
    found: dict[int, RequestFacts] = {}
    for request_id in near:
        request = requests.get(request_id)
        if request is None:
            continue
        request = request.part_of or request
        if request.id != own:
            found.setdefault(request.id, request)
    return tuple(found.values())[:NEAREST]
