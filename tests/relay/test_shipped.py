"""``/shipped``: which request is meant, who will be told, and what starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from include.durable.api import signing_keys
from include.durable.keys import sign
from include.people.signed_in import run_actor
from include.relay import background
from include.store.models import (
    RequestFollower,
    RequestMerge,
    RequestStatusChange,
    SlackEvent,
    User,
)
from include.store.session import session_scope
from tests.db.entries.conftest import WordsEmbedder, make_request
from tests.relay.support import click, slash

if TYPE_CHECKING:
    from sandbox.slack.client import SlackSandbox
    from tests.relay.support import Caller, FakeAirflow

BASE = "https://feedback.example.com"


def shipped(relay: Caller, said: str) -> dict[str, Any]:
    answer: dict[str, Any] = relay.command(slash(said, "/shipped")).json()
    return answer


def shipped_buttons(answer: dict[str, Any]) -> list[dict[str, Any]]:
    blocks = answer.get("blocks") or []
    return [one for block in blocks if block["type"] == "actions" for one in block["elements"]]


def test_shipped_says_whom_it_will_tell_and_starts_only_when_pressed(
    relay: Caller, slack: SlackSandbox, airflow: FakeAirflow
) -> None:
    request_id = make_request(WordsEmbedder(), "Export tables as CSV")
    with session_scope() as session:
        ann = User(slack_user_id="U0ANN", email="ann@example.com", name="Ann")
        others = [User(slack_user_id="U0BEN", name="Ben"), User(email="eve@example.com")]
        session.add_all([ann, *others])
        session.flush()
        session.add_all(
            RequestFollower(request_id=request_id, user_id=user.id) for user in (ann, *others)
        )
    for said in (
        "export-tables-as-csv",
        f"{BASE}/requests/export-tables-as-csv",
        f"<{BASE}/requests/export-tables-as-csv|here>",
        "export tables as CSV",
    ):
        answer = shipped(relay, said)
        assert "*Export tables as CSV*: 2 people will be told" in answer["text"]
        assert "1 person without Slack cannot be told" in answer["text"]
    assert background.drain()
    assert airflow.runs == {}

    [button] = shipped_buttons(answer)
    for _ in range(2):
        relay.interact(click("ship_request", button["value"]))
    assert background.drain()

    [run] = airflow.runs.values()
    assert run["dag_id"] == "mark_shipped"
    # The run's id leads to the stored press; no address is in its conf, which Airflow shows.
    assert run["conf"] == {"request": "export-tables-as-csv"}
    with session_scope() as session:
        who = run_actor(
            session, None, dag_id="mark_shipped", run_id=run["dag_run_id"], started_by="relay"
        )
    assert (who.label, who.email) == ("slack:U0ANN", "ann.ames@example.com")


def test_open_it_again_starts_only_for_those_who_may_and_only_once(
    relay: Caller, slack: SlackSandbox, airflow: FakeAirflow
) -> None:
    request_id = make_request(WordsEmbedder(), "Export tables as CSV", status="shipped")
    with session_scope() as session:
        key = signing_keys(session)[0]
    token = sign("reopen", str(request_id), key)
    relay.interact(click("reopen_request", token, user="U0GIL"))
    relay.interact(click("reopen_request", sign("ship", str(request_id), key)))
    assert background.drain()
    assert airflow.runs == {}
    for _ in range(2):
        relay.interact(click("reopen_request", token))
    assert background.drain()
    [run] = airflow.runs.values()
    assert (run["dag_id"], run["conf"]) == ("reopen_request", {"request": "export-tables-as-csv"})


def test_words_that_may_mean_several_requests_are_offered_as_a_list(
    relay: Caller, slack: SlackSandbox, airflow: FakeAirflow
) -> None:
    for title in ("Export tables as CSV", "Export tables as PDF"):
        make_request(WordsEmbedder(), title)
    answer = shipped(relay, "export tables")
    found = shipped_buttons(answer)
    assert {one["text"]["text"] for one in found} == {
        "Export tables as CSV",
        "Export tables as PDF",
    }
    place = {"id": "C0FEEDBACK", "name": "feedback"}
    relay.interact(click(found[0]["action_id"], found[0]["value"], channel=place))
    assert background.drain()
    [told] = [m for m in slack.messages("C0FEEDBACK", "U0ANN") if m.get("ephemeral_to") == "U0ANN"]
    assert "Nobody follows it, so nobody will be told." in told["text"]
    assert airflow.runs == {}


def test_what_has_shipped_or_was_merged_is_said_before_anything_is_done(
    relay: Caller, airflow: FakeAirflow
) -> None:
    old = make_request(WordsEmbedder(), "Print tables on paper")
    new = make_request(WordsEmbedder(), "Print everything")
    done = make_request(WordsEmbedder(), "Archive mails", status="shipped")
    with session_scope() as session:
        session.add(RequestMerge(request_id=old, into_id=new, merged_by="user:a"))
        session.add(
            RequestStatusChange(request_id=done, status="shipped", changed_by="slack:U0BEN")
        )
    merged = shipped(relay, "print-tables-on-paper")
    assert "was merged into *Print everything*" in merged["text"]
    assert len(shipped_buttons(merged)) == 1
    already = shipped(relay, "archive-mails")
    assert "It already shipped on" in already["text"]
    assert "by <@U0BEN>; 0 people told then. Nobody will be told again." in already["text"]
    assert shipped_buttons(already) == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("", "Tell me which request"),
        ("no-such", "I know no request like `no-such`"),
        ("https://evil.example/requests/export-tables-as-csv", "is not the page of one of our"),
        ("<!channel> everything", "I know no request like `&lt;!channel&gt; everything`"),
        (f"{BASE}/areas/exports", "is not the page of one of our requests"),
    ],
)
def test_shipped_says_what_it_cannot_use(
    relay: Caller, airflow: FakeAirflow, said: str, words: str
) -> None:
    make_request(WordsEmbedder(), "Export tables as CSV")
    assert words in relay.command(slash(said, "/shipped")).json()["text"]
    assert background.drain()
    assert airflow.runs == {}


def test_shipped_says_when_its_workflow_is_not_there(
    relay: Caller, slack: SlackSandbox, airflow: FakeAirflow
) -> None:
    make_request(WordsEmbedder(), "Export tables as CSV")
    airflow.statuses = [404]
    [button] = shipped_buttons(shipped(relay, "export-tables-as-csv"))
    place = {"id": "C0FEEDBACK", "name": "feedback"}
    relay.interact(click("ship_request", button["value"], channel=place))
    assert background.drain()

    told = [m for m in slack.messages("C0FEEDBACK", "U0ANN") if m.get("ephemeral_to") == "U0ANN"]
    assert any("its workflow `mark_shipped` is not there" in one["text"] for one in told)
    with session_scope() as session:
        assert session.scalars(select(SlackEvent.state)).one() == "failed"
