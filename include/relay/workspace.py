"""From which workspace a call comes: only the one that the app's token belongs to is served."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.base.safe_log import describe
from include.slack.client import slack_client

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

SECONDS = 2
ASK_AGAIN_AFTER = 60


@dataclass(frozen=True)
class Workspace:
    """Whom the app's token belongs to; an Enterprise organization holds several workspaces."""

    team_id: str
    enterprise_id: str | None


def is_ours(body: Mapping[str, Any]) -> bool:
    """Whether a verified call comes from the workspace of the app's own token.

    While Slack cannot be asked which one that is, calls are let through: then nobody unknown acts
    either, because Slack cannot be asked who they are (``include.people.signed_in``).
    """
    own, teams = _own(), _teams(body)
    if own is None or not teams or own.team_id in teams:
        return True
    return own.enterprise_id is not None and own.enterprise_id in _enterprises(body)


def forget() -> None:
    """Ask again: the app was connected to another workspace."""
    _known.clear()


def _own() -> Workspace | None:
    now = time.monotonic()
    client = slack_client(timeout=SECONDS)
    token = client.token or ""
    kept = _known.get(token)
    if kept is not None and (kept[1] is not None or now - kept[0] < ASK_AGAIN_AFTER):
        return kept[1]
    found = None
    try:
        told = client.auth_test()
        found = Workspace(str(told["team_id"]), told.get("enterprise_id"))
    except Exception as error:
        log.warning("Slack does not say which workspace is ours: %s", describe(error))
    _known.clear()
    _known[token] = (now, found)
    return found


_known: dict[str, tuple[float, Workspace | None]] = {}
"""By the app's token: when Slack was asked, and what it said."""


def _teams(body: Mapping[str, Any]) -> set[str]:
    named = [body.get("team_id"), body.get("context_team_id"), _in(body.get("team"), "id")]
    listed = body.get("authorizations")
    named += [_in(one, "team_id") for one in listed] if isinstance(listed, list) else []
    return {name for name in named if isinstance(name, str) and name}


def _enterprises(body: Mapping[str, Any]) -> set[str]:
    named = [
        body.get("enterprise_id"),
        body.get("context_enterprise_id"),
        _in(body.get("enterprise"), "id"),
    ]
    return {name for name in named if isinstance(name, str) and name}


def _in(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None
