"""The payloads Slack sends to an app: shapes only, filled from the workspace."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from sandbox.slack import seed

if TYPE_CHECKING:
    from sandbox.slack.seed import Person
    from sandbox.slack.workspace import Workspace

Json = dict[str, Any]

_TEAM = {"id": seed.TEAM["id"], "domain": seed.TEAM["domain"]}


def _user(person: Person) -> Json:
    return {
        "id": person.id,
        "username": person.handle,
        "name": person.handle,
        "team_id": seed.TEAM["id"],
    }


def channel_name(channel: Json) -> str:
    """The name as payloads carry it: a DM is called ``directmessage``."""
    return "directmessage" if channel["is_im"] else str(channel["name"])


def _base(kind: str, person: Person) -> Json:
    return {
        "type": kind,
        "user": _user(person),
        "api_app_id": seed.APP_ID,
        "token": seed.VERIFICATION_TOKEN,
        "team": dict(_TEAM),
        "enterprise": None,
        "is_enterprise_install": False,
    }


def message_actions(
    person: Person,
    channel: Json,
    message: Json,
    action: Json,
    *,
    state: Json,
    trigger_id: str,
    response_url: str,
) -> Json:
    """``block_actions`` from a message. An ephemeral message is not included, as with Slack."""
    ephemeral = "ephemeral_to" in message
    container: Json = {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": channel["id"],
        "is_ephemeral": ephemeral,
    }
    if message.get("thread_ts"):
        container["thread_ts"] = message["thread_ts"]
    payload = _base("block_actions", person) | {
        "container": container,
        "trigger_id": trigger_id,
        "channel": {"id": channel["id"], "name": channel_name(channel)},
        "state": {"values": state},
        "response_url": response_url,
        "actions": [action],
    }
    if not ephemeral:
        payload["message"] = message
    return payload


def view_actions(person: Person, view: Json, action: Json, *, state: Json, trigger_id: str) -> Json:
    """``block_actions`` from a modal or App Home."""
    return _base("block_actions", person) | {
        "container": {"type": "view", "view_id": view["id"]},
        "trigger_id": trigger_id,
        "view": {**view, "state": {"values": state}},
        "actions": [action],
    }


def view_submission(person: Person, view: Json, *, state: Json, trigger_id: str) -> Json:
    """``view_submission``."""
    return _base("view_submission", person) | {
        "trigger_id": trigger_id,
        "view": {**view, "state": {"values": state}},
        "response_urls": [],
    }


def view_closed(person: Person, view: Json, *, is_cleared: bool) -> Json:
    """``view_closed``, sent only when the view asked for it."""
    return _base("view_closed", person) | {"view": view, "is_cleared": is_cleared}


def block_suggestion(
    person: Person, owner: Json, *, block_id: str, action_id: str, value: str
) -> Json:
    """``block_suggestion``: options for what was typed. ``owner`` is a view or a container."""
    payload = _base("block_suggestion", person) | {
        "action_id": action_id,
        "block_id": block_id,
        "value": value,
    }
    return payload | owner


def global_shortcut(person: Person, callback_id: str, *, trigger_id: str, ts: str) -> Json:
    """``shortcut``."""
    return _base("shortcut", person) | {
        "callback_id": callback_id,
        "trigger_id": trigger_id,
        "action_ts": ts,
    }


def message_shortcut(
    person: Person,
    channel: Json,
    message: Json,
    callback_id: str,
    *,
    trigger_id: str,
    response_url: str,
    ts: str,
) -> Json:
    """``message_action``."""
    return _base("message_action", person) | {
        "callback_id": callback_id,
        "trigger_id": trigger_id,
        "action_ts": ts,
        "message_ts": message["ts"],
        "message": message,
        "channel": {"id": channel["id"], "name": channel_name(channel)},
        "response_url": response_url,
    }


def slash_command(
    person: Person, channel: Json, command: str, text: str, *, trigger_id: str, response_url: str
) -> dict[str, str]:
    """The form fields of a slash command."""
    return {
        "token": seed.VERIFICATION_TOKEN,
        "team_id": seed.TEAM["id"],
        "team_domain": seed.TEAM["domain"],
        "channel_id": channel["id"],
        "channel_name": channel_name(channel),
        "user_id": person.id,
        "user_name": person.handle,
        "command": command,
        "text": text,
        "api_app_id": seed.APP_ID,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def event_callback(workspace: Workspace, event: Json, channel: Json | None) -> Json:
    """The wrapper of the Events API, with a fresh ``event_id``."""
    return {
        "token": seed.VERIFICATION_TOKEN,
        "team_id": seed.TEAM["id"],
        "context_team_id": seed.TEAM["id"],
        "context_enterprise_id": None,
        "api_app_id": seed.APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": "Ev0" + secrets.token_hex(5).upper(),
        "event_time": int(workspace.clock()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": seed.TEAM["id"],
                "user_id": seed.BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": bool(channel and channel.get("is_ext_shared")),
        "event_context": "4-" + secrets.token_urlsafe(24),
    }
