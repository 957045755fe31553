"""What is not Slack's is refused before it is parsed; what cannot be stored is not acknowledged."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select

from include.relay import background
from include.relay.receive import is_genuine
from include.store.models import SlackEvent
from include.store.session import session_scope
from tests.relay.support import FORM, SECRET, click, signature, slash

if TYPE_CHECKING:
    from tests.relay.support import Caller, FakeAirflow


def stored() -> int:
    with session_scope() as session:
        return session.execute(select(func.count()).select_from(SlackEvent)).scalar_one()


def test_the_signature_is_the_one_slack_documents() -> None:
    """Known pair: HMAC-SHA256 over ``v0:<timestamp>:<body>``, computed with openssl."""
    raw = b"token=t&command=%2Ffeedback"

    assert (
        signature(raw, "1700000000", "secret")
        == "v0=" + "2b643b374af835a665325fe02b47d76d30f04ca2a1b5273947efea615dd6777c"
    )


@pytest.mark.parametrize("path", ["/events", "/interactive", "/commands"])
def test_a_wrong_secret_is_refused_and_nothing_stored(relay: Caller, path: str) -> None:
    answer = relay.command(slash("Exports time out"), secret="another", path=path)

    assert (answer.status_code, answer.content, stored()) == (401, b"", 0)


@pytest.mark.parametrize("age", [301, 3600, -301])
def test_a_call_from_another_time_is_refused(relay: Caller, age: float) -> None:
    assert relay.command(slash("Exports time out"), age=age).status_code == 401
    assert stored() == 0


def test_a_call_within_the_window_is_taken(relay: Caller) -> None:
    assert relay.command(slash("Exports time out"), age=290).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"x-slack-signature": ""},
        {"x-slack-signature": "v0=\u00e9".encode("latin-1").decode("latin-1")},
        {"x-slack-signature": "v1=00"},
        {"x-slack-request-timestamp": ""},
        {"x-slack-request-timestamp": "soon"},
        {"x-slack-request-timestamp": "9" * 400},
        {"x-slack-request-timestamp": "-1"},
    ],
)
def test_odd_signature_headers_are_refusals_not_errors(
    relay: Caller, headers: dict[str, str]
) -> None:
    raw_headers = {name: value.encode("latin-1") for name, value in headers.items()}
    answer = relay.command(slash("Exports time out"), headers=raw_headers)

    assert (answer.status_code, stored()) == (401, 0)


def test_a_changed_body_is_refused(relay: Caller) -> None:
    now = str(int(time.time()))
    signed = {
        "content-type": FORM,
        "x-slack-request-timestamp": now,
        "x-slack-signature": signature(b"text=this", now),
    }
    assert relay.client.post("/events", content=b"text=that", headers=signed).status_code == 401


def test_bytes_that_are_no_text_are_refused_or_malformed_but_never_an_error(relay: Caller) -> None:
    assert not is_genuine(SECRET, b"\xff\xfe", {"x-slack-request-timestamp": str(int(time.time()))})
    assert relay.send(b"\xff\xfe").status_code in (400, 401)


@pytest.mark.parametrize("junk", [b"{", b"payload=%7B", b"[]", b"null", b"payload=null", b""])
@pytest.mark.parametrize("content_type", [FORM, "application/json", "text/plain"])
def test_an_unsigned_body_is_refused_before_it_is_parsed(
    relay: Caller, junk: bytes, content_type: str
) -> None:
    assert relay.send(junk, content_type, secret="another").status_code == 401


@pytest.mark.parametrize(
    ("raw", "content_type"),
    [
        (b"", FORM),
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"[1]", "application/json"),
        (b'"text"', "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"payload=%7B", FORM),
        (b"payload=null", FORM),
        (b"just text", FORM),
        (b'{"type": 7}', "application/json"),
        (b'{"type": "event_callback"}', "application/json"),
        (b'{"type": "event_callback", "event_id": "E", "event": []}', "application/json"),
        (b"command=%2Ffeedback&text=x", FORM),
    ],
)
def test_a_signed_body_that_makes_no_sense_is_malformed(
    relay: Caller, raw: bytes, content_type: str
) -> None:
    assert relay.send(raw, content_type).status_code == 400
    assert stored() == 0


@pytest.mark.parametrize(
    "change",
    [
        {"user": None},
        {"user": {}},
        {"actions": []},
        {"actions": ["x"]},
        {"actions": [{"type": "button"}]},
        {"container": None},
        {"actions": [{"action_id": "answer_attach"}], "trigger_id": None},
    ],
)
def test_a_signed_click_without_what_it_needs_is_malformed(
    relay: Caller, change: dict[str, object]
) -> None:
    assert relay.interact(click("answer_attach", "t") | change).status_code == 400
    assert stored() == 0


def test_a_body_over_one_megabyte_is_refused(relay: Caller) -> None:
    assert relay.send(b"a" * (1024 * 1024 + 1)).status_code == 413


def test_without_the_signing_secret_nothing_is_taken(
    relay: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = json.dumps({"conn_type": "slack", "password": "xoxb-1", "extra": {}})
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_APP", value)

    for secret in (SECRET, "", "another"):
        assert relay.command(slash("x"), secret=secret).status_code == 503
    assert stored() == 0


def test_a_rotated_secret_counts_at_once(relay: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    assert relay.command(slash("x")).status_code == 200
    assert background.drain()
    value = {"conn_type": "slack", "password": "xoxb-1", "extra": {"signing_secret": "new"}}
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_APP", json.dumps(value))

    assert relay.command(slash("x")).status_code == 401
    assert relay.command(slash("x"), secret="new").status_code == 200


def test_what_cannot_be_stored_is_not_acknowledged(
    relay: Caller, airflow: FakeAirflow, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_FEEDBACK_DB", f"postgresql://postgres@/gone?host={tmp_path}")
        refused = relay.command(slash("Exports time out"))
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert relay.interact(click("answer_attach", "t")).status_code == 503
    assert background.drain()

    assert (stored(), airflow.starts) == (0, 0)


def test_a_failure_is_logged_without_the_customers_words(
    relay: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with session_scope() as session:
        session.execute(select(1))
        session.connection().exec_driver_sql(
            "ALTER TABLE slack_events ADD CONSTRAINT broken CHECK (kind = 'nothing')"
        )

    assert relay.command(slash("words of a customer")).status_code == 500
    assert relay.command(slash("words of a customer"), secret="another").status_code == 401
    assert relay.command(slash("words of a customer", "/unknown")).status_code == 200

    assert "IntegrityError" in caplog.text
    assert "words of a customer" not in caplog.text


def test_url_verification_is_answered_when_signed(relay: Caller) -> None:
    body = {"token": "t", "challenge": "3eZbrw1aB", "type": "url_verification"}

    assert relay.event(body).json() == {"challenge": "3eZbrw1aB"}
    assert relay.event(body, secret="another").status_code == 401


def test_events_nobody_listens_to_are_acknowledged_and_not_kept(relay: Caller) -> None:
    event = {"type": "reaction_added", "user": "U0ANN", "reaction": "eyes", "item": {}}
    wrapped = {"type": "event_callback", "event_id": "Ev1", "team_id": "T0DEMO", "event": event}

    assert relay.event(wrapped).status_code == 200
    assert relay.event({"type": "app_rate_limited", "team_id": "T0DEMO"}).status_code == 200
    assert relay.interact(click("open_page", "")).status_code == 200
    assert relay.interact(
        click("answer_attach", "t") | {"type": "view_closed", "view": {"id": "V"}}
    )
    assert stored() == 0


def test_health_tells_nothing(relay: Caller) -> None:
    answer = relay.client.get("/health")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_clock_that_is_ten_minutes_off_is_told_the_operator_once(
    relay: Caller, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("include.relay.receive._told_at", [])
    for _ in range(3):
        assert relay.command(slash("Exports time out"), age=600).status_code == 401
    told = [record.getMessage() for record in caplog.records if "clock" in record.getMessage()]
    assert len(told) == 1
    assert "10 minutes from this machine's clock" in told[0]


def test_replayed_bytes_are_acknowledged_and_do_nothing_twice(
    relay: Caller, airflow: FakeAirflow
) -> None:
    fields = slash("Exports time out")
    raw = urlencode(fields).encode()
    timestamp = str(int(time.time()) - 5)
    headers = {
        "content-type": FORM,
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": signature(raw, timestamp),
    }
    answers = [relay.client.post("/events", content=raw, headers=headers) for _ in range(3)]
    assert background.drain()

    assert [answer.status_code for answer in answers] == [200] * 3
    assert (len(airflow.runs), stored()) == (1, 1)
