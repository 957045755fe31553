"""The message ledger against the sandbox's Slack: order, pace, updates, and messages refused."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.outbox.effects import sweep
from include.outbox.sender import Messages, deliver
from include.store.session import session_scope
from tests.db.outbox.support import (
    QUICK,
    change,
    connect,
    in_threads,
    make_due,
    queue,
    row,
    texts,
)

if TYPE_CHECKING:
    from sandbox.slack.client import SlackSandbox


def test_sends_one_message_a_second_to_a_channel(slack: SlackSandbox) -> None:
    ids = [queue("a"), queue("b"), queue("elsewhere", "C0REPORTING")]

    report = deliver(ids)

    sent = {message_id: row(message_id).sent_at for message_id in ids}
    assert report.done_ids == [ids[0], ids[2], ids[1]]
    assert sent[ids[1]] - sent[ids[0]] >= timedelta(seconds=1)  # type: ignore[operator]


def test_only_the_newest_pending_update_is_shown(slack: SlackSandbox) -> None:
    card = queue("card")
    older, newer = change("u1", "card", "older"), change("u2", "card", "newer")

    report = deliver([older, newer], policy=QUICK)

    assert texts(slack) == ["newer"]
    assert (row(older).state, row(newer).state) == ("superseded", "sent")
    assert report.done_ids == [card, newer]
    assert slack.messages("C0FEEDBACK")[0]["metadata"]["event_payload"] == {"key": "card"}


def test_an_older_update_never_overwrites_a_newer_one(slack: SlackSandbox) -> None:
    card = queue("card")
    deliver([card])
    older = change("u1", "card", "older")
    slack.faults("chat.update", error="ratelimited", retry_after=60)
    deliver([older])
    with session_scope() as session:  # as after a crash in the middle of the older one
        session.execute(text("UPDATE messages SET state = 'sending' WHERE id = :i"), {"i": older})
    newer = change("u2", "card", "newer")
    make_due(older)

    sweep(Messages())

    assert texts(slack) == ["newer"]
    assert (row(older).state, row(newer).state) == ("superseded", "sent")


def test_an_update_waits_for_the_message_it_changes(slack: SlackSandbox) -> None:
    card = queue("card")
    slack.faults("chat.postMessage", error="ratelimited", retry_after=60)
    locked = change("locked", "card", "locked")

    assert deliver([locked]).waiting_ids == [locked]
    assert "chat.update" not in slack.calls()
    make_due(card)
    deliver([locked])

    assert texts(slack) == ["locked"]


def test_an_update_of_nothing_is_told(slack: SlackSandbox) -> None:
    assert change("locked", "no such card", "locked") is None


def test_an_update_of_a_message_that_was_refused_fails_with_it(slack: SlackSandbox) -> None:
    card = queue("card")
    slack.faults("chat.postMessage", error="invalid_blocks")
    locked = change("locked", "card", "locked")

    report = deliver([locked])

    assert report.failed_ids == [card, locked]
    assert (row(card).error, row(locked).error) == ("invalid_blocks", "target_not_posted")


@pytest.mark.parametrize("code", ["channel_not_found", "is_archived", "msg_too_long"])
def test_gives_up_on_a_permanent_error_with_its_code(slack: SlackSandbox, code: str) -> None:
    message_id, after = queue("lost"), queue("after")
    slack.faults("chat.postMessage", error=code)

    report = deliver([message_id, after], policy=QUICK)

    assert (row(message_id).state, row(message_id).error) == ("failed", code)
    assert (report.failed_ids, report.done_ids) == ([message_id], [after])


def test_refused_credentials_wait_for_the_operator(slack: SlackSandbox) -> None:
    ids = [queue("a"), queue("b", "C0REPORTING")]
    slack.faults("*", error="invalid_auth", times=1)

    report = deliver(ids)

    assert (report.unavailable, report.waiting_ids) == ("invalid_auth", ids)
    assert (row(ids[0]).state, row(ids[0]).error, row(ids[1]).attempts) == (
        "pending",
        "invalid_auth",
        0,
    )
    make_due(ids[0])
    assert sweep(Messages()).done_ids == ids


def test_an_unknown_error_is_tried_eight_times(slack: SlackSandbox) -> None:
    message_id = queue("odd")
    slack.faults("chat.postMessage", error="some_new_error", times=20)

    states = []
    for _ in range(8):
        sweep(Messages(policy=QUICK))
        states.append(row(message_id).state)
        make_due(message_id)

    assert states == ["pending"] * 7 + ["failed"]


def test_a_person_who_cannot_be_reached_is_asked_in_the_review_channel(
    slack: SlackSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"review_channel": "#feedback-review"}')
    card = queue("card", "U0NOBODY")
    deliver([card], policy=QUICK)
    change("locked", "card", "locked")

    sweep(Messages(policy=QUICK))

    (shown,) = slack.messages("C0REVIEW")
    assert shown["text"] == "locked"
    assert row(card).channel == "C0REVIEW"
    assert "user_not_found" in str(row(card).error)
    assert "<@U0NOBODY>" in json.dumps(row(card).blocks)


def test_without_a_review_channel_the_message_fails_visibly(
    slack: SlackSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = queue("card", "U0NOBODY")

    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"review_channel": ""}')

    assert deliver([card]).failed_ids == [card]
    assert row(card).error == "user_not_found"


def test_slack_down_keeps_the_messages_and_raises_nothing(
    slack: SlackSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [queue("a"), queue("b", "C0REPORTING")]
    connect(monkeypatch, "http://127.0.0.1:9/api/")

    report = deliver(ids)

    assert report.waiting_ids == ids
    assert str(report.unavailable).startswith("unreachable")
    assert row(ids[1]).attempts == 0

    connect(monkeypatch, slack.api_url)
    make_due(ids[0])
    assert sweep(Messages()).done_ids == ids


def test_without_the_connection_the_messages_wait_untouched(
    slack: SlackSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = queue("a")
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_APP", json.dumps({"conn_type": "slack"}))

    report = deliver([message_id])

    assert (report.waiting_ids, row(message_id).attempts) == ([message_id], 0)
    assert "slack_app" in str(report.unavailable)


def test_many_senders_at_once_post_each_message_once_and_in_order(slack: SlackSandbox) -> None:
    for number in range(12):
        queue(f"m{number}", "C0FEEDBACK" if number % 2 else "C0REPORTING")
    failures = in_threads(6, lambda: sweep(Messages(policy=QUICK)))
    sweep(Messages(policy=QUICK))

    assert failures == []
    assert texts(slack) == [f"text of m{n}" for n in range(12) if n % 2]
    assert texts(slack, "C0REPORTING") == [f"text of m{n}" for n in range(12) if not n % 2]


def test_several_workers_together_keep_the_pace_of_a_channel(slack: SlackSandbox) -> None:
    ids = [queue(f"m{number}") for number in range(3)]
    failures = in_threads(4, lambda: deliver(ids))

    assert failures == []
    assert texts(slack) == ["text of m0", "text of m1", "text of m2"]
    times = [row(message_id).sent_at for message_id in ids]
    gaps = [later - earlier for earlier, later in pairwise(times)]  # type: ignore[operator]
    assert min(gaps) >= timedelta(seconds=1)


def test_never_logs_what_a_message_says(
    slack: SlackSandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    slack.faults("chat.postMessage", error="ratelimited", retry_after=60)
    deliver([queue("one", body="words of a customer"), queue("two", "U0NOBODY")])

    assert "ratelimited" in caplog.text
    assert "words of a customer" not in caplog.text
