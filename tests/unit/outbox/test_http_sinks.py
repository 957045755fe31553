"""The optional HTTP receivers: skipped when absent, and errors that say whether a retry helps."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from include.base.errors import FatalError, TransientError
from include.outbox.http_sinks import WEB_APP, post_json
from include.workflows.new_request import tell_web_cache

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "AIRFLOW_CONN_GTM_FEEDBACK_WEB"


class Receiver(BaseHTTPRequestHandler):
    """Answers with the status it is told, and keeps what it got."""

    status = 204
    got: list[tuple[str, dict[str, str], Any]] = []  # noqa: RUF012

    def do_POST(self) -> None:
        """Keep it."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.got.append((self.path, headers, body))
        self.send_response(self.status)
        self.send_header("Retry-After", "7")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Receiver]]:
    """A receiver on this machine, set as the web app's connection."""

    class Mine(Receiver):
        got: list[tuple[str, dict[str, str], Any]] = []  # noqa: RUF012

    server = HTTPServer(("127.0.0.1", 0), Mine)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    connection = {
        "conn_type": "http",
        "host": "http://127.0.0.1",
        "port": server.server_port,
        "password": "s3cret",
    }
    monkeypatch.setenv(VARIABLE, json.dumps(connection))
    try:
        yield Mine
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_without_the_connection_it_is_skipped_with_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, '{"conn_type": "http"}')
    assert tell_web_cache("csv-export") == "connection 'gtm_feedback_web' is not set"


def test_the_web_app_hears_which_pages_are_old(receiver: type[Receiver]) -> None:
    assert tell_web_cache("csv-export") == "told"
    [(path, headers, body)] = receiver.got
    assert path == "/api/revalidate"
    assert body == {"tags": ["requests", "request:csv-export"]}
    assert headers["authorization"] == "Bearer s3cret"
    assert headers["idempotency-key"] == "opened-csv-export"


@pytest.mark.parametrize("status", [400, 401, 404, 422])
def test_a_refusal_is_fatal_and_keeps_the_secret(receiver: type[Receiver], status: int) -> None:
    receiver.status = status
    with pytest.raises(FatalError, match=f"HTTP {status}") as error:
        post_json(WEB_APP, "/x", {}, idempotency_key="k")
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_outage_is_tried_again_when_the_other_side_says(
    receiver: type[Receiver], status: int
) -> None:
    receiver.status = status
    with pytest.raises(TransientError) as error:
        post_json(WEB_APP, "/x", {}, idempotency_key="k")
    assert error.value.retry_after == 7


def test_nobody_there_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, '{"conn_type": "http", "host": "http://127.0.0.1", "port": 9}')
    with pytest.raises(TransientError, match="cannot be reached"):
        post_json(WEB_APP, "/x", {}, idempotency_key="k")
