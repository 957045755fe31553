"""Keys of received calls: the same for a repeat, different for anything else."""

from __future__ import annotations

from typing import Any

import pytest

from include.relay.incoming import (
    MalformedPayload,
    check_shape,
    command_key,
    event_key,
    from_action,
    from_command,
    parse_body,
    view_key,
)
from tests.relay.support import click, slash


def changed(payload: dict[str, Any], **action: Any) -> dict[str, Any]:
    return payload | {"actions": [payload["actions"][0] | action]}


def test_a_repeated_click_has_the_same_key_and_any_other_has_not() -> None:
    payload = click("answer_attach", "token")
    others = [
        changed(payload, action_ts="1795399999.000100"),
        changed(payload, action_id="answer_create"),
        payload | {"user": {"id": "U0BEN"}},
        payload | {"channel": {"id": "C0FEEDBACK"}},
        payload | {"container": payload["container"] | {"message_ts": "1"}},
    ]

    key = from_action(payload).key
    assert from_action(dict(payload) | {"trigger_id": "another"}).key == key
    assert len({key, *(from_action(other).key for other in others)}) == len(others) + 1


def test_a_click_without_its_moment_is_told_apart_by_its_trigger() -> None:
    payload = changed(click("answer_attach", "token"), action_ts=None)

    assert from_action(payload).key.endswith(f":{payload['trigger_id']}")


def test_a_click_in_an_ephemeral_message_without_channel_object_keeps_its_channel() -> None:
    payload = click("answer_attach", "token")
    del payload["channel"]

    assert from_action(payload).channel_id == "D0ANN"


def test_the_runs_id_follows_from_the_key() -> None:
    fields = slash("x")
    first = from_command(fields, dag_id="d", run_conf={"customer_pain": "x"})
    again = from_command(dict(fields), dag_id="d", run_conf={"customer_pain": "x"})
    other = from_command(slash("x"), dag_id="d", run_conf={"customer_pain": "x"})

    assert first.run_id == again.run_id != other.run_id
    assert first.run_id is not None
    assert len(first.run_id) == len("slack__") + 20
    assert from_action(click("answer_attach", "token")).run_id is None


def test_keys_of_the_other_calls() -> None:
    assert command_key({"trigger_id": "1.2.x"}) == "command:1.2.x"
    assert event_key({"event_id": "Ev1"}) == "event:Ev1"
    assert view_key({"view": {"id": "V1", "hash": "156.h"}}) == "view:V1:156.h"
    assert view_key({"view": {"id": "V1"}}) == "view:V1:"


def test_a_form_with_the_word_payload_in_a_text_is_still_a_form() -> None:
    body = parse_body(
        "command=%2Ffeedback&text=payload+too+large", "application/x-www-form-urlencoded"
    )

    assert body == {"command": "/feedback", "text": "payload too large"}


@pytest.mark.parametrize("kind", ["shortcut", "message_action", "view_submission", "block_actions"])
def test_an_interaction_without_its_person_is_malformed(kind: str) -> None:
    with pytest.raises(MalformedPayload, match="user"):
        check_shape({"type": kind})


def test_types_of_the_future_pass() -> None:
    check_shape({"type": "app_rate_limited"})
    check_shape({"type": "something_new"})
