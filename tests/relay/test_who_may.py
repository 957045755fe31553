"""Guests, other workspaces, bots and deactivated people: refused at every way in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select, update

from include.people import signed_in
from include.relay import background
from include.relay import workspace as workspaces
from include.relay.socket import take
from include.store.models import Account, Entry, Hook, PersonKind, SlackEvent, SlackPerson
from include.store.session import session_scope
from tests.db.entries.conftest import WordsEmbedder, make_request
from tests.relay.conftest import Asked, hook_of
from tests.relay.support import click, slash

if TYPE_CHECKING:
    from sandbox.slack.client import SlackSandbox
    from tests.relay.support import Caller, FakeAirflow

NOT_MEMBERS = [PersonKind.GUEST, PersonKind.BOT, PersonKind.GONE]
OTHER = {"team_id": "T0EVIL", "team": {"id": "T0EVIL", "domain": "evil"}}


@pytest.fixture(params=NOT_MEMBERS)
def stranger(relay: Caller, request: pytest.FixtureRequest) -> str:
    """The Slack id of somebody who is no full member."""
    with session_scope() as session:
        session.add(SlackPerson(slack_user_id="U0XAVER", kind=request.param, name="Xaver"))
    return "U0XAVER"


def count(model: Any) -> int:
    with session_scope() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_they_ship_nothing(relay: Caller, airflow: FakeAirflow, stranger: str) -> None:
    make_request(WordsEmbedder(), "Export tables as CSV")
    told = relay.command(slash("export-tables-as-csv", "/shipped", user_id=stranger)).json()["text"]
    assert background.drain()
    assert "Export tables" not in told
    assert "of this workspace" in told
    assert airflow.runs == {}
    assert count(SlackEvent) == 0


@pytest.mark.parametrize("action", ["answer_attach", "answer_create"])
def test_they_answer_no_question(relay: Caller, asked: Asked, stranger: str, action: str) -> None:
    relay.interact(click(action, asked.token, stranger))
    assert background.drain()
    assert hook_of(asked).answer is None


def test_they_answer_nothing_that_names_nobody(relay: Caller, asked: Asked, stranger: str) -> None:
    with session_scope() as session:
        session.execute(update(Hook).values(responders=[]))
    relay.interact(click("answer_attach", asked.token, stranger))
    assert background.drain()
    assert hook_of(asked).answer is None
    relay.interact(click("answer_attach", asked.token, "U0BEN"))
    assert background.drain()
    assert hook_of(asked).answered_by == "slack:U0BEN"


@pytest.mark.parametrize("action", ["account_search", "opportunity_search", "request_search"])
def test_forms_suggest_them_nothing(relay: Caller, stranger: str, action: str) -> None:
    make_request(WordsEmbedder(), "Export tables as CSV")
    with session_scope() as session:
        session.add(Account(id="A1", name="Export Ltd"))
    suggested = {}
    for user in (stranger, "U0ANN"):
        body = {
            "type": "block_suggestion",
            "user": {"id": user},
            "team": {"id": "T0DEMO"},
            "action_id": action,
            "block_id": "b",
            "value": "Export",
        }
        suggested[user] = relay.interact(body).json().get("options")
    assert suggested[stranger] == []


def test_they_are_told_no_numbers(workspace: SlackSandbox, asked: Asked) -> None:
    with session_scope() as session:
        session.add(SlackPerson(slack_user_id="U0BEN", kind=PersonKind.GUEST, name="Ben"))
    workspace.say("U0BEN", "C0FEEDBACK", "@gtm-feedback what do we have on export tables?")
    assert background.drain()
    [answer] = [m for m in workspace.messages("C0FEEDBACK") if m["user"] == "U0GTMBOT"]
    assert "full members" in answer["text"]
    assert "Export tables" not in json.dumps(answer)


def test_their_links_and_their_home_show_nothing(workspace: SlackSandbox, asked: Asked) -> None:
    with session_scope() as session:
        session.add(SlackPerson(slack_user_id="U0ANN", kind=PersonKind.GUEST, name="Ann"))
    url = "https://feedback.example.com/requests/csv-export"
    ts = workspace.say("U0ANN", "C0FEEDBACK", f"look: {url}")["ts"]
    workspace.open_home("U0ANN")
    assert background.drain()
    message = next(m for m in workspace.messages("C0FEEDBACK") if m["ts"] == ts)
    assert "private page" in json.dumps(message["attachments"])
    shown = json.dumps(workspace.state()["homes"]["U0ANN"]["blocks"])
    assert "Guests of this workspace" in shown
    assert "copy tables" not in shown


@pytest.mark.parametrize(
    "call",
    [
        urlencode(slash("They copy tables by hand every week.") | {"team_id": "T0EVIL"}),
        urlencode(slash("csv-export", "/shipped") | {"team_id": "T0EVIL"}),
        urlencode({"payload": json.dumps(click("answer_attach", "token") | OTHER)}),
    ],
    ids=["feedback", "shipped", "press"],
)
def test_another_workspace_is_refused_although_it_is_signed(
    relay: Caller, airflow: FakeAirflow, call: str
) -> None:
    workspaces.forget()
    assert relay.send(call.encode()).status_code == 403
    assert background.drain()
    assert (count(SlackEvent), count(Entry), airflow.runs) == (0, 0, {})


def test_another_workspace_is_refused_over_the_socket(relay: Caller, asked: Asked) -> None:
    workspaces.forget()
    body = click("answer_attach", asked.token) | OTHER
    assert take(body) == {}
    assert background.drain()
    assert (hook_of(asked).answer, count(SlackEvent)) == (None, 0)


def test_an_event_that_our_workspace_may_see_is_taken(relay: Caller) -> None:
    workspaces.forget()
    assert workspaces.is_ours({"team_id": "T0OTHER", "context_team_id": "T0DEMO"})
    assert workspaces.is_ours({"team_id": "T0OTHER", "authorizations": [{"team_id": "T0DEMO"}]})
    assert not workspaces.is_ours({"team_id": "T0OTHER", "authorizations": [None]})


def test_while_slack_is_away_a_command_of_somebody_unknown_does_nothing(
    relay: Caller, airflow: FakeAirflow, slack: SlackSandbox
) -> None:
    make_request(WordsEmbedder(), "Export tables as CSV")
    slack.faults("users.info", status=503)
    told = relay.command(slash("export-tables-as-csv", "/shipped")).json()["text"]
    assert background.drain()
    assert "who you are" in told
    assert airflow.runs == {}


def test_slack_is_asked_once_for_a_person(
    relay: Caller, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for = []
    plain = signed_in.identify
    monkeypatch.setattr(
        signed_in, "identify", lambda user, **how: asked_for.append(user) or plain(user, **how)
    )
    for _ in range(3):
        relay.interact(click("answer_attach", asked.token, "U0BEN"))
        assert background.drain()
    assert asked_for == ["U0BEN"]
    assert hook_of(asked).answer is None
