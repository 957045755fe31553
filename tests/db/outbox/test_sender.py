"""The message ledger against the sandbox's Slack: each effect once, whatever happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.outbox import effects, sender
from include.outbox.effects import sweep
from include.outbox.sender import Messages, deliver
from tests.db.outbox.support import (
    QUICK,
    crash,
    make_due,
    queue,
    row,
    texts,
)

if TYPE_CHECKING:
    from sandbox.slack.client import SlackSandbox


def test_posts_with_its_key_as_metadata_and_records_the_place(slack: SlackSandbox) -> None:
    message_id = queue("greeting")

    report = deliver([message_id, None])

    (shown,) = slack.messages("C0FEEDBACK")
    assert shown["metadata"] == {"event_type": "gtm_feedback", "event_payload": {"key": "greeting"}}
    stored = row(message_id)
    assert (stored.state, stored.channel, stored.ts) == ("sent", "C0FEEDBACK", shown["ts"])
    assert (report.done_ids, report.waiting_ids, report.unavailable) == ([message_id], [], None)


def test_queueing_the_same_key_twice_is_one_message(slack: SlackSandbox) -> None:
    first, second = queue("once"), queue("once", body="another text")

    deliver([first, second])
    sweep(Messages())

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
        patch.setattr(effects, "settle", crash)
        with pytest.raises(KeyboardInterrupt):
            deliver([message_id], policy=QUICK)
    assert row(message_id).state == "sending"
    assert texts(slack) == ["text of root", "text of once"]

    untouched = sweep(Messages())
    assert untouched.done_ids == []
    assert row(message_id).state == "sending"

    make_due(message_id)
    report = sweep(Messages(policy=QUICK))

    assert report.found_ids == [message_id]
    assert texts(slack) == ["text of root", "text of once"]
    assert row(message_id).ts == slack.messages("C0FEEDBACK")[-1]["ts"]


def test_a_crash_before_the_post_is_posted_after_the_lease(
    slack: SlackSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = queue("once")
    with monkeypatch.context() as patch:
        patch.setattr(sender, "post", crash)
        with pytest.raises(KeyboardInterrupt):
            deliver([message_id])

    make_due(message_id)

    assert sweep(Messages(policy=QUICK)).done_ids == [message_id]
    assert texts(slack) == ["text of once"]


def test_a_lost_answer_is_not_posted_again(slack: SlackSandbox) -> None:
    message_id = queue("once")
    slack.faults("chat.postMessage", status=503, applied=True)

    first = deliver([message_id])
    assert (first.waiting_ids, first.unavailable) == ([message_id], "http_503")
    make_due(message_id)
    second = sweep(Messages())

    assert second.found_ids == [message_id]
    assert texts(slack) == ["text of once"]


def test_a_lost_answer_in_a_channel_given_by_name_is_not_posted_again(slack: SlackSandbox) -> None:
    message_id = queue("once", "#feedback")
    slack.faults("chat.postMessage", status=503, applied=True)
    deliver([message_id])
    make_due(message_id)

    assert sweep(Messages()).found_ids == [message_id]
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
    assert stored.not_before is not None
    waits = (stored.not_before - stored.created_at).total_seconds()
    assert 37 <= waits < 40
    assert sweep(Messages()).done_ids == []
    assert slack.calls()["chat.postMessage"] == 1


def test_a_rate_limit_in_one_channel_leaves_the_others_alone(slack: SlackSandbox) -> None:
    slow, fine = queue("slow", "C0REPORTING"), queue("fine", "C0FEEDBACK")
    slack.faults("chat.postMessage", error="ratelimited", retry_after=60, channel="C0REPORTING")

    report = deliver([slow, fine])

    assert (report.done_ids, report.waiting_ids) == ([fine], [slow])


def test_keeps_the_order_of_one_address(slack: SlackSandbox) -> None:
    first, second = queue("first"), queue("second")
    slack.faults("chat.postMessage", error="ratelimited", retry_after=60)

    held = deliver([second], policy=QUICK)
    assert (held.done_ids, held.waiting_ids) == ([], [second])
    make_due(first)
    deliver([second], policy=QUICK)

    assert texts(slack) == ["text of first", "text of second"]
