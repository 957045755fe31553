"""What the relay's routes take and answer, in the words of OpenAPI."""

from __future__ import annotations

from typing import Any

RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Taken and stored. The body is what Slack shows: nothing, a text, a form's "
        "errors, or a challenge.",
        "content": {"application/json": {"schema": {}}, "text/plain": {"schema": {}}},
    },
    400: {"description": "Signed, but not a call that this product understands."},
    401: {"description": "Not signed by Slack, or more than five minutes ago."},
    403: {"description": "Signed, but for another workspace than the one of the app's token."},
    413: {"description": "Longer than a megabyte."},
    500: {"description": "Could not be stored; Slack may send it again."},
    503: {"description": "No signing secret is set, so nothing can be verified."},
}

_OBJECT = {"type": "object", "additionalProperties": True}

CALL: dict[str, Any] = {
    "parameters": [
        {
            "name": "X-Slack-Signature",
            "in": "header",
            "required": True,
            "description": "v0= and the HMAC-SHA256 of v0:timestamp:body.",
            "schema": {"type": "string", "pattern": "^v0=[0-9a-f]{64}$"},
        },
        {
            "name": "X-Slack-Request-Timestamp",
            "in": "header",
            "required": True,
            "description": "Seconds since 1970, at most five minutes from now.",
            "schema": {"type": "string", "pattern": "^[0-9]{1,12}$"},
        },
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["type"],
                    "properties": {
                        "type": {"enum": ["event_callback", "url_verification"]},
                        "event_id": {"type": "string"},
                        "event": _OBJECT,
                        "challenge": {"type": "string"},
                    },
                }
            },
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "payload": {"type": "string", "description": "An interaction as JSON."},
                        "command": {"type": "string"},
                        "text": {"type": "string"},
                        "user_id": {"type": "string"},
                        "team_id": {"type": "string"},
                        "channel_id": {"type": "string"},
                        "trigger_id": {"type": "string"},
                    },
                }
            },
        },
    },
}
