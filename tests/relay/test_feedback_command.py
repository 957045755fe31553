"""``/feedback`` starts one run of ``process_customer_entry``, now or when Airflow is back."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from include.relay import background
from include.relay.dispatch import dispatch
from include.store.models import Entry, SlackEvent, User
from include.store.session import session_scope
from sandbox.slack.running import free_port
from tests.relay.conftest import connect_airflow, connect_slack
from tests.relay.support import slash, sweep_events

if TYPE_CHECKING:
    from sandbox.slack.client import SlackSandbox
    from tests.relay.support import Caller, FakeAirflow


def only_event() -> SlackEvent:
    with session_scope() as session:
        return session.execute(select(SlackEvent)).scalar_one()


def only_entry() -> Entry:
    with session_scope() as session:
        return session.scalars(select(Entry)).one()


def test_starts_a_run_with_the_words_and_who_said_them(relay: Caller, airflow: FakeAirflow) -> None:
    fields = slash("  Exports over 10,000 rows time out.  ")

    answer = relay.command(fields)
    assert background.drain()

    assert answer.json()["response_type"] == "ephemeral"
    assert answer.json()["text"].startswith("Thanks.")
    key = f"command:{fields['trigger_id']}"
    run_id = "slack__" + hashlib.sha256(key.encode()).hexdigest()[:20]
    assert airflow.runs == {
        run_id: {
            "dag_id": "process_customer_entry",
            "dag_run_id": run_id,
            "logical_date": None,
            "conf": {"entry_id": only_entry().id},
        }
    }
    entry = only_entry()
    assert entry.customer_pain == "Exports over 10,000 rows time out."
    assert (entry.source, entry.external_id, entry.run_id) == ("slack", key, run_id)
    with session_scope() as session:
        ann = session.get_one(User, entry.submitter_id)
    assert (ann.email, ann.slack_user_id, ann.name) == (
        "ann.ames@example.com",
        "U0ANN",
        "Ann Ames",
    )
    event = only_event()
    assert (event.state, event.run_id, event.kind) == ("done", run_id, "command:/feedback")
    assert event.dispatched_at is not None


def test_a_burst_is_stored_and_left_to_one_run(
    relay: Caller, airflow: FakeAirflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"hold_from": 3}')
    for number in range(12):
        relay.command(slash(f"Report {number} takes minutes"))
    assert background.drain()

    started = [run["dag_id"] for run in airflow.runs.values()]
    assert started.count("drain_backlog") == 1
    with session_scope() as session:
        entries = session.scalars(select(Entry).order_by(Entry.id)).all()
        assert [event.state for event in session.scalars(select(SlackEvent))] == ["done"] * 12
    assert len({entry.external_id for entry in entries}) == 12
    held = [entry for entry in entries if (entry.dag_id, entry.run_id) == ("drain_backlog", "held")]
    assert len(held) == 12 - started.count("process_customer_entry")
    assert len(held) >= 9


@pytest.mark.parametrize(("who", "submitters"), [("U0GIL", 0), ("U0NOA", 0), ("U0ANN", 1)])
def test_a_guest_and_a_person_without_an_address_are_told_who_answers(
    relay: Caller, slack: SlackSandbox, airflow: FakeAirflow, who: str, submitters: int
) -> None:
    relay.command(slash("Exports time out", user_id=who))
    assert background.drain()

    assert len(airflow.runs) == 1
    assert bool(only_entry().submitter_id) is bool(submitters)
    told = [m["text"] for m in slack.messages(f"D{who[1:]}")] if not submitters else []
    assert [("#feedback-review" in text) for text in told] == [True] * (1 - submitters)


def test_a_bot_is_refused(relay: Caller, airflow: FakeAirflow) -> None:
    relay.command(slash("Exports time out", user_id="U0GTMBOT"))
    assert background.drain()

    assert airflow.runs == {}
    assert (only_event().state, only_event().error) == ("failed", "a bot said it")


def test_without_slack_a_known_person_is_taken_and_a_stranger_waits(
    relay: Caller, slack: SlackSandbox, airflow: FakeAirflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.command(slash("Exports time out"))
    assert background.drain()
    connect_slack(monkeypatch, f"http://127.0.0.1:{free_port()}/api/")

    relay.command(slash("Exports time out again"))
    relay.command(slash("Nobody knows me", user_id="U0BEN"))
    assert background.drain()

    assert len(airflow.runs) == 2
    with session_scope() as session:
        states = session.scalars(select(SlackEvent.state).order_by(SlackEvent.id)).all()
    assert states == ["done", "done", "received"]
    connect_slack(monkeypatch, slack.api_url)
    assert sweep_events().done == 1


def test_what_was_stored_and_not_started_is_started_by_its_id(
    relay: Caller, airflow: FakeAirflow
) -> None:
    airflow.statuses = [503]
    relay.command(slash("Exports time out"))
    assert background.drain()
    event = only_event()
    assert (event.state, event.run_conf) == ("received", {"entry_id": only_entry().id})

    assert sweep_events().done == 1
    (run,) = airflow.runs.values()
    assert run["conf"] == {"entry_id": only_entry().id}


@pytest.mark.parametrize("said", ["", "   ", "\n", "\x00"])
def test_without_words_it_explains_itself_and_keeps_nothing(
    relay: Caller, airflow: FakeAirflow, said: str
) -> None:
    answer = relay.command(slash(said))
    assert background.drain()

    assert answer.json()["response_type"] == "ephemeral"
    assert "/feedback" in answer.json()["text"]
    assert airflow.starts == 0
    with session_scope() as session:
        assert session.execute(select(SlackEvent)).first() is None


def test_a_repeat_starts_nothing_twice_and_is_thanked_again(
    relay: Caller, airflow: FakeAirflow
) -> None:
    fields = slash("Exports time out")

    answers = [relay.command(fields).json()["text"] for _ in range(3)]
    assert background.drain()

    assert len(set(answers)) == 1
    assert len(airflow.runs) == 1
    assert only_event().state == "done"


def test_two_uses_are_two_runs(relay: Caller, airflow: FakeAirflow) -> None:
    relay.command(slash("Exports time out"))
    relay.command(slash("Exports time out"))
    assert background.drain()

    assert len(airflow.runs) == 2


def test_a_run_that_exists_already_counts_as_started(relay: Caller, airflow: FakeAirflow) -> None:
    airflow.statuses = [409]

    relay.command(slash("Exports time out"))
    assert background.drain()

    assert only_event().state == "done"


def test_airflow_down_keeps_the_event_for_the_sweep(
    relay: Caller, airflow: FakeAirflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        connect_airflow(patch, free_port())
        assert relay.command(slash("Exports time out")).status_code == 200
        assert background.drain()
    event = only_event()
    assert (event.state, event.attempts) == ("received", 1)
    assert event.error == "Airflow's API cannot be used: ConnectError"

    assert sweep_events().done == 1
    assert sweep_events().done_ids == []

    assert list(airflow.runs) == [event.run_id]
    assert (only_event().state, only_event().error) == ("done", None)
    dispatch(event.id)
    assert airflow.starts == 1


@pytest.mark.parametrize("status", [500, 503, 429, 403, 404])
def test_what_may_be_over_soon_is_not_given_up(
    relay: Caller, airflow: FakeAirflow, status: int
) -> None:
    airflow.statuses = [status]

    relay.command(slash("Exports time out"))
    assert background.drain()
    assert only_event().state == "received"
    assert str(only_event().error).startswith(f"HTTP {status}:")

    assert sweep_events().done == 1
    assert len(airflow.runs) == 1


def test_a_refused_input_ends_with_a_reason_and_a_note(
    relay: Caller, slack: SlackSandbox, airflow: FakeAirflow, caplog: pytest.LogCaptureFixture
) -> None:
    airflow.statuses = [422]

    relay.command(slash("words of a customer"))
    assert background.drain()

    event = only_event()
    assert event.state == "failed"
    assert event.error == "Airflow refused the input of process_customer_entry with HTTP 422"
    assert "words of a customer" not in caplog.text
    (note,) = slack.messages("C0FEEDBACK", "U0ANN")
    assert note["text"].startswith("I could not take your feedback.")
    dispatch(event.id)
    assert airflow.starts == 1


def test_a_missing_connection_keeps_the_event(
    relay: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    from include.base.connections import MissingConnection
    from include.engine import airflow_api

    def missing(conn_id: str) -> None:
        raise MissingConnection(f"Airflow connection '{conn_id}' is not defined.")

    monkeypatch.setattr(airflow_api, "get_connection", missing)
    relay.command(slash("Exports time out"))
    assert background.drain()

    assert (only_event().state, only_event().error) == (
        "received",
        "Airflow connection 'airflow_api' is not defined.",
    )


def test_logs_in_once_for_many_runs(relay: Caller, airflow: FakeAirflow) -> None:
    for _ in range(3):
        relay.command(slash("Exports time out"))
        assert background.drain()

    assert (len(airflow.runs), len(airflow.logins)) == (3, 1)


def test_logs_in_anew_when_the_token_has_expired(relay: Caller, airflow: FakeAirflow) -> None:
    airflow.token_seconds = -1
    for _ in range(2):
        relay.command(slash("Exports time out"))
        assert background.drain()

    assert (len(airflow.runs), len(airflow.logins)) == (2, 2)


def test_logs_in_anew_when_the_token_is_refused(relay: Caller, airflow: FakeAirflow) -> None:
    relay.command(slash("Exports time out"))
    assert background.drain()
    airflow.token = "another secret key after a restart"
    relay.command(slash("Exports time out"))
    assert background.drain()

    assert (len(airflow.runs), len(airflow.logins)) == (2, 2)


def test_wrong_credentials_are_told_to_the_operator(
    relay: Caller, airflow: FakeAirflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect_airflow(monkeypatch, airflow.port, "wrong")

    relay.command(slash("Exports time out"))
    assert background.drain()

    assert only_event().error == "Airflow refused the login with HTTP 401"
    assert only_event().state == "received"


def test_the_words_are_stored_once_and_no_secret_is(relay: Caller, airflow: FakeAirflow) -> None:
    relay.command(slash("words of a customer"))
    assert background.drain()

    event = only_event()
    kept = json.dumps([event.payload, event.run_conf])
    assert only_entry().customer_pain == "words of a customer"
    for secret in ("verification-token", "hooks.slack", "words of a customer"):
        assert secret not in kept
    assert base64.b64encode(b"relay-password").decode() not in kept


def test_an_unknown_command_is_answered(relay: Caller, airflow: FakeAirflow) -> None:
    answer = relay.command(slash("x", "/elsewhere"))

    assert answer.json()["text"].startswith("I do not know this command.")
    assert airflow.starts == 0
