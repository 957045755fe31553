"""Requests with people, evidence and sleeps, as the DAGs leave them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from include.requests import announcing
from include.requests.evidence import Evidence, attach
from include.store.models import Entry, Hook, Message, Request, RequestFollower, User
from include.store.session import session_scope
from tests.db.entries.conftest import WordsEmbedder, embedder, make_request, quiet_edges, submit

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["embedder", "make_request", "quiet_edges"]

HOUR = timedelta(hours=1)


def make_user(name: str, *, slack: bool = True) -> int:
    """A person, with or without Slack."""
    with session_scope() as session:
        user = User(
            email=f"{name}@example.com", slack_user_id=f"U0{name.upper()}" if slack else None
        )
        session.add(user)
        session.flush()
        return user.id


def follow(request_id: int, users: Sequence[int]) -> None:
    """Let people follow a request."""
    with session_scope() as session:
        session.add_all(RequestFollower(request_id=request_id, user_id=user) for user in users)


def give_evidence(request_id: int, run_id: str, pain: str = "It hurts", **values: Any) -> int:
    """An entry attached to a request; the entry's id."""
    entry_id = submit(pain, run_id, **values)
    with session_scope() as session:
        entry = session.get_one(Entry, entry_id)
        attach(session, entry, request_id, Evidence("person", "Said so."))
    return entry_id


def begin_run(slug: str, run_id: str = "n1") -> int:
    """The first task of ``new_request``."""
    with session_scope() as session:
        request_id, _ = announcing.begin(
            session, slug, dag_id="new_request", run_id=run_id, sleep=HOUR
        )
    return request_id


def sleep_of(run_id: str = "n1") -> Hook:
    """The sleep's row."""
    with session_scope() as session:
        return session.scalars(select(Hook).where(Hook.run_id == run_id)).one()


def messages(purpose: str) -> list[Message]:
    """What is queued for Slack."""
    with session_scope() as session:
        return list(
            session.scalars(select(Message).where(Message.purpose == purpose).order_by(Message.id))
        )


def slug_of_request(request_id: int) -> str:
    """Its slug."""
    with session_scope() as session:
        return session.get_one(Request, request_id).slug


def new(embedder: WordsEmbedder, title: str, **values: Any) -> tuple[int, str]:
    """A request: id and slug."""
    request_id = make_request(embedder, title, **values)
    return request_id, slug_of_request(request_id)
