"""The message ledger against the sandbox's Slack: each effect once, in order, whatever happens."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text

from include.sandbox.slack.running import running_sandbox
from include.slack import sender
from include.slack.claims import SendPolicy
from include.slack.ledger import queue_message, queue_update
from include.slack.sender import deliver, deliver_pending
from include.store.models.slack import Message
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import URL

    from include.sandbox.slack.client import SlackSandbox

QUICK = SendPolicy(pace=timedelta(0))
BLOCKS = [{"type": "section", "text": {"type": "mrkdwn", "text": "Same request?"}}]


@pytest.fixture(scope="module")
def running_slack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlackSandbox]:
    folder: Path = tmp_path_factory.mktemp("slack")
    with running_sandbox(folder, "http://127.0.0.1:9/slack/events") as slack:
        yield slack


@pytest.fixture
def slack(
    running_slack: SlackSandbox, feedback_db: URL, monkeypatch: pytest.MonkeyPatch
) -> SlackSandbox:
    """A fresh workspace, set as the connection ``slack_app``; the database is fresh too."""
    running_slack.reset()
    connect(monkeypatch, running_slack.api_url)
    return running_slack


def connect(monkeypatch: pytest.MonkeyPatch, base_url: str) -> None:
    value = {
        "conn_type": "slack",
        "password": "xoxb-sandbox",
        "extra": {"signing_secret": "s", "base_url": base_url},
    }
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_APP", json.dumps(value))


def queue(key: str, address: str = "C0FEEDBACK", **more: Any) -> int:
    with session_scope() as session:
        values = {"purpose": "test", "body": f"text of {key}", "blocks": BLOCKS} | more
        return queue_message(session, key=key, address=address, **values)


def change(key: str, target_key: str, body: str) -> int | None:
    with session_scope() as session:
        return queue_update(session, key=key, target_key=target_key, body=body, blocks=BLOCKS)


def row(message_id: int) -> Message:
    with session_scope() as session:
        return session.execute(select(Message).where(Message.id == message_id)).scalar_one()


def make_due(message_id: int) -> None:
    """Let the time that a message has to wait, or the lease of its claim, be over."""
    with session_scope() as session:
        session.execute(
            text(
                "UPDATE messages SET not_before = NULL, claimed_at = claimed_at - interval '1 hour'"
                " WHERE id = :id"
            ),
            {"id": message_id},
        )


def texts(slack: SlackSandbox, channel: str = "C0FEEDBACK") -> list[str]:
    return [message["text"] for message in slack.messages(channel)]


def test_posts_with_its_key_as_metadata_and_records_the_place(slack: SlackSandbox) -> None:
    message_id = queue("greeting")

    report = deliver([message_id, None])

    (shown,) = slack.messages("C0FEEDBACK")
    assert shown["metadata"] == {"event_type": "gtm_feedback", "event_payload": {"key": "greeting"}}
    stored = row(message_id)
    assert (stored.state, stored.channel, stored.ts) == ("sent", "C0FEEDBACK", shown["ts"])
    assert (report.sent_ids, report.waiting_ids, report.unavailable) == ([message_id], [], None)


def test_queueing_the_same_key_twice_is_one_message(slack: SlackSandbox) -> None:
    first, second = queue("once"), queue("once", body="another text")

    deliver([first, second])
    deliver_pending()

    assert first == second
    assert texts(slack) == ["text of once"]


def test_opens_a_direct_message_for_a_person(slack: SlackSandbox) -> None:
    message_id = queue("to-ann", "U0ANN")

    deliver([message_id])

    assert [message["text"] for message in slack.dm("U0ANN")] == ["text of to-ann"]
    assert row(message_id).channel == "D0ANN"


def test_replies_in_the_thread(slack: SlackSandbox) -> None:
    root = queue("root")
    deliver([root])
    reply = queue("reply", thread_ts=row(root).ts)

    deliver([reply], policy=QUICK)

    assert slack.messages("C0FEEDBACK")[-1]["thread_ts"] == row(root).ts


@pytest.mark.parametrize("thread", [False, True])
def test_a_crash_between_post_and_record_is_not_posted_again(
    slack: SlackSandbox, monkeypatch: pytest.MonkeyPatch, thread: bool
) -> None:
    root = queue("root")
    deliver([root])
    message_id = queue("once", thread_ts=row(root).ts if thread else None)

    with monkeypatch.context() as patch:
        patch.setattr(sender, "_record_sent", crash)
        with pytest.raises(KeyboardInterrupt):
            deliver([message_id], policy=QUICK)
    assert row(message_id).state == "sending"
    assert texts(slack) == ["text of root", "text of once"]

    untouched = deliver_pending()
    assert untouched.sent_ids == []
    assert row(message_id).state == "sending"

    make_due(message_id)
    report = deliver_pending(policy=QUICK)

    assert report.found_ids == [message_id]
    assert texts(slack) == ["text of root", "text of once"]
    assert row(message_id).ts == slack.messages("C0FEEDBACK")[-1]["ts"]


def test_a_crash_before_the_post_is_posted_after_the_lease(
    slack: SlackSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = queue("once")
    with monkeypatch.context() as patch:
        patch.setattr(sender, "attempt", crash)
        with pytest.raises(KeyboardInterrupt):
            deliver([message_id])

    make_due(message_id)

    assert deliver_pending(policy=QUICK).sent_ids == [message_id]
    assert texts(slack) == ["text of once"]


def test_a_lost_answer_is_not_posted_again(slack: SlackSandbox) -> None:
    message_id = queue("once")
    slack.faults("chat.postMessage", status=503, applied=True)

    first = deliver([message_id])
    assert (first.waiting_ids, first.unavailable) == ([message_id], "http_503")
    make_due(message_id)
    second = deliver_pending()

    assert second.found_ids == [message_id]
    assert texts(slack) == ["text of once"]


def test_a_lost_answer_in_a_channel_given_by_name_is_not_posted_again(slack: SlackSandbox) -> None:
    message_id = queue("once", "#feedback")
    slack.faults("chat.postMessage", status=503, applied=True)
    deliver([message_id])
    make_due(message_id)

    assert deliver_pending().found_ids == [message_id]
    assert row(message_id).channel == "C0FEEDBACK"


def test_waits_as_long_as_slack_asks(slack: SlackSandbox) -> None:
    message_id = queue("once")
    slack.faults("chat.postMessage", error="ratelimited", retry_after=37)

    report = deliver([message_id])

    stored = row(message_id)
    assert (stored.state, stored.error, report.waiting_ids) == (
        "pending",
        "ratelimited",
        [message_id],
    )
    assert stored.claimed_at is not None
    assert stored.not_before is not None
    waits = (stored.not_before - stored.claimed_at).total_seconds()
    assert 37 <= waits < 40
    assert deliver_pending().sent_ids == []
    assert slack.calls()["chat.postMessage"] == 1


def test_a_rate_limit_in_one_channel_leaves_the_others_alone(slack: SlackSandbox) -> None:
    slow, fine = queue("slow", "C0REPORTING"), queue("fine", "C0FEEDBACK")
    slack.faults("chat.postMessage", error="ratelimited", retry_after=60, channel="C0REPORTING")

    report = deliver([slow, fine])

    assert (report.sent_ids, report.waiting_ids) == ([fine], [slow])


def test_keeps_the_order_of_one_address(slack: SlackSandbox) -> None:
    first, second = queue("first"), queue("second")
    slack.faults("chat.postMessage", error="ratelimited", retry_after=60)

    held = deliver([second], policy=QUICK)
    assert (held.sent_ids, held.waiting_ids) == ([], [second])
    make_due(first)
    deliver([second], policy=QUICK)

    assert texts(slack) == ["text of first", "text of second"]


def test_sends_one_message_a_second_to_a_channel(slack: SlackSandbox) -> None:
    ids = [queue("a"), queue("b"), queue("elsewhere", "C0REPORTING")]

    report = deliver(ids)

    sent = {message_id: row(message_id).sent_at for message_id in ids}
    assert report.sent_ids == [ids[0], ids[2], ids[1]]
    assert sent[ids[1]] - sent[ids[0]] >= timedelta(seconds=1)  # type: ignore[operator]


def test_only_the_newest_pending_update_is_shown(slack: SlackSandbox) -> None:
    card = queue("card")
    older, newer = change("u1", "card", "older"), change("u2", "card", "newer")

    report = deliver([older, newer], policy=QUICK)

    assert texts(slack) == ["newer"]
    assert (row(older).state, row(newer).state) == ("superseded", "sent")
    assert report.sent_ids == [card, newer]
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

    deliver_pending()

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
    assert (report.failed_ids, report.sent_ids) == ([message_id], [after])


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
    assert deliver_pending().sent_ids == ids


def test_an_unknown_error_is_tried_eight_times(slack: SlackSandbox) -> None:
    message_id = queue("odd")
    slack.faults("chat.postMessage", error="some_new_error", times=20)

    states = []
    for _ in range(8):
        deliver_pending(policy=QUICK)
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

    deliver_pending(policy=QUICK)

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
    assert deliver_pending().sent_ids == ids


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
    failures = in_threads(6, lambda: deliver_pending(policy=QUICK))
    deliver_pending(policy=QUICK)

    assert failures == []
    assert texts(slack) == [f"text of m{n}" for n in range(12) if n % 2]
    assert texts(slack, "C0REPORTING") == [f"text of m{n}" for n in range(12) if not n % 2]


def test_never_logs_what_a_message_says(
    slack: SlackSandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    slack.faults("chat.postMessage", error="ratelimited", retry_after=60)
    deliver([queue("one", body="words of a customer"), queue("two", "U0NOBODY")])

    assert "ratelimited" in caplog.text
    assert "words of a customer" not in caplog.text


def crash(*args: object, **kwargs: object) -> None:
    """What a killed process does: nothing more."""
    raise KeyboardInterrupt


def in_threads(count: int, work: Callable[[], object]) -> list[BaseException]:
    failures: list[BaseException] = []
    start = threading.Barrier(count)

    def run() -> None:
        start.wait(10)
        try:
            work()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return failures
