"""Who does something: a person, by Slack or Airflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.people.permissions import label_of
from include.people.person import Acting
from include.people.users import ensure_user

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from include.people.person import Submitter


@dataclass(frozen=True)
class Actor:
    """Who started something: ``label`` is ``slack:U1``, ``user:ann@example.com`` or a run."""

    label: str
    submitter: Submitter | None = None


def actor_from(values: Mapping[str, Any] | None, *, dag_id: str, run_id: str) -> Actor:
    """Who acts, from a run's ``actor`` parameter; the run itself when nobody is named.

    Raises:
        Refused: the Slack id or the address is none.
    """
    actor = Acting.check({"actor": values}).actor
    if actor is None or not actor.is_somebody:
        return Actor(f"run:{dag_id}/{run_id}")
    if actor.slack_user_id:
        return Actor(label_of(actor.slack_user_id), actor)
    return Actor(f"user:{(actor.email or '').lower()}", actor)


def user_of(session: Session, actor: Actor) -> int | None:
    """The actor's user, created when new; ``None`` when a run acted by itself."""
    return ensure_user(session, actor.submitter)
