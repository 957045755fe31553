"""The relay's routes as an OpenAPI document, for those who test or put something before it.

``python -m include.relay.schema`` writes ``slack/openapi.json``; a test compares the two.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parents[2] / "slack" / "openapi.json"

RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Taken and stored. The body is what Slack shows: nothing, a text, a form's "
        "errors, or a challenge.",
        "content": {"application/json": {"schema": {}}, "text/plain": {"schema": {}}},
    },
    400: {"description": "Signed, but not a call that this product understands."},
    401: {"description": "Not signed by Slack, or more than five minutes ago."},
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


def document() -> dict[str, Any]:
    """The document."""
    from include.relay.asgi import build

    return build().openapi()


def text() -> str:
    """The document as the file holds it."""
    return json.dumps(document(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"{FILE}\n")
