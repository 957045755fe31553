"""Both ends of the relay for tests: signed calls like Slack's, and an Airflow that only notes."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import itertools
import json
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sqlalchemy import update

from include.outbox.effects import sweep
from include.relay.dispatch import UntouchedSlackEvents
from include.store.models import SlackEvent
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from httpx import Response
    from starlette.testclient import TestClient

    from include.outbox.effects import Report

Json = dict[str, Any]
SECRET = "signing-secret-of-the-tests"
FORM = "application/x-www-form-urlencoded"
_numbers = itertools.count(1)


def signature(raw: bytes, timestamp: str, secret: str = SECRET) -> str:
    """Slack's signature, computed here from its description rather than by the SDK."""
    basis = b"v0:" + timestamp.encode() + b":" + raw
    return "v0=" + hmac.new(secret.encode(), basis, hashlib.sha256).hexdigest()


def sweep_events() -> Report:
    """The sweep over Slack's calls, once those that wait have waited long enough."""
    with session_scope() as session:
        session.execute(update(SlackEvent).values(not_before=None))
    return sweep(UntouchedSlackEvents(grace=timedelta(0)))


class Caller:
    """Calls the relay as Slack does."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def send(
        self,
        raw: bytes,
        content_type: str = FORM,
        *,
        path: str = "/events",
        age: float = 0,
        secret: str = SECRET,
        headers: dict[str, str] | None = None,
    ) -> Response:
        timestamp = str(int(time.time() - age))
        signed = {
            "content-type": content_type,
            "x-slack-request-timestamp": timestamp,
            "x-slack-signature": signature(raw, timestamp, secret),
        }
        return self.client.post(path, content=raw, headers=signed | (headers or {}))

    def interact(self, payload: Json, **how: Any) -> Response:
        return self.send(urlencode({"payload": json.dumps(payload)}).encode(), **how)

    def command(self, fields: dict[str, str], **how: Any) -> Response:
        return self.send(urlencode(fields).encode(), **how)

    def event(self, body: Json, **how: Any) -> Response:
        return self.send(json.dumps(body).encode(), "application/json", **how)


def click(action_id: str, value: str, user: str = "U0ANN", **more: Any) -> Json:
    """A click on a button in a direct message; every call is another click."""
    number = next(_numbers)
    action = {
        "type": "button",
        "block_id": "question",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": "A button", "emoji": True},
        "value": value,
        "action_ts": f"17953000{number:02}.000100",
    }
    return {
        "type": "block_actions",
        "user": {"id": user, "username": "ann", "name": "ann", "team_id": "T0DEMO"},
        "api_app_id": "A0GTM",
        "token": "verification-token",
        "container": {
            "type": "message",
            "message_ts": "1795300000.000200",
            "channel_id": "D0ANN",
            "is_ephemeral": False,
        },
        "trigger_id": f"{number}.1.trigger",
        "team": {"id": "T0DEMO", "domain": "lumen-demo"},
        "channel": {"id": "D0ANN", "name": "directmessage"},
        "response_url": "https://hooks.slack.invalid/actions/T0DEMO/1/secret-part",
        "actions": [action],
        **more,
    }


def slash(text: str, command: str = "/feedback", **more: str) -> dict[str, str]:
    """A slash command; every call is another use."""
    return {
        "token": "verification-token",
        "team_id": "T0DEMO",
        "team_domain": "lumen-demo",
        "channel_id": "C0FEEDBACK",
        "channel_name": "feedback",
        "user_id": "U0ANN",
        "user_name": "ann",
        "command": command,
        "text": text,
        "api_app_id": "A0GTM",
        "is_enterprise_install": "false",
        "response_url": "https://hooks.slack.invalid/commands/T0DEMO/1/secret-part",
        "trigger_id": f"{next(_numbers)}.2.trigger",
        **more,
    }


class FakeAirflow:
    """Just enough of Airflow's REST API: a login, and starting runs. Notes everything."""

    def __init__(self) -> None:
        self.runs: dict[str, Json] = {}
        self.logins: list[Json] = []
        self.starts = 0
        self.statuses: list[int] = []
        self.token_seconds = 3600.0
        self.token = ""
        self.port = 0

    def login(self, body: Json) -> tuple[int, Json]:
        self.logins.append(body)
        if body != {"username": "relay", "password": "relay-password"}:
            return 401, {"detail": "Invalid credentials"}
        claims = {"exp": time.time() + self.token_seconds, "n": len(self.logins)}
        middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        self.token = f"header.{middle}.signature"
        return 201, {"access_token": self.token}

    def start(self, dag_id: str, authorization: str, body: Json) -> tuple[int, Json]:
        self.starts += 1
        if self.statuses:
            return self.statuses.pop(0), {"detail": f"input was {body['conf']}"}
        if authorization != f"Bearer {self.token}":
            return 401, {"detail": "Invalid JWT token"}
        if body["dag_run_id"] in self.runs:
            return 409, {"detail": "exists"}
        self.runs[body["dag_run_id"]] = {"dag_id": dag_id, **body}
        return 200, {"dag_run_id": body["dag_run_id"]}


@contextlib.contextmanager
def running_airflow() -> Iterator[FakeAirflow]:
    """The fake Airflow on a loopback port."""
    fake = FakeAirflow()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            parts = self.path.strip("/").split("/")
            if parts == ["auth", "token"]:
                status, answer = fake.login(body)
            elif parts[:3] == ["api", "v2", "dags"] and parts[4:] == ["dagRuns"]:
                status, answer = fake.start(parts[3], self.headers["authorization"], body)
            else:
                status, answer = 404, {}
            raw = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
