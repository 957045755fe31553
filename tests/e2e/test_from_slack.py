"""Feedback from Slack on a running Airflow: by an emoji, and by the form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from include.store.models import SlackCapture, SlackEvent, User
from include.store.session import session_scope
from tests.e2e.conftest import ATTACHES, CREATES, DAG, Airflow, evidence_of, until

if TYPE_CHECKING:
    from sandbox.slack.client import SlackSandbox

BY_EMOJI, BY_FORM = "ingest_slack_feedback_from_reaction", "ingest_slack_feedback"


def replies(slack: SlackSandbox, ts: str) -> list[str]:
    found = slack.messages("C0FEEDBACK")
    return [m["text"] for m in found if m.get("thread_ts") == ts and m["user"] == "U0GTMBOT"]


def emoji(slack: SlackSandbox, ts: str) -> list[str]:
    message: dict[str, Any] = next(m for m in slack.messages("C0FEEDBACK") if m["ts"] == ts)
    return [r["name"] for r in message.get("reactions", []) if "U0GTMBOT" in r["users"]]


def run_of(kind: str) -> str:
    with session_scope() as session:
        statement = select(SlackEvent.run_id).where(SlackEvent.kind == kind)
        return str(session.scalars(statement.order_by(SlackEvent.id.desc()).limit(1)).one())


def test_an_emoji_on_a_message_becomes_attached_feedback_with_a_reply_in_the_thread(
    airflow: Airflow, slack: SlackSandbox
) -> None:
    ts = slack.say("U0BEN", "C0FEEDBACK", ATTACHES)["ts"]
    slack.react("U0ANN", "C0FEEDBACK", ts, "gtm-feedback", repeat=2)
    slack.react("U0DEV", "C0FEEDBACK", ts, "gtm-feedback")
    until(lambda: bool(replies(slack, ts)), 120)
    run_id = run_of("event:reaction_added")

    assert set(airflow.finish(run_id, dag_id=BY_EMOJI).values()) == {"success"}
    airflow.finish(run_id, dag_id=DAG)
    slug, feedback = evidence_of(run_id)
    assert slug == "export-a-table-as-csv"
    assert feedback.links[0].endswith(f"/archives/C0FEEDBACK/p{ts.replace('.', '')}")
    [reply] = replies(slack, ts)
    assert "This was added to" in reply
    until(lambda: emoji(slack, ts) == ["white_check_mark"], 30)
    result = airflow.result(run_id, "process_entry", BY_EMOJI)
    assert (result["dag_id"], result["run_id"]) == (DAG, run_id)
    assert ATTACHES not in str(result)
    with session_scope() as session:
        assert len(session.scalars(select(SlackCapture)).all()) == 1
        ann = session.scalars(select(User).where(User.slack_user_id == "U0ANN")).one()
        # An earlier test may have named her by another address: she stays one user.
        assert ann.email in ("ann.ames@example.com", "ann@example.com")


def test_the_form_becomes_a_request_of_its_own(airflow: Airflow, slack: SlackSandbox) -> None:
    slack.shortcut("U0EVE", "add_feedback")
    until(lambda: slack.view("U0EVE") is not None, 10)
    slack.submit("U0EVE", {"pain": CREATES, "severity": "high"}, repeat=1)
    assert slack.view("U0EVE") is None
    opened = f"Your feedback opened “{CREATES.rstrip('.')}”"  # an earlier test's opened others
    slack.wait_for_message(lambda m: opened in m["text"], 120, channel="D0EVE")
    run_id = run_of("view:add_feedback")

    assert set(airflow.finish(run_id, dag_id=BY_FORM).values()) == {"success"}
    airflow.finish(run_id, dag_id=DAG)
    _, feedback = evidence_of(run_id)
    assert (feedback.quote, feedback.severity) == (CREATES, "high")
