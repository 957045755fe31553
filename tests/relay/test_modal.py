"""*Add Feedback*: opened from anywhere or from a message, checked, and taken once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from include.relay import background
from include.store.models import (
    Account,
    Entry,
    Opportunity,
    PersonKind,
    SlackCapture,
    SlackEvent,
    SlackPerson,
    User,
)
from include.store.session import session_scope
from include.workflows import ingest_slack_feedback as ingest
from tests.relay.test_capture import SAID, runs

if TYPE_CHECKING:
    from sandbox.slack.client import SlackSandbox
    from tests.relay.support import FakeAirflow

DAG = "ingest_slack_feedback"


@pytest.fixture
def crm(workspace: SlackSandbox) -> None:
    """Two accounts with a deal each."""
    with session_scope() as session:
        session.add(Account(id="ACC-1", name="Northwind 100% Traders"))
        session.add(Account(id="ACC-2", name="Contoso"))
        session.flush()
        session.add(Opportunity(id="OPP-1", account_id="ACC-1", name="Northwind renewal"))
        session.add(Opportunity(id="OPP-2", account_id="ACC-2", name="Contoso pilot"))


def open_form(workspace: SlackSandbox) -> dict[str, Any]:
    workspace.shortcut("U0ANN", "add_feedback")
    assert background.drain()
    view = workspace.view("U0ANN")
    assert view is not None
    return view


def ingest_run(airflow: FakeAirflow) -> dict[str, Any]:
    """Do what the DAG does; the run of ``process_customer_entry``."""
    [run] = runs(airflow, DAG)
    who = ingest.resolve_submitter(run["conf"]["user"])
    del airflow.runs[run["dag_run_id"]]
    result = ingest.hand_over_submission(run["conf"], who, dag_id=DAG, run_id=run["dag_run_id"])
    return airflow.runs[result["run_id"]] if result["status"] == "handed_over" else result


def entry_of(run: dict[str, Any]) -> tuple[Entry, str | None]:
    """The entry a run was started for, with its submitter's address; the run knows its id alone."""
    assert list(run["conf"]) == ["entry_id"]
    with session_scope() as session:
        entry = session.get_one(Entry, run["conf"]["entry_id"])
        submitter = session.get(User, entry.submitter_id) if entry.submitter_id else None
        return entry, submitter.email if submitter else None


@pytest.mark.usefixtures("crm")
def test_what_was_filled_in_becomes_an_entry_under_the_same_run_id(
    workspace: SlackSandbox, airflow: FakeAirflow
) -> None:
    view = open_form(workspace)
    [account] = workspace.suggest("U0ANN", "account_search", "100%", view_id=view["id"])
    [deal] = workspace.suggest("U0ANN", "opportunity_search", "northwind", view_id=view["id"])
    workspace.submit(
        "U0ANN",
        {
            "pain": SAID,
            "severity": "high",
            "account": account,
            "opportunity": deal,
            "links": "https://crm.example.com/1\n https://crm.example.com/2",
        },
        repeat=2,
    )
    assert background.drain()
    assert workspace.view("U0ANN") is None

    assert SAID not in json.dumps(list(airflow.runs.values()))
    run = ingest_run(airflow)
    entry, email = entry_of(run)
    assert (entry.customer_pain, entry.severity) == (SAID, "high")
    assert (entry.account_id, entry.opportunity_id) == ("ACC-1", "OPP-1")
    assert entry.links == ["https://crm.example.com/1", "https://crm.example.com/2"]
    assert (entry.dag_id, entry.run_id) == ("process_customer_entry", run["dag_run_id"])
    assert email == "ann.ames@example.com"
    with session_scope() as session:
        kept = [(e.payload, e.run_conf) for e in session.scalars(select(SlackEvent))]
    assert SAID not in json.dumps(kept)
    assert run["note"] == f"Started by {DAG}, run {run['dag_run_id']}."


def test_the_form_opens_from_a_message_with_its_words_and_links_back(
    workspace: SlackSandbox, airflow: FakeAirflow
) -> None:
    ts = workspace.say("U0BEN", "C0FEEDBACK", f"<@U0ANN> {SAID}")["ts"]
    workspace.message_shortcut("U0ANN", "C0FEEDBACK", ts, "add_feedback_from_message")
    assert background.drain()
    workspace.submit("U0ANN", {})
    assert background.drain()

    entry, _ = entry_of(ingest_run(airflow))
    assert SAID in entry.customer_pain
    assert entry.links == [f"{workspace.base_url}/archives/C0FEEDBACK/p{ts.replace('.', '')}"]
    assert entry.severity == "medium"
    with session_scope() as session:
        mark = session.scalars(select(SlackCapture)).one()
        assert (mark.channel, mark.message_ts, mark.is_internal) == ("C0FEEDBACK", ts, True)
        assert mark.emoji_shown == "hourglass_flowing_sand"
        assert (mark.key, mark.run_id) == (entry.external_id, entry.run_id)


@pytest.mark.usefixtures("crm")
@pytest.mark.parametrize(
    ("values", "block", "words"),
    [
        ({"pain": " \n "}, "pain", "say in a sentence"),
        ({"pain": "x", "links": "see crm"}, "links", "is no web address"),
        (
            {"pain": "x", "links": "https://e.com/\n" * 21},
            "links",
            "This has 21 items; at most 20 are allowed.",
        ),
        (
            {
                "pain": "x",
                "account": {"text": {"type": "plain_text", "text": "N"}, "value": "ACC-1"},
                "opportunity": {"text": {"type": "plain_text", "text": "C"}, "value": "OPP-2"},
            },
            "opportunity",
            "belongs to another account",
        ),
    ],
)
def test_what_is_wrong_is_said_inside_the_form(
    workspace: SlackSandbox, airflow: FakeAirflow, values: dict[str, Any], block: str, words: str
) -> None:
    view = open_form(workspace)
    workspace.submit("U0ANN", values)
    assert background.drain()

    assert words in workspace.state()["view_errors"][view["id"]][block]
    assert workspace.view("U0ANN") is not None
    assert airflow.runs == {}


def test_an_expired_trigger_is_told_and_nothing_else_happens(
    workspace: SlackSandbox, airflow: FakeAirflow
) -> None:
    workspace.faults("views.open", error="expired_trigger_id")
    workspace.shortcut("U0ANN", "add_feedback")
    assert background.drain()

    assert [m["text"] for m in workspace.dm("U0ANN")] == [
        "That took me too long to open. Please try once more."
    ]
    assert airflow.runs == {}


@pytest.mark.parametrize(
    ("kind", "words"),
    [("guest", "you are a guest"), ("no_email", "does not show me your e-mail")],
)
def test_a_guest_is_told_and_the_entry_has_no_submitter(
    workspace: SlackSandbox, airflow: FakeAirflow, kind: str, words: str
) -> None:
    with session_scope() as session:
        session.add(SlackPerson(slack_user_id="U0ANN", kind=PersonKind(kind).value, name="Ann"))
    open_form(workspace)
    workspace.submit("U0ANN", {"pain": SAID})
    assert background.drain()

    assert entry_of(ingest_run(airflow))[0].submitter_id is None
    [note] = workspace.dm("U0ANN")
    assert words in note["text"]
    assert "#feedback-review" in note["text"]


def test_a_bot_and_a_person_who_is_gone(workspace: SlackSandbox, airflow: FakeAirflow) -> None:
    conf = {"user": "U0GTMBOT", "external_id": "view:1", "customer_pain": SAID}
    who = ingest.resolve_submitter("U0GTMBOT")
    assert ingest.hand_over_submission(conf, who, dag_id=DAG, run_id="r") == {
        "status": "refused",
        "reason": "bot",
    }
    with session_scope() as session:
        assert session.scalars(select(Entry)).all() == []
    gone = ingest.resolve_submitter("U0NOBODY")
    assert gone == {"kind": "gone", "user_id": None}
    ingest.hand_over_submission(conf, gone, dag_id=DAG, run_id="r")
    assert entry_of(airflow.runs["r"])[0].submitter_id is None


def test_the_form_keeps_slacks_limits_whatever_is_in_it() -> None:
    from include.slack.cards import modals
    from sandbox.slack.blockkit import check_view

    for length in (2999, 3000, 3001, 20_000):
        view = modals.feedback_modal(pain="x" * length, message={"channel": "C", "ts": "1.2"})
        check_view(view)
        assert len(view["blocks"][0]["element"]["initial_value"]) == min(length, 3000)
    check_view(modals.pick_modal(quote="&" * 9000, subject="question", token="t" * 200))
    found = modals.options([("v" * 150, "x" * 76), ("v" * 151, "too long"), ("", "blank")] * 60)
    assert len(found) == 60
    assert len(modals.options([(str(n), "x") for n in range(101)])) == 100
    assert {len(one["text"]["text"]) for one in found} == {75}
    json.dumps(found)


@pytest.mark.usefixtures("crm")
def test_what_is_called_just_so_is_offered_however_many_others_hold_the_word(
    workspace: SlackSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("include.relay.listeners.add_feedback.MOST_FOUND", 2)
    with session_scope() as session:
        for number, name in enumerate(("A Nova", "B Nova", "C Nova", "Nova", "Nova Two")):
            session.add(Account(id=f"N-{number}", name=name))
            session.add(Opportunity(id=f"D-{number}", name=name))
    view = open_form(workspace)
    for search, own in (("account_search", "N"), ("opportunity_search", "D")):
        found = workspace.suggest("U0ANN", search, "nova", view_id=view["id"])
        assert [one["value"] for one in found] == [f"{own}-3", f"{own}-4"]
        found = workspace.suggest("U0ANN", search, f"{own}-2", view_id=view["id"])
        assert [one["value"] for one in found] == [f"{own}-2"]
