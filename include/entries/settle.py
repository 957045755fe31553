"""The ends of an entry's way: attached, opened, or decided by a person or the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from include.base.errors import EmbeddingsUnavailable, FatalError
from include.base.tracing import entry_span
from include.durable.api import find_hook
from include.durable.keys import hook_key
from include.entries.asked import asked_about
from include.entries.decisions import judge_key, record_decision, thresholds_for
from include.entries.drafting import draft_for, provisional_vector, request_vectors, written
from include.entries.entry import finish, get_entry
from include.entries.match import area_ids_of
from include.entries.questions import WAIT_NAME
from include.entries.show import show_question
from include.entries.state import NOT_FEEDBACK, question_state
from include.matching.route import route
from include.matching.types import Route
from include.outbox.runs import queue_new_request
from include.requests.evidence import Evidence, attach, live_feedback
from include.requests.opening import lock_opening, open_request
from include.requests.still_hurting import ask_owner
from include.slack.cards.words import closed_words, person_words
from include.store.models import ActorKind, DecisionStep, EntryStatus, Outcome, Request
from include.store.search import find_candidates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from include.agents.client import Agent
    from include.durable.types import HookView
    from include.matching.types import Embedder, Judge
    from include.store.models import Decision, Entry
    from include.store.session import SessionScope


def settle(session: Session, entry: Entry, decision: Decision, *, quiet: bool = False) -> None:
    """Carry out the matcher's decision on a locked entry, once; it tells nobody.

    The entry becomes evidence of the request that it matched or opened; one to ask about waits.
    ``quiet`` starts no ``new_request`` (an import of old feedback).
    """
    if entry.outcome is not None:
        return
    if decision.route == Route.ASK:
        entry.status, entry.error, entry.updated_at = EntryStatus.WAITING, None, func.now()
        return
    if decision.request_id is None:
        raise FatalError(f"the decision on entry {entry.id} names no request")
    if decision.route == Route.ATTACH:
        evidence = Evidence(decision.match_type or "match", decision.reason, decision.confidence)
        attach(session, entry, decision.request_id, evidence)
        finish(entry, Outcome.ATTACHED)
        return
    attach(
        session, entry, decision.request_id, Evidence("first_evidence", "It opened the request.")
    )
    finish(entry, Outcome.CREATED)
    if not quiet:
        queue_new_request(session, session.get_one(Request, decision.request_id))


def apply_answer(
    scope: SessionScope,
    *,
    dag_id: str,
    run_id: str,
    embedder: Embedder,
    judge: Judge,
    map_index: int = -1,
    agent: Agent | None = None,
    other: tuple[Embedder, Judge] | None = None,
) -> list[int]:
    """Carry out what became of a question, entry by entry; returns the requests' ids.

    ``attach`` attaches to the suggested request; ``create``, no answer in time and a question
    closed in Airflow open a request, unless somebody opened the same one while this was waiting.
    A repeat changes nothing. ``other`` serves entries that were embedded by its model.

    Raises:
        FatalError: the question is still open.
    """
    with scope() as session:
        hook = find_hook(session, hook_key(dag_id, run_id, WAIT_NAME, map_index))
    if hook is None or hook.is_open:
        raise FatalError(f"the question of run {run_id} is open; clear wait_for_answer instead")
    pairs = [(embedder, judge), *([other] if other else [])]
    applied = [_settle(scope, entry_id, hook, pairs, agent) for entry_id, _ in asked_about(hook)]
    with scope() as session:
        show_question(session, hook)
    return applied


def _settle(
    scope: SessionScope,
    entry_id: int,
    hook: HookView,
    pairs: Sequence[tuple[Embedder, Judge]],
    agent: Agent | None,
) -> int:
    choice = (hook.answer or {}).get("choice")
    with entry_span("settle", entry_id, state=hook.status, choice=choice) as note:
        request_id = _apply(scope, entry_id, hook, pairs, agent)
        note(request_id=request_id or None)
        return request_id


def _apply(
    scope: SessionScope,
    entry_id: int,
    hook: HookView,
    pairs: Sequence[tuple[Embedder, Judge]],
    agent: Agent | None,
) -> int:
    with scope() as session:
        entry = get_entry(session, entry_id)
        if entry.outcome is not None:
            feedback = live_feedback(session, entry_id)
            return feedback.request_id if feedback else 0
        choice = (hook.answer or {}).get("choice") if hook.status == "answered" else "create"
        if choice == "attach":
            return _attach_answered(session, entry, hook)
        if choice == Route.SET_ASIDE:
            entry.noise_reason = NOT_FEEDBACK
            finish(entry, Outcome.NOISE)
            return 0
        draft = draft_for(session, entry, [])
        session.expunge(entry)
    embedder, judge = next((p for p in pairs if p[0].model == entry.embedding_model), pairs[0])
    draft = written(scope, entry, draft, agent)
    try:
        [vector] = request_vectors([draft], embedder)
    except EmbeddingsUnavailable:
        vector = None
    with scope() as session:
        lock_opening(session)
        entry = get_entry(session, entry_id, lock=True)
        twin = _opened_while_waiting(session, entry, hook, embedder.model, judge)
        if twin is not None:
            return _join_twin(session, entry, hook, *twin)
        request = open_request(session, entry, draft, vector or provisional_vector(entry))
        evidence = Evidence("person", "It opened the request.")
        attach(session, entry, request.id, evidence)
        finish(entry, Outcome.CREATED)
        queue_new_request(session, request)
        _record_close(session, entry, hook, request.id, "create")
        return request.id


def _attach_answered(session: Session, entry: Entry, hook: HookView) -> int:
    picked = question_state(hook).picked_id
    request_id = picked or int(hook.question["request_id"])
    who = person_words(hook.answered_by)
    if picked:
        evidence = Evidence("person", f"Picked by {who}.")
    else:
        confidence = dict(asked_about(hook)).get(entry.id)
        evidence = Evidence("person", f"Confirmed by {who}.", confidence)
    attach(session, entry, request_id, evidence)
    finish(entry, Outcome.ATTACHED)
    ask_owner(session, request_id, entry)
    return request_id


def _opened_while_waiting(
    session: Session, entry: Entry, hook: HookView, model: str, judge: Judge
) -> tuple[int, Evidence] | None:
    """A request opened since the question that is surely the same, if there is one."""
    horizon = session.scalar(
        select(func.max(Request.id)).where(Request.created_at <= hook.created_at)
    )
    vector = list(entry.embedding) if entry.embedding is not None else None
    if vector is None:
        return None
    candidates = find_candidates(
        session,
        pain=entry.customer_pain,
        vector=vector,
        model=model,
        opened_after_id=horizon or 0,
    )
    if not candidates:
        return None
    verdicts = judge.judge(entry.customer_pain, candidates)
    by_id = {candidate.request_id: candidate for candidate in candidates}
    areas = area_ids_of(session, verdicts[0].request_id) if verdicts else []
    thresholds = thresholds_for(session, areas, judge_key(judge, model))
    routed = route(verdicts, by_id, thresholds)
    if routed.route is not Route.ATTACH or routed.best is None:
        return None
    best = routed.best
    return best.request_id, Evidence(best.match_type, best.reason, best.confidence)


def _join_twin(
    session: Session, entry: Entry, hook: HookView, request_id: int, evidence: Evidence
) -> int:
    attach(session, entry, request_id, evidence)
    finish(entry, Outcome.ATTACHED)
    _record_close(session, entry, hook, request_id, "attach")
    return request_id


def _record_close(
    session: Session, entry: Entry, hook: HookView, request_id: int, route_taken: str
) -> None:
    """The decision of the clock or an operator; a person's answer was recorded when it came."""
    steps = {"expired": (DecisionStep.EXPIRY, ActorKind.CLOCK)}
    step, actor = steps.get(hook.status, (DecisionStep.CANCEL, ActorKind.PERSON))
    if hook.status == "answered":
        step, actor = DecisionStep.RESULT, ActorKind.SYSTEM
    record_decision(
        session,
        key=f"close:{hook.id}:{entry.id}",
        entry_id=entry.id,
        step=step,
        route=route_taken,
        request_id=request_id,
        reason=closed_words(question_state(hook)),
        actor_kind=actor,
        actor=hook.answered_by or hook.answered_via,
    )
