"""What concerns one person: their open questions, their last entries, what they follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select

from include.base.settings import load_settings
from include.durable.api import hook_token
from include.entries.state import HANDLER, request_facts, state_of, states_of
from include.entries.tokens import tokens_of
from include.store.models import (
    Entry,
    Feedback,
    Hook,
    HookStatus,
    Request,
    RequestFollower,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.base.entry_state import EntryState, RequestFacts
    from include.people.actor import Actor
    from include.slack.cards.entry_card import Tokens

QUESTIONS, ENTRIES, FOLLOWED = 10, 5, 10


@dataclass(frozen=True)
class OpenQuestion:
    """A question this person may answer: its (first) entry, and the token of its buttons."""

    state: EntryState
    token: str


@dataclass(frozen=True)
class RecentEntry:
    """Something this person handed in, as it stands, and the tokens of its buttons."""

    state: EntryState
    tokens: Tokens


@dataclass(frozen=True)
class Followed:
    """A request this person hears about."""

    request: RequestFacts
    feedback_count: int


@dataclass(frozen=True)
class Overview:
    """Everything App Home shows; ``more_…`` count those that are not listed."""

    questions: list[OpenQuestion]
    more_questions: int
    entries: list[RecentEntry]
    followed: list[Followed]
    more_followed: int = 0
    own_page: str | None = None


def overview_of(session: Session, actor: Actor) -> Overview:
    """The overview of a person; empty for somebody unknown."""
    mine = (
        select(Hook)
        .where(
            Hook.is_current,
            Hook.status == HookStatus.PENDING,
            Hook.handler == HANDLER,
            or_(*(Hook.responders.contains([label]) for label in sorted(actor.labels))),
        )
        .order_by(Hook.created_at)
    )
    total = session.scalar(select(func.count()).select_from(mine.subquery())) or 0
    listed = session.scalars(mine.limit(QUESTIONS)).all()
    user_id = actor.user_id
    followed = _followed(session, user_id) if user_id is not None else []
    base = load_settings().pages_url
    return Overview(
        questions=[_question(session, hook) for hook in listed],
        more_questions=total - len(listed),
        entries=_entries(session, user_id) if user_id is not None else [],
        followed=followed,
        more_followed=_count_followed(session, user_id) - len(followed) if followed else 0,
        own_page=f"{base}/me" if base else None,
    )


def _question(session: Session, hook: Hook) -> OpenQuestion:
    state = state_of(session, int(hook.question["entries"][0][0]))
    return OpenQuestion(state, hook_token(session, hook.id))


def _entries(session: Session, user_id: int) -> list[RecentEntry]:
    ids = session.scalars(
        select(Entry.id)
        .where(Entry.submitter_id == user_id, Entry.parent_id.is_(None))
        .order_by(Entry.id.desc())
        .limit(ENTRIES)
    ).all()
    states = states_of(session, ids)
    tokens = tokens_of(session, states)
    return [RecentEntry(state, tokens[state.entry_id]) for state in states]


def _count_followed(session: Session, user_id: int | None) -> int:
    own = RequestFollower.user_id == user_id
    return session.scalar(select(func.count()).select_from(RequestFollower).where(own)) or 0


def _followed(session: Session, user_id: int) -> list[Followed]:
    count = (
        select(func.count(Feedback.id))
        .where(Feedback.request_id == Request.id, Feedback.removed_at.is_(None))
        .scalar_subquery()
    )
    statement = (
        select(Request, count)
        .join(RequestFollower, RequestFollower.request_id == Request.id)
        .where(RequestFollower.user_id == user_id)
        .order_by(RequestFollower.created_at.desc(), Request.id.desc())
        .limit(FOLLOWED)
    )
    found = [(request.id, number or 0) for request, number in session.execute(statement)]
    facts = request_facts(session, [request_id for request_id, _ in found])
    return [Followed(facts[request_id], number) for request_id, number in found]
