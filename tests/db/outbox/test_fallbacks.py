"""A direct message that cannot be delivered: to the thread with a mention, then to review."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from include.outbox.effects import sweep
from include.outbox.sender import Messages, deliver
from include.store.models import Entry, SlackCapture
from include.store.session import session_scope
from tests.db.outbox.support import QUICK, queue, row

if TYPE_CHECKING:
    from sandbox.slack.client import SlackSandbox

REVIEW = "#feedback-review"


@pytest.fixture
def captured(slack: SlackSandbox) -> tuple[int, str]:
    """An entry that was taken from a message in #feedback, and the message's ts."""
    return capture(slack, internal=True)


def capture(slack: SlackSandbox, *, internal: bool) -> tuple[int, str]:
    ts = slack.say("U0BEN", "C0FEEDBACK", "Exports time out")["ts"]
    key = f"message:C0FEEDBACK:{ts}"
    with session_scope() as session:
        place = {
            "channel": "C0FEEDBACK",
            "message_ts": ts,
            "slack_user_id": "U0ANN",
            "is_internal": internal,
        }
        session.add(SlackCapture(key=key, thread_ts=ts, dag_id="d", run_id="r", **place))
        entry = Entry(
            idempotency_key=f"slack:{key}",
            source="slack",
            external_id=key,
            customer_pain="Exports time out",
            severity="medium",
            dag_id="d",
            run_id="r",
        )
        session.add(entry)
        session.flush()
        return entry.id, ts


def test_goes_to_the_thread_it_came_from_with_a_mention(
    slack: SlackSandbox, captured: tuple[int, str]
) -> None:
    entry_id, ts = captured
    message_id = queue("question", "U0ANN", entry_id=entry_id)
    slack.faults("conversations.open", error="user_disabled")

    report = deliver([message_id], review_channel=REVIEW, policy=QUICK)

    assert (report.rerouted_ids, report.done_ids) == ([message_id], [message_id])
    shown = slack.messages("C0FEEDBACK")[-1]
    assert shown["thread_ts"] == ts
    assert "For <@U0ANN>, who could not be reached" in json.dumps(shown["blocks"])
    stored = row(message_id)
    assert (stored.state, stored.rerouted_from, stored.address) == ("sent", "U0ANN", "C0FEEDBACK")


@pytest.mark.parametrize("code", ["not_in_channel", "channel_not_found", "is_archived"])
def test_goes_on_to_the_review_channel_when_the_thread_is_closed_too(
    slack: SlackSandbox, captured: tuple[int, str], code: str
) -> None:
    entry_id, _ = captured
    message_id = queue("question", "U0ANN", entry_id=entry_id)
    slack.faults("conversations.open", error="user_not_found")
    slack.faults("chat.postMessage", error=code, channel="C0FEEDBACK")

    deliver([message_id], review_channel=REVIEW, policy=QUICK)

    [shown] = slack.messages("C0REVIEW")
    assert "thread_ts" not in shown
    assert json.dumps(shown["blocks"]).count("could not be reached") == 1
    stored = row(message_id)
    assert (stored.state, stored.error) == (
        "sent",
        f"{code}: U0ANN could not be reached, sent to the review channel",
    )


def test_a_thread_that_another_company_reads_is_passed_over(slack: SlackSandbox) -> None:
    entry_id, _ = capture(slack, internal=False)
    message_id = queue("question", "U0ANN", entry_id=entry_id)
    slack.faults("conversations.open", error="user_disabled")

    deliver([message_id], review_channel=REVIEW, policy=QUICK)

    assert len(slack.messages("C0FEEDBACK")) == 1
    assert len(slack.messages("C0REVIEW")) == 1


def test_ends_when_the_review_channel_is_not_there_either(
    slack: SlackSandbox, captured: tuple[int, str]
) -> None:
    entry_id, _ = captured
    message_id = queue("question", "U0ANN", entry_id=entry_id)
    slack.faults("conversations.open", error="user_not_found")
    slack.faults("chat.postMessage", error="channel_not_found", times=9)

    report = deliver([message_id], review_channel=REVIEW, policy=QUICK)

    assert report.failed_ids == [message_id]
    assert row(message_id).error == "channel_not_found"
    assert sweep(Messages(policy=QUICK)).done_ids == []


def test_a_message_to_a_channel_never_goes_elsewhere(slack: SlackSandbox) -> None:
    message_id = queue("digest", "C0NOWHERE")
    assert deliver([message_id], review_channel=REVIEW).failed_ids == [message_id]
    assert slack.messages("C0REVIEW") == []
