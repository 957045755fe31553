"""Who asks while Slack waits for the answer: commands and the searches of forms."""

from __future__ import annotations

import logging

from include.base.errors import TransientError
from include.people.actor import Action, Actor, may
from include.people.signed_in import slack_actor
from include.store.session import session_scope

log = logging.getLogger(__name__)

SECONDS = 2
"""Most time that Slack gets to say who somebody is: it waits three for the answer itself."""

NOT_NOW = "Slack does not tell me just now who you are. Please try again in a minute."


def asking(slack_user_id: str) -> Actor | None:
    """Who asks; ``None`` while Slack does not say it and nothing is known."""
    try:
        return slack_actor(slack_user_id, within=SECONDS)
    except TransientError as error:
        log.warning("Somebody is refused, because Slack does not say who it is: %s", error)
        return None


def may_read(slack_user_id: str) -> bool:
    """Whether requests, accounts and deals may be shown to somebody."""
    actor = asking(slack_user_id)
    if actor is None:
        return False
    with session_scope() as session:
        return may(session, actor, Action.READ)
