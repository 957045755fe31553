"""Who handed something in: a Slack user as a submitter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.clients.language_model import find_agent
from include.outbox.messages import queue_message
from include.people import identity
from include.slack.cards.blocks import section
from include.slack.cards.markup import escape
from include.slack.client import TIMEOUT_SECONDS, slack_client
from include.slack.profile import read_profile
from include.store.models import PersonKind, User
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session


def identify(slack_user_id: str, *, within: int = TIMEOUT_SECONDS) -> identity.Identity:
    """The identity of a Slack user; Slack is asked when what it said is older than a day.

    Args:
        slack_user_id: From a verified call.
        within: Most seconds that Slack may take.

    Raises:
        TransientError: Slack cannot be asked now and nothing is known; try again.
    """
    return identity.resolve(
        session_scope,
        slack_user_id,
        lambda user: read_profile(slack_client(timeout=within), user),
        _same_person,
    )


def _same_person(slack_name: str, user_name: str, facts: str, key: str) -> bool:
    """Ask the model, if there is one, only when rules have found exactly one likely person."""
    agent = find_agent()
    if agent is None:
        return False
    from include.agents.identity import same_person

    return same_person(agent, slack_name, user_name, facts, key=key)


def submitter_conf(session: Session, user_id: int | None) -> dict[str, Any] | None:
    """A user as the parameter ``submitter``."""
    user = session.get(User, user_id) if user_id is not None else None
    if user is None:
        return None
    return {"email": user.email, "slack_user_id": user.slack_user_id, "name": user.name or None}


def queue_note(session: Session, key: str, user: str, who: Mapping[str, Any]) -> int | None:
    """Queue what a guest, or somebody without an e-mail address, is told; once a submission."""
    text = identity.Identity(PersonKind(who["kind"]), who["user_id"]).note
    return _queue_text(session, f"identity:{key}", user, text) if text else None


def _queue_text(session: Session, key: str, user: str, text: str) -> int:
    return queue_message(
        session, key=key, purpose="capture", address=user, body=text, blocks=[section(escape(text))]
    )
