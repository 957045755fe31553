"""What is stored of a call, before it is acknowledged."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from include.outbox.replies import AnswerReply
    from include.people.actor import Actor
    from include.relay.incoming import Incoming
    from include.store.models.slack import SlackEvent

    Effect = Callable[[Session, SlackEvent, Actor], AnswerReply]
    """What a stored event does, in the caller's transaction and in a person's name."""

LONGEST_KEY = 500
"""Slack's ids are far shorter; PostgreSQL's index takes at most some 2,700 bytes."""


def row_of(incoming: Incoming) -> dict[str, Any]:
    """The columns of a call's row, without what PostgreSQL cannot store."""
    return {
        "key": _key(incoming.key),
        "kind": _storable(incoming.kind),
        "team_id": _storable(incoming.team_id),
        "user_id": _storable(incoming.user_id),
        "channel_id": _storable(incoming.channel_id),
        "payload": _storable(incoming.payload),
        "dag_id": incoming.dag_id,
        "run_id": incoming.run_id,
        "run_conf": _storable(incoming.run_conf),
    }


def _storable(value: Any) -> Any:
    """The value without what PostgreSQL cannot store: NUL characters and lone surrogates."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", errors="replace").decode("utf-8")
    if isinstance(value, dict):
        return {_storable(key): _storable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_storable(inner) for inner in value]
    return value


def _key(key: str) -> str:
    """The key, or its hash when it is too long for an index."""
    plain: str = _storable(key)
    if len(plain) <= LONGEST_KEY:
        return plain
    return f"{plain[:100]}:{hashlib.sha256(plain.encode()).hexdigest()}"
