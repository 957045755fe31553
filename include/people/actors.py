"""Who does something: a person, by Slack or Airflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.people.users import Submitter, ensure_user

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Actor:
    """Who started something: ``label`` is ``slack:U1``, ``user:ann@example.com`` or a run."""

    label: str
    submitter: Submitter | None = None


def actor_from(values: Mapping[str, Any] | None, *, dag_id: str, run_id: str) -> Actor:
    """Who acts, from a run's ``actor`` parameter; the run itself when nobody is named."""
    given = {name: str(value).strip() for name, value in (values or {}).items() if value}
    slack, email = given.get("slack_user_id"), given.get("email")
    if slack:
        label = f"slack:{slack}"
    elif email:
        label = f"user:{email.lower()}"
    else:
        return Actor(f"run:{dag_id}/{run_id}")
    return Actor(label, Submitter(email=email, slack_user_id=slack, name=given.get("name")))


def user_of(session: Session, actor: Actor) -> int | None:
    """The actor's user, created when new; ``None`` when a run acted by itself."""
    return ensure_user(session, actor.submitter)
