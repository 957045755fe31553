"""The main job on a running Airflow: three tiers, repeats, refusals, clears, Slack's command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from include.store.models import Entry, Feedback, Message, Request
from include.store.session import session_scope
from tests.e2e.conftest import (
    ASKS,
    ATTACHES,
    CREATES,
    DAG,
    Airflow,
    card_of,
    entry_of,
    evidence_of,
    until,
)

if TYPE_CHECKING:
    from sandbox.slack.client import SlackSandbox


def counts() -> dict[str, int]:
    """How many rows the main job has made; runs of other workflows may be at work beside it."""
    messages = select(func.count(Message.id)).where(Message.entry_id.is_not(None))
    with session_scope() as session:
        found = {
            model.__tablename__: session.scalar(select(func.count()).select_from(model)) or 0
            for model in (Entry, Feedback, Request)
        }
        return found | {"messages about entries": session.scalar(messages) or 0}


def test_a_certain_match_is_attached_by_one_task_and_can_be_undone(
    airflow: Airflow, slack: SlackSandbox
) -> None:
    run_id = airflow.start(ATTACHES, severity="high", links=["https://crm.example.com/1"])
    states = airflow.finish(run_id)
    assert {task for task, state in states.items() if state == "success"} == {
        "decide_entry",
        "attach",
        "report_outcome",
    }
    slug, feedback = evidence_of(run_id)
    assert slug == "export-a-table-as-csv"
    assert feedback.confidence is not None
    assert feedback.confidence >= 0.9
    result = airflow.result(run_id)
    assert (result["outcome"], result["request"]) == ("attached", slug)
    assert airflow.written(run_id) == ["gtm_feedback_feedback"]
    assert ATTACHES not in str(result)
    card = slack.wait_for_message(
        lambda message: "Undo" in str(message.get("blocks")), channel="D0ANN"
    )
    reply = slack.click("U0ANN", "D0ANN", card["ts"], "undo_attachment")
    assert reply["status"] == 200
    until(lambda: evidence_of(run_id)[0] != slug, 10)
    until(lambda: "Undone by <@U0ANN>" in str(slack.dm("U0ANN")), 10)


def test_an_unknown_problem_opens_a_request_and_a_second_one_finds_it(airflow: Airflow) -> None:
    first = airflow.start(CREATES)
    airflow.finish(first)
    assert airflow.result(first)["outcome"] == "created"
    assert airflow.written(first) == [
        "gtm_feedback_embeddings",
        "gtm_feedback_feedback",
        "gtm_feedback_requests",
    ]
    second = airflow.start(CREATES.replace("cannot", "can not"))
    airflow.finish(second)
    assert airflow.result(second)["outcome"] == "attached"
    assert evidence_of(first)[0] == evidence_of(second)[0]


@pytest.mark.parametrize(("choice", "outcome"), [("attach", "attached"), ("create", "created")])
def test_a_likely_match_asks_and_the_press_decides(
    airflow: Airflow, slack: SlackSandbox, choice: str, outcome: str
) -> None:
    run_id = airflow.start(ASKS)
    airflow.wait_for_task(run_id, "wait_for_answer", "deferred")
    card = card_of(slack, run_id)
    stranger = slack.click("U0EVE", "D0ANN", card["ts"], f"answer_{choice}", force=True)
    assert stranger["status"] == 200
    assert "answer_create" in str(card_of(slack, run_id)["blocks"])
    assert slack.click("U0ANN", "D0ANN", card["ts"], f"answer_{choice}")["status"] == 200
    until(lambda: "answer_create" not in str(card_of(slack, run_id)["blocks"]), 5)
    airflow.finish(run_id)
    assert airflow.result(run_id)["outcome"] == outcome
    assert ("gtm_feedback_requests" in airflow.written(run_id)) is (choice == "create")
    words = str(card_of(slack, run_id)["blocks"])
    assert "<@U0ANN> chose" in words


def test_a_repeat_with_the_same_external_id_changes_nothing(airflow: Airflow) -> None:
    first = airflow.start(ATTACHES, external_id="crm-1")
    airflow.finish(first)
    before = counts()
    second = airflow.start("Other words altogether", external_id="crm-1")
    airflow.finish(second)
    assert counts() == before
    assert airflow.result(second)["duplicate_of_run"] == first
    assert (airflow.written(first), airflow.written(second)) == (["gtm_feedback_feedback"], [])
    assert airflow.post_run({"customer_pain": "x"}, run_id=first).status_code == 409


def test_clearing_a_whole_finished_run_does_nothing_twice(
    airflow: Airflow, slack: SlackSandbox
) -> None:
    run_id = airflow.start(ATTACHES)
    airflow.finish(run_id)
    before, messages = counts(), len(slack.dm("U0ANN"))
    airflow.clear(run_id, "decide_entry", downstream=True)
    until(lambda: airflow.run_state(run_id) != "success", 20)
    airflow.finish(run_id)
    assert counts() == before
    assert len(slack.dm("U0ANN")) == messages


def test_unknown_accounts_are_kept(airflow: Airflow) -> None:
    run_id = airflow.start(ATTACHES, account_id="ACC-9999", areas=["nowhere"])
    airflow.finish(run_id)
    entry = entry_of(run_id)
    assert (entry.account_id, entry.account_known) == ("ACC-9999", False)
    assert entry.unknown_areas == ["nowhere"]


@pytest.mark.parametrize(
    ("conf", "said"),
    [
        ({"customer_pain": ""}, "customer_pain"),
        ({"customer_pain": "   "}, "customer_pain"),
        ({"customer_pain": "x" * 10_001}, "customer_pain"),
        ({"customer_pain": "x y", "severity": "urgent"}, "severity"),
        ({"customer_pain": "x y", "source": "fax"}, "source"),
        ({"customer_pain": "x y", "links": ["no url"]}, "links"),
        ({"customer_pain": "x y", "submitter": {"mail": "a@b.c"}}, "submitter"),
    ],
)
def test_bad_input_is_refused_by_the_api_with_the_fields_name(
    airflow: Airflow, conf: dict[str, Any], said: str
) -> None:
    answer = airflow.post_run(conf)
    assert answer.status_code == 400
    assert said in answer.text


def test_a_run_with_neither_words_nor_an_entry_fails_at_once(airflow: Airflow) -> None:
    run_id = airflow.post_run({}).json()["dag_run_id"]
    until(lambda: airflow.run_state(run_id) == "failed", 60)
    assert airflow.tasks(run_id)["decide_entry"] == "failed"


def test_slacks_command_starts_a_run_once_however_often_it_comes(
    airflow: Airflow, slack: SlackSandbox
) -> None:
    before = counts()["entries"]
    reply = slack.command("U0DEV", "/feedback", ATTACHES, repeat=2)
    assert reply["status"] == 200
    until(lambda: counts()["entries"] == before + 1, 60)
    with session_scope() as session:
        entry = session.scalars(select(Entry).order_by(Entry.id.desc()).limit(1)).one()
    assert (entry.source, entry.customer_pain) == ("slack", ATTACHES)
    path = f"/dags/{DAG}/dagRuns/{entry.run_id}"
    # The entry is stored first; its run is started after that.
    until(lambda: airflow.client.get(path).status_code == 200, 60)
    assert airflow.client.get(path).json()["conf"] == {"entry_id": entry.id}
    airflow.finish(entry.run_id)
    assert counts()["entries"] == before + 1


def test_with_slack_down_feedback_is_safe_and_the_sweep_sends_the_message_later(
    airflow: Airflow, slack: SlackSandbox
) -> None:
    slack.faults("chat.postMessage", status=503, times=1000)
    run_id = airflow.start(ATTACHES)
    airflow.finish(run_id)
    assert airflow.result(run_id)["outcome"] == "attached"
    entry_id = entry_of(run_id).id

    def state() -> str:
        with session_scope() as session:
            statement = select(Message.state).where(Message.entry_id == entry_id)
            return session.scalars(statement).one()

    assert state() == "pending"
    slack.clear_faults()

    def swept() -> bool:
        sweep = airflow.post_run({}, dag_id="sweep_pending").json()["dag_run_id"]
        airflow.finish(sweep, dag_id="sweep_pending")
        return state() == "sent"

    until(swept, 120)


def test_a_failed_entry_is_found_and_run_again_by_the_sweep(airflow: Airflow, stack: Any) -> None:
    """Embeddings of the wrong size are permanent: the run fails, the entry stays."""
    import httpx

    faults = f"{stack.sandbox.embeddings_url}/sandbox/faults"
    # Whatever else is embedded meanwhile meets the fault, too.
    httpx.post(faults, json={"wrong_size": 3, "times": 50}, trust_env=False).raise_for_status()
    try:
        run_id = airflow.start(ATTACHES)
        until(lambda: airflow.run_state(run_id) == "failed", 90)
    finally:
        httpx.post(faults, json={"times": 0}, trust_env=False).raise_for_status()
    entry = entry_of(run_id)
    assert (entry.status, entry.error) == ("failed", "decide_entry: FatalError")
    # The command asks Airflow's API; where that is, only Airflow's metadata know.
    assert stack.run("include.operations", "stuck") == 0
    sweep = airflow.post_run({"rerun": True}, dag_id="sweep_pending").json()["dag_run_id"]
    airflow.finish(sweep, dag_id="sweep_pending")
    found = airflow.result(sweep, "find_stuck_entries", dag_id="sweep_pending")
    assert entry.id in found["run_again"]
    airflow.finish(run_id)
    assert airflow.result(run_id)["outcome"] == "attached"


def test_the_form_of_the_ui_has_every_parameter(airflow: Airflow) -> None:
    details = airflow.client.get(f"/dags/{DAG}/details").json()
    assert set(details["params"]) == {
        "entry_id",
        "customer_pain",
        "severity",
        "account_id",
        "opportunity_id",
        "areas",
        "links",
        "submitter",
        "source",
        "external_id",
    }
    assert details["doc_md"].startswith("# Process a customer entry")
