"""What Slack sent, checked and cut down to what the product needs. Pure functions.

Nothing that would let a reader of the database act in Slack is kept: no verification token, no
``response_url``, no ``trigger_id`` beyond its use as a key.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

Json = dict[str, Any]


class MalformedPayload(ValueError):
    """Properly signed, but not a call this product understands; the message holds no content."""


@dataclass(frozen=True)
class Incoming:
    """One call of Slack as it is stored; ``key`` is the same for every repeat of it.

    ``dag_id`` and ``run_conf`` are set when the call starts a run; the run's id follows from the
    key (or from ``run_key``, when several calls mean one run), so that it is started once as well.
    """

    key: str
    kind: str
    payload: Json
    team_id: str | None = None
    user_id: str | None = None
    channel_id: str | None = None
    dag_id: str | None = None
    run_conf: Json | None = None
    run_key: str | None = None

    @property
    def run_id(self) -> str | None:
        """``slack__`` and the key's hash; ``None`` when no run is to be started."""
        if self.run_conf is None:
            return None
        key = self.run_key or self.key
        digest = hashlib.sha256(key.encode("utf-8", errors="replace")).hexdigest()
        return f"slack__{digest[:20]}"


def parse_body(raw: str, content_type: str) -> Json:
    """The JSON object or form fields of a call; an interaction's form holds JSON in ``payload``.

    Raises:
        MalformedPayload: It is neither, or not an object.
    """
    try:
        if content_type.split(";")[0].strip().lower() == "application/json":
            body = json.loads(raw)
        else:
            fields = dict(parse_qsl(raw, keep_blank_values=True, strict_parsing=bool(raw)))
            body = json.loads(fields["payload"]) if "payload" in fields else fields
    except (ValueError, RecursionError):
        raise MalformedPayload("the body is neither JSON nor a form") from None
    if not isinstance(body, dict) or not body:
        raise MalformedPayload("the body is not an object")
    return body


def check_shape(body: Json) -> None:
    """Make sure of the fields that reading and matching a call rely on.

    Raises:
        MalformedPayload: One is missing or of the wrong type; the message names it.
    """
    kind = body.get("type")
    if kind is None:
        if "ssl_check" in body:
            return
        for name in ("command", "user_id", "team_id", "channel_id", "trigger_id"):
            _text(body, name)
    elif kind == "event_callback":
        _text(body, "event_id")
        _text(_object(body, "event"), "type")
    elif kind == "block_actions":
        _text(_object(body, "user"), "id")
        actions = body.get("actions")
        if not isinstance(actions, list) or not actions:
            raise MalformedPayload("'actions' is empty or not a list")
        for action in actions:
            if not isinstance(action, dict):
                raise MalformedPayload("an action is not an object")
            _text(action, "action_id")
        _object(body, "container")
    elif kind in ("view_submission", "view_closed"):
        _text(_object(body, "user"), "id")
        _text(_object(body, "view"), "id")
    elif kind == "block_suggestion":
        _text(_object(body, "user"), "id")
        _text(body, "action_id")
    elif kind in ("shortcut", "message_action"):
        _text(_object(body, "user"), "id")
        _text(body, "callback_id")
        _text(body, "trigger_id")
    elif not isinstance(kind, str):
        raise MalformedPayload("'type' is not a text")


def from_action(body: Json) -> Incoming:
    """A click on a button; its key tells one click from the next, and knows a repeat."""
    action, container = body["actions"][0], body["container"]
    user = body["user"]["id"]
    channel = _maybe(body.get("channel"), "id") or _optional(container, "channel_id")
    message_ts = _optional(container, "message_ts") or _optional(container, "view_id") or ""
    moment = _optional(action, "action_ts") or _optional(body, "trigger_id")
    if not moment:
        raise MalformedPayload("a click has neither action_ts nor trigger_id")
    action_id = action["action_id"]
    return Incoming(
        key=f"action:{channel}:{message_ts}:{user}:{action_id}:{moment}",
        kind=f"action:{action_id}",
        payload={
            "type": body["type"],
            "action_id": action_id,
            "value": _optional(action, "value"),
            "action_ts": _optional(action, "action_ts"),
            "message_ts": message_ts,
            "user_name": _optional(body["user"], "name"),
            "surface": _maybe(body.get("view"), "type"),
        },
        team_id=_maybe(body.get("team"), "id"),
        user_id=user,
        channel_id=channel,
    )


def from_command(body: Json, *, dag_id: str, run_conf: Json) -> Incoming:
    """A slash command that starts a run. Its words are kept in ``run_conf`` alone."""
    return Incoming(
        key=command_key(body),
        kind=f"command:{body['command']}",
        payload={
            "command": body["command"],
            "user_name": _optional(body, "user_name"),
            "channel_name": _optional(body, "channel_name"),
        },
        team_id=body["team_id"],
        user_id=body["user_id"],
        channel_id=body["channel_id"],
        dag_id=dag_id,
        run_conf=run_conf,
    )


def from_event(body: Json, payload: Json, **more: Any) -> Incoming:
    """An event of the Events API; ``payload`` is what is to be kept of it."""
    event = body["event"]
    item = event.get("item")
    return Incoming(
        key=event_key(body),
        kind=f"event:{event['type']}",
        payload=payload,
        team_id=_optional(body, "team_id"),
        user_id=_optional(event, "user"),
        channel_id=_optional(event, "channel") or _maybe(item, "channel"),
        **more,
    )


def from_view(body: Json, payload: Json, **more: Any) -> Incoming:
    """A submitted modal; ``payload`` is what is to be kept of it."""
    return Incoming(
        key=view_key(body),
        kind=f"view:{_optional(body['view'], 'callback_id') or ''}",
        payload=payload,
        team_id=_maybe(body.get("team"), "id"),
        user_id=body["user"]["id"],
        **more,
    )


def field_of(view: object, block_id: str) -> str | None:
    """What was typed or chosen in an input block; ``None`` when it was left empty.

    Raises:
        MalformedPayload: the view's state is not what Slack sends.
    """
    state = view.get("state") if isinstance(view, dict) else None
    values = state.get("values") if isinstance(state, dict) else None
    block = values.get(block_id, {}) if isinstance(values, dict) else None
    if not isinstance(block, dict) or not all(isinstance(v, dict) for v in block.values()):
        raise MalformedPayload("a view's state is malformed")
    for element in block.values():
        chosen = element.get("selected_option")
        found = _maybe(chosen, "value") or _optional(element, "value")
        if found:
            return found.replace("\x00", "")
    return None


def metadata_of(view: object) -> Json:
    """The JSON object that this product put into a view; empty when there is none.

    Raises:
        MalformedPayload: it is something else.
    """
    raw = _maybe(view, "private_metadata") or "{}"
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise MalformedPayload("a view's private_metadata is not an object")
    return found


def command_key(body: Json) -> str:
    """The same for every repeat of one slash command; Slack makes a ``trigger_id`` per use."""
    return f"command:{body['trigger_id']}"


def event_key(body: Json) -> str:
    """The same for every repeat of one event of the Events API."""
    return f"event:{body['event_id']}"


def view_key(body: Json) -> str:
    """The same for every repeat of one submission of a modal."""
    return f"view:{body['view']['id']}:{body['view'].get('hash') or ''}"


def _object(body: Json, name: str) -> Json:
    value = body.get(name)
    if not isinstance(value, dict):
        raise MalformedPayload(f"'{name}' is missing or not an object")
    return value


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedPayload(f"'{name}' is missing or not a text")
    return value


def _optional(body: Json, name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None


def _maybe(value: object, name: str) -> str | None:
    return _optional(value, name) if isinstance(value, dict) else None
