"""What an operator may do by hand: answer, close, let go on, set thresholds, rotate keys."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import delete, func, select, update

from include.base.errors import FatalError
from include.durable.api import cancel_hook, get_hook, hook_token
from include.entries import questions
from include.entries.decisions import thresholds_for
from include.entries.show import show_question
from include.entries.state import HANDLER
from include.outbox.effects import sweep
from include.outbox.sender import Messages
from include.people.actor import Action, NotAllowed, demand, may
from include.people.audit import write_down
from include.people.signed_in import run_actor
from include.requests.lookup import find_request
from include.store.models import (
    Area,
    EmbeddingIndex,
    Hook,
    HookKey,
    HookStatus,
    IndexState,
    RequestEmbedding,
    ThresholdSet,
)
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from include.durable.types import HookView
    from include.people.actor import Actor

VIA = "operator"


def answer_for(
    session: Session, question: str, choice: str, *, actor: Actor, request: str | None = None
) -> str:
    """Answer a question for the person it asks; what was recorded, in a sentence.

    Raises:
        FatalError: there is no such question or request, or the question is closed; or the actor
            may not answer it.
    """
    hook = _open_question(session, question)
    if choice not in questions.CHOICES:
        raise FatalError(f"{choice!r} is no answer: use {', '.join(questions.CHOICES)}")
    picked = find_request(session, request).id if request else None
    reply = questions.answer_question(
        session,
        token=hook_token(session, hook.id),
        choice=choice,
        actor=actor,
        via=VIA,
        request_id=picked,
    )
    if reply.status != "recorded":
        raise FatalError(reply.note or f"the question was not answered: {reply.status}")
    return (
        f"Question {hook.id} is answered with {choice} by {actor.label}; its run goes on by itself."
    )


def close_question(session: Session, question: str, *, actor: Actor) -> str:
    """Close a question without an answer: each of its entries becomes a request of its own.

    Raises:
        FatalError: there is no such question, or it is closed.
        NotAllowed: the actor may not answer it.
    """
    hook = _open_question(session, question)
    if not may(session, actor, Action.ANSWER, hook):
        raise NotAllowed(questions.not_yours(actor, hook))
    cancel_hook(session, hook.id, by=actor.label, via=VIA)
    write_down(session, actor, Action.ANSWER, f"question:{hook.id}", choice="close", via=VIA)
    show_question(session, get_hook(session, hook.id) or hook)
    return (
        f"Question {hook.id} is closed by {actor.label}; its entries become requests of their own."
    )


def set_thresholds(
    session: Session, attach: float, ask: float, *, actor: Actor, note: str, area: str | None = None
) -> str:
    """Add a version of the thresholds, for all or one area; it counts from the next match.

    Raises:
        FatalError: there is no such area, or the numbers do not fit.
        NotAllowed: the actor may not change settings.
    """
    demand(session, actor, Action.CHANGE_SETTINGS)
    area_id = None
    if area is not None:
        area_id = session.scalar(select(Area.id).where(Area.slug == area))
        if area_id is None:
            known = ", ".join(session.scalars(select(Area.slug).order_by(Area.slug)))
            raise FatalError(f"there is no area {area!r}; there are: {known or 'none'}")
    if not 0 < ask <= attach <= 1:
        raise FatalError(f"0 < ask <= attach <= 1 is needed, not ask={ask} and attach={attach}")
    before = thresholds_for(session, [area_id] if area_id is not None else [])
    version = ThresholdSet(
        area_id=area_id, attach=attach, ask=ask, note=note, created_by=actor.label
    )
    session.add(version)
    session.flush()
    write_down(session, actor, Action.CHANGE_SETTINGS, f"thresholds:{version.version}")
    where = f"area {area}" if area else "all areas"
    return (
        f"Version {version.version} for {where}: attach from {attach}, ask from {ask} "
        f"(before: {before.attach} and {before.ask})."
    )


def add_key(session: Session) -> str:
    """Sign new buttons with a new key; buttons of older cards still work."""
    session.add(HookKey(secret=secrets.token_bytes(32)))
    return "New cards are signed with a new key. Retire the old ones with: retire-keys"


def retire_keys(session: Session) -> str:
    """Retire the older keys, once no question is open that was asked before the newest."""
    newest = session.execute(select(func.max(HookKey.id), func.max(HookKey.created_at))).one()
    still_open = session.scalar(
        select(func.count(Hook.id)).where(
            Hook.status == HookStatus.PENDING,
            Hook.kind == "approval",
            Hook.created_at < newest[1],
        )
    )
    if still_open:
        return f"{still_open} open questions were asked under an older key; nothing was retired."
    retired = session.execute(
        update(HookKey)
        .where(HookKey.retired_at.is_(None), HookKey.id < newest[0])
        .values(retired_at=func.now())
        .returning(HookKey.id)
    ).all()
    return f"{len(retired)} keys are retired. Buttons of older cards say that they are not valid."


def drop_vectors(session: Session, key: str) -> str:
    """Remove the vectors of a model that search does not use any more.

    Raises:
        FatalError: search uses them, or there are none.
    """
    live = session.scalar(select(EmbeddingIndex.state).where(EmbeddingIndex.key == key))
    if live == IndexState.LIVE:
        raise FatalError(f"search uses the vectors of {key!r}; see the list: vectors")
    gone = session.execute(
        delete(RequestEmbedding)
        .where(RequestEmbedding.model == key)
        .returning(RequestEmbedding.request_id)
    ).all()
    if not gone:
        raise FatalError(f"there are no vectors of {key!r}; see the list: vectors")
    return f"{len(gone)} vectors of {key} are removed."


def settle_question(
    values: Mapping[str, Any], *, dag_id: str, run_id: str, started_by: str | None
) -> str:
    """Answer or close a question, for the DAG of that name; what was done, in a sentence.

    Raises:
        FatalError: there is no such question or request, or the question is closed.
    """
    with session_scope() as session:
        actor = run_actor(
            session, values.get("actor"), dag_id=dag_id, run_id=run_id, started_by=started_by
        )
        if values["choice"] == "close":
            said = close_question(session, values["question"], actor=actor)
        else:
            said = answer_for(
                session,
                values["question"],
                values["choice"],
                actor=actor,
                request=values.get("request"),
            )
    sweep(Messages())
    return said


def change_thresholds(
    values: Mapping[str, Any], *, dag_id: str, run_id: str, started_by: str | None
) -> str:
    """Add a version of the thresholds, for the DAG of that name.

    Raises:
        FatalError: there is no such area, or the numbers do not fit.
    """
    with session_scope() as session:
        actor = run_actor(
            session, values.get("actor"), dag_id=dag_id, run_id=run_id, started_by=started_by
        )
        return set_thresholds(
            session,
            values["attach"],
            values["ask"],
            actor=actor,
            note=values.get("note") or "",
            area=values.get("area") or None,
        )


def _open_question(session: Session, question: str) -> HookView:
    try:
        hook = get_hook(session, UUID(question))
    except ValueError:
        raise FatalError(f"{question!r} is no question's id; see the list: questions") from None
    if hook is None or hook.handler != HANDLER:
        raise FatalError(f"there is no question {question}; see the list: questions")
    if not hook.is_open:
        raise FatalError(f"question {question} is closed already ({hook.status})")
    return hook
