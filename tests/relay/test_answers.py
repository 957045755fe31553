"""Clicks on a question and on Undo: the first valid one decides, everybody else is told."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from sqlalchemy import select, text, update

from include.durable.api import signing_keys
from include.durable.keys import sign
from include.entries import questions
from include.entries.correct import undo_attachment
from include.entries.show import show_question
from include.outbox.effects import sweep
from include.outbox.replies import AnswerReply
from include.relay import background
from include.relay.dispatch import MOST_ATTEMPTS, UntouchedSlackEvents, dispatch
from include.relay.listeners import correct_entry
from include.store.models import Decision, Feedback, SlackEvent, SlackPerson
from include.store.session import session_scope
from tests.relay.conftest import Asked, connect_slack, hook_of
from tests.relay.support import click, sweep_events

if TYPE_CHECKING:
    from sandbox.slack.client import SlackSandbox
    from tests.relay.support import Caller

QUESTION_BUTTONS = [
    "answer_attach",
    "answer_create",
    "pick_for_question",
    "answer_set_aside",
    "edit_details",
]


def events() -> list[SlackEvent]:
    with session_scope() as session:
        return list(session.execute(select(SlackEvent).order_by(SlackEvent.id)).scalars())


def decisions(step: str) -> list[Decision]:
    with session_scope() as session:
        return list(session.scalars(select(Decision).where(Decision.step == step)))


def notes(slack: SlackSandbox, user: str = "U0ANN") -> list[str]:
    return [m["text"] for m in slack.dm(user) if m.get("ephemeral_to") == user]


def card(slack: SlackSandbox) -> dict[str, Any]:
    return slack.dm("U0ANN")[0]


def buttons(message: dict[str, Any]) -> list[str]:
    elements = [e for b in message["blocks"] if b["type"] == "actions" for e in b["elements"]]
    return [element["action_id"] for element in elements]


@pytest.mark.parametrize(
    ("action_id", "choice", "words"),
    [
        ("answer_attach", "attach", "<@U0ANN> chose"),
        ("answer_create", "create", "A request of its own is being opened."),
    ],
)
def test_a_click_is_recorded_and_locks_the_card(
    relay: Caller, slack: SlackSandbox, asked: Asked, action_id: str, choice: str, words: str
) -> None:
    assert buttons(card(slack)) == QUESTION_BUTTONS

    answer = relay.interact(click(action_id, asked.token))
    assert background.drain()

    assert (answer.status_code, answer.content) == (200, b"")
    hook = hook_of(asked)
    assert (hook.status, hook.answer) == ("answered", {"choice": choice})
    assert (hook.answered_by, hook.answered_via) == ("slack:U0ANN", "slack")
    assert buttons(card(slack)) == []
    assert words in json.dumps(card(slack)["blocks"])
    assert [(d.route, d.actor) for d in decisions("answer")] == [(choice, "slack:U0ANN")]
    assert [(e.state, e.attempts, e.error) for e in events()] == [("done", 1, None)]
    assert notes(slack) == []


def test_a_repeat_of_the_same_click_does_nothing_twice(
    relay: Caller, slack: SlackSandbox, asked: Asked
) -> None:
    payload = click("answer_attach", asked.token)

    statuses = [relay.interact(payload).status_code for _ in range(3)]
    assert background.drain()
    statuses.append(relay.interact(payload).status_code)
    assert background.drain()

    assert statuses == [200] * 4
    assert (len(events()), len(decisions("answer")), notes(slack)) == (1, 1, [])
    assert slack.calls()["chat.update"] == 1


def test_a_second_click_is_told_the_recorded_outcome(
    relay: Caller, slack: SlackSandbox, asked: Asked
) -> None:
    relay.interact(click("answer_attach", asked.token))
    assert background.drain()
    relay.interact(click("answer_create", asked.token))
    assert background.drain()

    assert hook_of(asked).answer == {"choice": "attach"}
    (note,) = notes(slack)
    assert "<@U0ANN> chose" in note


def test_a_stranger_changes_nothing_and_is_told_privately(
    relay: Caller, slack: SlackSandbox, asked: Asked
) -> None:
    place = {"id": "C0FEEDBACK", "name": "feedback"}
    relay.interact(click("answer_attach", asked.token, "U0BEN", channel=place))
    assert background.drain()

    assert (hook_of(asked).status, decisions("answer")) == ("pending", [])
    assert buttons(card(slack)) == QUESTION_BUTTONS
    (note,) = slack.messages("C0FEEDBACK", "U0BEN")
    assert (note["ephemeral_to"], note["text"]) == (
        "U0BEN",
        "Only <@U0ANN> can answer this question.",
    )


def test_a_note_that_cannot_be_shown_in_the_channel_comes_as_a_direct_message(
    relay: Caller, slack: SlackSandbox, asked: Asked
) -> None:
    relay.interact(click("answer_attach", asked.token, "U0BEN"))  # in Ann's DM: Ben is not there
    assert background.drain()

    assert [m["text"] for m in slack.dm("U0BEN")] == ["Only <@U0ANN> can answer this question."]


def test_a_listed_approver_may_answer(relay: Caller, asked: Asked) -> None:
    relay.interact(click("answer_create", asked.token, "U0CARLA"))
    assert background.drain()

    assert hook_of(asked).answered_by == "slack:U0CARLA"


def test_a_late_click_is_told_that_the_question_expired(
    relay: Caller, slack: SlackSandbox, asked: Asked
) -> None:
    with session_scope() as session:
        session.execute(text("UPDATE hooks SET status = 'expired', closed_at = now()"))

    relay.interact(click("answer_attach", asked.token))
    assert background.drain()

    assert hook_of(asked).status == "expired"
    (note,) = notes(slack)
    assert note.startswith("This question is closed. Nobody answered until")


def test_forged_tokens_change_nothing(relay: Caller, slack: SlackSandbox, asked: Asked) -> None:
    with session_scope() as session:
        other_purpose = sign("undo", asked.hook_id, signing_keys(session)[0])
    subject, mac = asked.token.rsplit(".", 1)
    forged = [
        "",
        asked.hook_id,
        other_purpose,
        f"{subject}.{'A' if mac[0] != 'A' else 'B'}{mac[1:]}",
        f"{subject}.999.{mac}",
        f"00000000-0000-0000-0000-000000000000.{mac}",
    ]

    for token in forged:
        assert relay.interact(click("answer_attach", token)).status_code == 200
        assert background.drain()

    assert hook_of(asked).status == "pending"
    assert notes(slack) == ["This button is no longer valid. Nothing was changed."] * len(forged)


def test_twenty_clicks_at_once_are_one_answer(
    relay: Caller, slack: SlackSandbox, asked: Asked
) -> None:
    choices = QUESTION_BUTTONS[:2] * 10
    payloads = [click(action_id, asked.token) for action_id in choices]

    with ThreadPoolExecutor(20) as pool:
        statuses = [answer.status_code for answer in pool.map(relay.interact, payloads)]
    assert background.drain(60)

    assert statuses == [200] * 20
    assert [e.state for e in events()] == ["done"] * 20
    assert len(decisions("answer")) == 1
    assert slack.calls()["chat.update"] == 1
    recorded = hook_of(asked).answer
    assert recorded is not None
    words = questions.CHOICE_WORDS[recorded["choice"]]
    assert len(notes(slack)) == 19
    assert all(words in note for note in notes(slack))


def test_the_answer_counts_while_slack_is_down_and_the_card_is_locked_later(
    relay: Caller, slack: SlackSandbox, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    from include.outbox.sender import Messages

    with session_scope() as session:
        session.add(SlackPerson(slack_user_id="U0ANN", kind="person", name="Ann"))
    with monkeypatch.context() as patch:
        connect_slack(patch, "http://127.0.0.1:9/api/")
        assert relay.interact(click("answer_attach", asked.token)).status_code == 200
        assert background.drain()
    assert hook_of(asked).status == "answered"
    assert buttons(card(slack)) == QUESTION_BUTTONS
    with session_scope() as session:
        session.execute(text("UPDATE messages SET not_before = NULL"))

    sweep(Messages())

    assert buttons(card(slack)) == []


def test_an_answer_of_somebody_unknown_waits_until_slack_says_who_it_is(
    relay: Caller, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        connect_slack(patch, "http://127.0.0.1:9/api/")
        assert relay.interact(click("answer_attach", asked.token)).status_code == 200
        assert background.drain()
        for _ in range(MOST_ATTEMPTS + 1):
            assert hook_of(asked).status == "pending"
            assert sweep_events().done == 0
    assert sweep_events().done == 1
    assert hook_of(asked).answer == {"choice": "attach"}


def test_a_process_that_died_after_the_acknowledgement_loses_no_answer(
    relay: Caller, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(background, "submit", lambda *_: None)
        assert relay.interact(click("answer_attach", asked.token)).status_code == 200
    assert hook_of(asked).status == "pending"
    assert sweep(UntouchedSlackEvents()).done_ids == []

    assert sweep_events().done == 1
    assert hook_of(asked).answer == {"choice": "attach"}


def test_an_effect_that_fails_leaves_nothing_behind_and_is_tried_again(
    relay: Caller, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        broken = mock.create_autospec(show_question, side_effect=OSError("in the middle"))
        patch.setattr(questions, "show_question", broken)
        relay.interact(click("answer_attach", asked.token))
        assert background.drain()
    (event,) = events()
    assert (event.state, event.attempts, event.error) == ("received", 1, "OSError")
    assert (hook_of(asked).status, decisions("answer")) == ("pending", [])

    sweep_events()

    assert hook_of(asked).status == "answered"
    assert [event.state for event in events()] == ["done"]


def test_after_five_failures_the_person_is_told(
    relay: Caller, slack: SlackSandbox, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = mock.create_autospec(show_question, side_effect=OSError("always"))
    monkeypatch.setattr(questions, "show_question", broken)
    relay.interact(click("answer_attach", asked.token))
    assert background.drain()

    for _ in range(6):
        sweep_events()

    (event,) = events()
    assert (event.state, event.attempts) == ("failed", 5)
    assert notes(slack) == [
        "Something went wrong on my side and nothing was changed. Please try again in a while."
    ]


def test_undo_is_handed_on_with_who_and_what(
    relay: Caller, slack: SlackSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in = mock.create_autospec(
        undo_attachment, return_value=AnswerReply("too_late", "This was undone already.")
    )
    monkeypatch.setitem(correct_entry._CORRECTIONS, "undo_attachment", stand_in)

    relay.interact(click("undo_attachment", "7.1.mac"))
    assert background.drain()

    assert stand_in.call_count == 1
    assert stand_in.call_args.kwargs["token"] == "7.1.mac"
    assert stand_in.call_args.kwargs["actor"].label == "slack:U0ANN"
    assert [m["text"] for m in slack.messages("D0ANN", "U0ANN")] == ["This was undone already."]


def test_what_is_stored_lets_nobody_act_in_slack(relay: Caller, asked: Asked) -> None:
    relay.interact(click("answer_attach", asked.token))
    assert background.drain()

    (event,) = events()
    kept = json.dumps(event.payload)
    assert (event.user_id, event.channel_id, event.team_id) == ("U0ANN", "D0ANN", "T0DEMO")
    for secret in ("verification-token", "hooks.slack", "trigger"):
        assert secret not in kept


def test_undo_takes_the_attachment_back_and_its_card_offers_what_follows(
    relay: Caller, slack: SlackSandbox, asked: Asked
) -> None:
    from include.entries.decisions import lock_with_decision
    from include.entries.report import open_message_ids
    from include.entries.settle import settle
    from include.entries.tell import tell
    from include.outbox.sender import deliver

    with session_scope() as session:
        session.execute(update(Decision).values(route="attach"))
        entry, decision = lock_with_decision(session, asked.entry_id)
        assert decision is not None
        settle(session, entry, decision)
        tell(session, [entry])
        message_ids = open_message_ids(session, asked.entry_id)
    deliver(message_ids)
    attached = slack.dm("U0ANN")[-1]
    button, *_ = [e for b in attached["blocks"] if b["type"] == "actions" for e in b["elements"]]

    relay.interact(click("undo_attachment", button["value"], "U0BEN"))
    assert background.drain()
    assert live_evidence() == [asked.request_id]
    relay.interact(click("undo_attachment", button["value"]))
    relay.interact(click("undo_attachment", button["value"]))
    assert background.drain()

    assert [request for request in live_evidence() if request == asked.request_id] == []
    assert [d.actor for d in decisions("undo")] == ["slack:U0ANN"]
    locked = next(m for m in slack.dm("U0ANN") if m["ts"] == attached["ts"])
    assert buttons(locked)[0] == "move_to_0"
    assert "Undone by <@U0ANN>" in json.dumps(locked["blocks"])
    assert any(note.startswith("This was changed already") for note in notes(slack))


def live_evidence() -> list[int]:
    with session_scope() as session:
        return list(
            session.scalars(select(Feedback.request_id).where(Feedback.removed_at.is_(None)))
        )


def test_an_event_that_is_done_is_not_performed_again(relay: Caller, asked: Asked) -> None:
    relay.interact(click("answer_attach", asked.token))
    assert background.drain()

    dispatch(events()[0].id)

    assert (events()[0].attempts, len(decisions("answer"))) == (1, 1)
