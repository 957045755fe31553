"""A tiny relay: checks signatures as the Slack SDK does, records, answers what it is told."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from slack_sdk.signature import SignatureVerifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Json = dict[str, Any]


@dataclass
class Received:
    """One request that reached the relay."""

    headers: dict[str, str]
    body: Json
    valid: bool


class FakeRelay:
    """What a test sees of the relay."""

    def __init__(self, secret: str) -> None:
        self.verifier = SignatureVerifier(secret)
        self.received: list[Received] = []
        self.url = ""
        self.clear()

    def clear(self) -> None:
        self.received.clear()
        self.answer: Callable[[Json], Any] = lambda body: ""
        self.statuses: list[int] = []
        self.delay = 0.0

    @property
    def bodies(self) -> list[Json]:
        return [r.body for r in self.received]

    def wait_for(self, count: int, timeout: float = 10.0) -> list[Received]:
        deadline = time.monotonic() + timeout
        while len(self.received) < count:
            assert time.monotonic() < deadline, f"{len(self.received)} of {count} requests came"
            time.sleep(0.02)
        return list(self.received)

    def handle(self, headers: dict[str, str], raw: bytes) -> tuple[int, str, str]:
        if headers["content-type"] == "application/json":
            body = json.loads(raw)
        else:
            form = {k: v[0] for k, v in parse_qs(raw.decode(), keep_blank_values=True).items()}
            body = json.loads(form["payload"]) if "payload" in form else form
        valid = self.verifier.is_valid_request(raw, headers)
        self.received.append(Received(headers, body, valid))
        if not valid:
            return 401, "text/plain", "invalid signature"
        time.sleep(self.delay)
        status = self.statuses.pop(0) if self.statuses else 200
        answer = self.answer(body)
        if isinstance(answer, dict):
            return status, "application/json", json.dumps(answer)
        return status, "text/plain", answer or ""


@contextlib.contextmanager
def running_relay(secret: str) -> Iterator[FakeRelay]:
    relay = FakeRelay(secret)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            status, kind, text = relay.handle({k.lower(): v for k, v in self.headers.items()}, raw)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    relay.url = f"http://127.0.0.1:{server.server_address[1]}/slack/events"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield relay
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
