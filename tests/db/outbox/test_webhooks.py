"""Webhooks: each effect is told once, signed; a receiver that fails rests, then is switched off."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, update

from include.outbox import webhooks
from include.outbox.effects import sweep
from include.outbox.webhooks import Webhooks, new_secret, queue_webhooks
from include.requests.editing import Text, open_by_hand
from include.requests.lifecycle import set_status
from include.store.models import (
    DeliveryState,
    Message,
    Request,
    RequestStatus,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
)
from include.store.session import session_scope
from tests.db.entries.conftest import embedder, quiet_edges
from tests.db.requests.conftest import give_evidence, new

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.db.entries.conftest import WordsEmbedder

__all__ = ["embedder", "quiet_edges"]

SECRET = new_secret()


class Receiver(BaseHTTPRequestHandler):
    """Answers with the status it is told, and keeps what it got."""

    status = 204
    got: list[tuple[dict[str, str], bytes]] = []  # noqa: RUF012

    def do_POST(self) -> None:
        """Keep it."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.status)
        self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[tuple[type[Receiver], str]]:
    """A receiver on this machine, and its address."""

    class Mine(Receiver):
        got: list[tuple[dict[str, str], bytes]] = []  # noqa: RUF012

    server = HTTPServer(("127.0.0.1", 0), Mine)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield Mine, f"http://127.0.0.1:{server.server_port}/in"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def on_this_machine(quiet_edges: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The receivers of tests are on this machine, and a pause is an hour."""
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"webhook_private_addresses": true}')
    # No pause ends by itself while a test runs.
    monkeypatch.setattr(webhooks, "backoff", lambda _failures: 3600.0)


def subscribe(url: str, *events: WebhookEvent) -> int:
    with session_scope() as session:
        webhook = Webhook(url=url, secret=SECRET, events=list(events), created_by="test")
        session.add(webhook)
        session.flush()
        return webhook.id


def states() -> list[str]:
    with session_scope() as session:
        ordered = select(WebhookDelivery.state).order_by(WebhookDelivery.id)
        return [one.value for one in session.scalars(ordered)]


def webhook_row() -> Webhook:
    with session_scope() as session:
        return session.scalars(select(Webhook)).one()


def make_due() -> None:
    """Let every pause be over."""
    with session_scope() as session:
        session.execute(update(WebhookDelivery).values(not_before=None))
        session.execute(update(Webhook).values(resting_until=None))


def ship(request_id: int) -> None:
    with session_scope() as session:
        set_status(session, session.get_one(Request, request_id), RequestStatus.SHIPPED, by="test")


def test_each_effect_is_told_once_and_signed(
    embedder: WordsEmbedder, receiver: tuple[type[Receiver], str]
) -> None:
    got, url = receiver
    subscribe(url, *WebhookEvent)
    request_id, slug = new(embedder, "Export as CSV")
    entry_id = give_evidence(request_id, "r1", account_id="ACC-1", severity="high")
    ship(request_id)
    ship(request_id)
    assert sweep(Webhooks()).done == 2
    assert sweep(Webhooks()).done == 0
    bodies = [json.loads(body) for _, body in got.got]
    assert [one["event"] for one in bodies] == ["evidence.attached", "request.shipped"]
    assert bodies[0]["request"]["slug"] == slug
    assert bodies[0]["evidence"] == {
        "id": 1,
        "entry_id": entry_id,
        "severity": "high",
        "account_id": "ACC-1",
        "account": None,
        "opportunity_id": None,
        "is_removed": False,
    }
    assert "It hurts" not in got.got[0][1].decode()
    for headers, body in got.got:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{wanted}"
    assert len({headers["webhook-id"] for headers, _ in got.got}) == 2


def test_only_what_was_subscribed_to_is_told(
    embedder: WordsEmbedder, receiver: tuple[type[Receiver], str]
) -> None:
    subscribe(receiver[1], WebhookEvent.REQUEST_SHIPPED)
    request_id, _ = new(embedder, "Export as CSV")
    give_evidence(request_id, "r1")
    assert states() == []


def test_a_repeat_of_the_cause_queues_nothing(
    embedder: WordsEmbedder, receiver: tuple[type[Receiver], str]
) -> None:
    subscribe(receiver[1], WebhookEvent.REQUEST_OPENED)
    request_id, _ = new(embedder, "Export as CSV")
    for _ in range(2):
        with session_scope() as session:
            event = WebhookEvent.REQUEST_OPENED
            queue_webhooks(session, event, f"opened:{request_id}", request_id=request_id)
    assert states() == ["pending"]


def test_a_request_that_is_opened_by_hand_is_told(receiver: tuple[type[Receiver], str]) -> None:
    subscribe(receiver[1], WebhookEvent.REQUEST_OPENED)
    with session_scope() as session:
        said = Text("Export as CSV", "")
        request, _ = open_by_hand(session, said, by="test", user_id=None)
        slug = request.slug
    sweep(Webhooks())
    [(_, body)] = receiver[0].got
    assert json.loads(body)["request"]["slug"] == slug


@pytest.mark.parametrize("status", [500, 404, 302])
def test_a_receiver_that_fails_rests_and_is_called_again(
    embedder: WordsEmbedder, receiver: tuple[type[Receiver], str], status: int
) -> None:
    got, url = receiver
    subscribe(url, WebhookEvent.REQUEST_SHIPPED)
    for title in ("Export as CSV", "Single sign on"):
        ship(new(embedder, title)[0])
    got.status = status
    assert sweep(Webhooks()).done == 0
    # While it rests, the other call is not made either.
    assert len(got.got) == 1
    row = webhook_row()
    assert (row.failures, row.last_error) == (1, f"the receiver answered HTTP {status}")
    assert sweep(Webhooks()).done == 0
    got.status = 204
    make_due()
    assert sweep(Webhooks()).done == 2
    first, again = (headers["webhook-id"] for headers, _ in got.got[:2])
    assert first == again
    row = webhook_row()
    assert (row.failures, row.failing_since, row.last_error) == (0, None, None)


def test_after_a_day_of_failures_it_is_switched_off_and_operators_are_told_once(
    embedder: WordsEmbedder, receiver: tuple[type[Receiver], str]
) -> None:
    got, url = receiver
    got.status = 500
    subscribe(url, WebhookEvent.REQUEST_SHIPPED)
    for title in ("Export as CSV", "Single sign on"):
        ship(new(embedder, title)[0])
    sweep(Webhooks())
    with session_scope() as session:
        day = timedelta(days=1, minutes=1)
        session.execute(update(Webhook).values(failing_since=func.now() - day))
    make_due()
    sweep(Webhooks())
    assert webhook_row().state == "off"
    make_due()
    got.status = 204
    sweep(Webhooks())
    assert sorted(states()) == [DeliveryState.FAILED, DeliveryState.SUPERSEDED]
    # The call that found it off was not made.
    assert len(got.got) == 2
    with session_scope() as session:
        [notice] = session.scalars(select(Message).where(Message.purpose == "notice"))
    assert "was switched off" in notice.body
    assert SECRET not in notice.body
    # What happens while it is off is not told later.
    ship(new(embedder, "Dark mode")[0])
    assert len(states()) == 2


def test_an_address_of_this_machine_is_not_called_unless_allowed(
    embedder: WordsEmbedder,
    receiver: tuple[type[Receiver], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    got, url = receiver
    subscribe(url, WebhookEvent.REQUEST_SHIPPED)
    ship(new(embedder, "Export as CSV")[0])
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", "{}")
    sweep(Webhooks())
    assert got.got == []
    assert "leads to this machine or its network" in (webhook_row().last_error or "")


def test_what_is_gone_is_not_told(
    embedder: WordsEmbedder, receiver: tuple[type[Receiver], str]
) -> None:
    subscribe(receiver[1], WebhookEvent.REQUEST_OPENED)
    with session_scope() as session:
        queue_webhooks(session, WebhookEvent.REQUEST_OPENED, "opened:99", request_id=99)
    sweep(Webhooks())
    assert states() == ["superseded"]


def test_the_secret_is_in_no_log(
    embedder: WordsEmbedder,
    receiver: tuple[type[Receiver], str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    receiver[0].status = 500
    subscribe(receiver[1], WebhookEvent.REQUEST_SHIPPED)
    ship(new(embedder, "Export as CSV")[0])
    with caplog.at_level(logging.DEBUG):
        sweep(Webhooks())
    assert "HTTP 500" in caplog.text
    assert SECRET not in caplog.text
    assert SECRET.removeprefix(webhooks.PREFIX) not in caplog.text
    assert SECRET not in repr(webhook_row())
