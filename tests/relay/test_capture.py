"""A reaction on a message becomes one entry, with a status emoji and one reply in the thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from include.base.errors import TransientError
from include.entries import slack_capture as capture
from include.entries.decide import Means
from include.relay import background
from include.store.models import Entry, SlackCapture, User
from include.store.session import session_scope
from include.workflows import ingest_slack_feedback as ingest
from include.workflows import process_customer_entry as steps
from tests.db.entries.conftest import TableJudge, WordsEmbedder, make_request

if TYPE_CHECKING:
    from sandbox.slack.client import SlackSandbox
    from tests.relay.support import FakeAirflow

DAG = "ingest_slack_feedback_from_reaction"
SAID = "Their analysts copy every table by hand because there is no CSV export."


def react(slack: SlackSandbox, channel: str, ts: str, user: str = "U0ANN", **more: Any) -> None:
    slack.react(user, channel, ts, "gtm-feedback", **more)
    assert background.drain()


def runs(airflow: FakeAirflow, dag_id: str) -> list[dict[str, Any]]:
    return [run for run in airflow.runs.values() if run["dag_id"] == dag_id]


def ingest_run(airflow: FakeAirflow) -> dict[str, Any]:
    """Do what the DAG does with the newest run of it; the last task's result."""
    run = runs(airflow, DAG)[-1]
    run_id, conf = run["dag_run_id"], run["conf"]
    capture_id = ingest.read_message(conf, dag_id=DAG, run_id=run_id)
    ingest.extract_pain(capture_id)
    who = ingest.resolve_submitter(conf["user"])
    # The fake keeps one run an id; both workflows use the same one.
    airflow.runs.pop(run_id)
    return ingest.hand_over_capture(capture_id, who)


def process(airflow: FakeAirflow, run_id: str, judge: TableJudge, embedder: WordsEmbedder) -> str:
    """Do what ``process_customer_entry`` does up to an outcome or a question."""
    conf = airflow.runs[run_id]["conf"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "means_of", lambda agent, is_last_try: Means(embedder, judge))
        entry_id, way = steps.decide_entry(
            conf, dag_id="process_customer_entry", run_id=run_id, is_last_try=False
        )
    if way != "ask":
        steps.report(entry_id, run_id=run_id)
    return str(way)


def emoji(slack: SlackSandbox, channel: str, ts: str) -> list[str]:
    message = next(m for m in slack.messages(channel) if m["ts"] == ts)
    return [r["name"] for r in message.get("reactions", []) if "U0GTMBOT" in r["users"]]


def replies(slack: SlackSandbox, channel: str, ts: str) -> list[str]:
    return [
        m["text"]
        for m in slack.messages(channel)
        if m.get("thread_ts") == ts and m["user"] == "U0GTMBOT"
    ]


@pytest.mark.parametrize(
    ("confidence", "route", "mark", "reply"),
    [
        (0.95, "attach", "white_check_mark", "This was added to"),
        (0.85, "ask", "question", "I asked <@U0ANN>"),
        (0.2, "create", "white_check_mark", "No request fitted, so this opened"),
    ],
)
def test_a_reaction_becomes_an_entry_and_the_thread_hears_of_it(
    workspace: SlackSandbox,
    airflow: FakeAirflow,
    confidence: float,
    route: str,
    mark: str,
    reply: str,
) -> None:
    embedder = WordsEmbedder()
    make_request(embedder, "Export tables as CSV")
    ts = workspace.say("U0BEN", "C0FEEDBACK", SAID)["ts"]
    workspace.say("U0ANN", "C0FEEDBACK", "Northwind said the same.", thread_ts=ts)

    react(workspace, "C0FEEDBACK", ts)
    result = ingest_run(airflow)
    assert emoji(workspace, "C0FEEDBACK", ts) == ["hourglass_flowing_sand"]
    run_id = result["run_id"]
    conf = airflow.runs[run_id]["conf"]
    judge = TableJudge(**{"export-tables-as-csv": confidence})

    assert process(airflow, run_id, judge, embedder) == route
    assert airflow.runs[run_id]["dag_id"] == "process_customer_entry"
    assert airflow.runs[run_id]["note"] == f"Started by {DAG}, run {run_id}."
    assert list(conf) == ["entry_id"]
    with session_scope() as session:
        entry = session.get_one(Entry, conf["entry_id"])
        assert session.get_one(User, entry.submitter_id).email == "ann.ames@example.com"
        taken = session.scalars(select(SlackCapture)).one()
    assert (entry.customer_pain, entry.external_id) == (SAID, f"message:C0FEEDBACK:{ts}")
    assert entry.links[0].endswith(f"/archives/C0FEEDBACK/p{ts.replace('.', '')}")
    assert (taken.thread, taken.pain, taken.summary) == ([], None, None)
    assert emoji(workspace, "C0FEEDBACK", ts) == [mark]
    [said] = replies(workspace, "C0FEEDBACK", ts)
    assert reply in said


def test_another_company_is_not_told_which_request_it_is(
    workspace: SlackSandbox, airflow: FakeAirflow
) -> None:
    embedder = WordsEmbedder()
    make_request(embedder, "Export tables as CSV")
    ts = workspace.say("U0BEN", "C0SHARED", SAID)["ts"]
    react(workspace, "C0SHARED", ts)
    run_id = ingest_run(airflow)["run_id"]
    process(airflow, run_id, TableJudge(**{"export-tables-as-csv": 0.95}), embedder)

    assert replies(workspace, "C0SHARED", ts) == ["Thanks, this was taken as feedback."]
    assert "Export tables as CSV" in workspace.dm("U0ANN")[-1]["text"]


def test_a_second_reaction_and_repeats_start_nothing(
    workspace: SlackSandbox, airflow: FakeAirflow
) -> None:
    ts = workspace.say("U0BEN", "C0FEEDBACK", SAID)["ts"]
    react(workspace, "C0FEEDBACK", ts, repeat=2)
    react(workspace, "C0FEEDBACK", ts, user="U0DEV")

    [run] = runs(airflow, DAG)
    assert run["conf"] == {
        "channel": "C0FEEDBACK",
        "message_ts": ts,
        "user": "U0ANN",
        "is_internal": True,
    }
    assert run["dag_run_id"].startswith("slack__")


def test_other_emoji_and_the_apps_own_messages_are_left_alone(
    workspace: SlackSandbox, airflow: FakeAirflow
) -> None:
    ts = workspace.say("U0BEN", "C0FEEDBACK", SAID)["ts"]
    workspace.react("U0ANN", "C0FEEDBACK", ts, "tada")
    workspace.command("U0ANN", "/unknown")
    own = next(m for m in workspace.messages("C0FEEDBACK", "U0ANN") if m["user"] == "U0GTMBOT")
    react(workspace, "C0FEEDBACK", own["ts"])

    assert runs(airflow, DAG) == []


def test_a_thin_message_points_at_the_one_before_it(
    workspace: SlackSandbox, airflow: FakeAirflow
) -> None:
    ts = workspace.say("U0BEN", "C0FEEDBACK", SAID)["ts"]
    thin = workspace.say("U0DEV", "C0FEEDBACK", "+1 this", thread_ts=ts)["ts"]

    react(workspace, "C0FEEDBACK", thin)
    run_id = ingest_run(airflow)["run_id"]

    with session_scope() as session:
        entry = session.get_one(Entry, airflow.runs[run_id]["conf"]["entry_id"])
        [taken] = session.scalars(select(SlackCapture)).all()
    assert entry.customer_pain == SAID
    assert (taken.thread_ts, taken.message_ts, taken.is_customer_specific) == (ts, thin, False)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("thread_not_found", "that message is not there any more"),
        ("not_in_channel", "I am not in that channel; invite me"),
        ("channel_not_found", "I cannot see that channel"),
    ],
)
def test_what_cannot_be_read_is_told_to_the_person_who_may_try_again(
    workspace: SlackSandbox, airflow: FakeAirflow, fault: str, words: str
) -> None:
    ts = workspace.say("U0BEN", "C0FEEDBACK", SAID)["ts"]
    workspace.faults("conversations.replies", error=fault)
    react(workspace, "C0FEEDBACK", ts)

    assert ingest_run(airflow)["status"] == "refused"
    [told] = workspace.dm("U0ANN")
    assert words in told["text"]
    assert emoji(workspace, "C0FEEDBACK", ts) == ["no_entry_sign"]

    workspace.react("U0ANN", "C0FEEDBACK", ts, "gtm-feedback", remove=True)
    react(workspace, "C0FEEDBACK", ts)
    assert ingest_run(airflow)["status"] == "handed_over"
    assert emoji(workspace, "C0FEEDBACK", ts) == ["hourglass_flowing_sand"]


def test_a_message_with_files_only_is_refused_in_words(
    workspace: SlackSandbox, airflow: FakeAirflow
) -> None:
    ts = workspace.say("U0BEN", "C0FEEDBACK", ":tada: :fire:")["ts"]
    react(workspace, "C0FEEDBACK", ts)

    assert ingest_run(airflow) == {"status": "refused", "reason": "no_words", "capture_id": 1}
    assert "nothing in words" in workspace.dm("U0ANN")[0]["text"]


def test_a_thread_of_500_messages_is_read_to_the_marked_one(
    workspace: SlackSandbox, airflow: FakeAirflow
) -> None:
    ts = workspace.say("U0BEN", "C0DEALS", "A long story", force=True)["ts"]
    for number in range(499):
        workspace.say("U0BEN", "C0DEALS", f"and {number}", thread_ts=ts)
    last = workspace.say("U0BEN", "C0DEALS", SAID, thread_ts=ts)["ts"]
    conf = {"channel": "C0DEALS", "message_ts": last, "user": "U0ANN"}
    from include.slack.client import slack_client

    slack_client().conversations_join(channel="C0DEALS")
    capture_id = ingest.read_message(conf, dag_id=DAG, run_id="r1")

    assert ingest.extract_pain(capture_id)
    with session_scope() as session:
        taken = capture.get_capture(session, capture_id)
    assert len(taken.thread) == 501
    assert taken.pain == SAID


def test_a_revoked_token_is_tried_again_and_then_said(
    workspace: SlackSandbox, airflow: FakeAirflow
) -> None:
    ts = workspace.say("U0BEN", "C0FEEDBACK", SAID)["ts"]
    react(workspace, "C0FEEDBACK", ts)
    workspace.faults("conversations.replies", error="token_revoked")
    with pytest.raises(TransientError, match="token_revoked"):
        ingest_run(airflow)

    run = runs(airflow, DAG)[-1]
    ingest.note_capture_failure(dag_id=DAG, run_id=run["dag_run_id"])

    assert emoji(workspace, "C0FEEDBACK", ts) == ["warning"]
    assert "An operator can see why" in workspace.dm("U0ANN")[0]["text"]


def test_a_repeated_step_reads_and_starts_once(
    workspace: SlackSandbox, airflow: FakeAirflow
) -> None:
    embedder = WordsEmbedder()
    ts = workspace.say("U0BEN", "C0FEEDBACK", SAID)["ts"]
    react(workspace, "C0FEEDBACK", ts)
    conf = runs(airflow, DAG)[-1]["conf"]
    run_id = ingest_run(airflow)["run_id"]
    again = ingest.read_message(conf, dag_id=DAG, run_id=run_id)
    who = ingest.resolve_submitter("U0ANN")
    assert ingest.hand_over_capture(again, who)["status"] == "handed_over"
    process(airflow, run_id, TableJudge(), embedder)
    steps.report(1, run_id=run_id)

    assert len(replies(workspace, "C0FEEDBACK", ts)) == 1
    with session_scope() as session:
        assert session.scalar(select(func.count(Entry.id))) == 1
        assert session.scalar(select(func.count(SlackCapture.id))) == 1
        assert session.scalar(select(func.count(User.id))) == 1


def test_a_failed_entry_is_shown_in_its_thread(
    workspace: SlackSandbox, airflow: FakeAirflow
) -> None:
    ts = workspace.say("U0BEN", "C0FEEDBACK", SAID)["ts"]
    react(workspace, "C0FEEDBACK", ts)
    run_id = ingest_run(airflow)["run_id"]
    steps.note_failure(
        dag_id="process_customer_entry", run_id=run_id, task_id="decide_entry", error="FatalError"
    )

    assert emoji(workspace, "C0FEEDBACK", ts) == ["warning"]
    assert replies(workspace, "C0FEEDBACK", ts) == [
        "Thanks. I could not finish working on this. An operator can see why."
    ]
