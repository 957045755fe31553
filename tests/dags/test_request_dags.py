"""Each DAG of a request's life runs once to its end under Airflow, on a real database."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from include.store.models import (
    AnalyticsEvent,
    Entry,
    Message,
    Request,
    RequestFollower,
    User,
)
from include.store.session import session_scope
from sandbox.samples import load_samples
from sandbox.stack import Stack
from tests.dags.process import READ_ONCE, run_dags
from tests.dags.test_all_dags import embeddings

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import URL

__all__ = ["embeddings"]

SLUG = "export-a-table-as-csv"

# One process for all of them: Airflow's start is most of the time.
RUN_ALL = (
    f"{READ_ONCE}\n"
    + """
import json, sys
from datetime import UTC, datetime, timedelta
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
found = []
for number, (dag_id, conf, task_id) in enumerate(json.loads(sys.argv[2])):
    now = datetime(2026, 3, 2, 9, tzinfo=UTC) + timedelta(minutes=number)
    run = bag.get_dag(dag_id).test(logical_date=now, run_after=now, run_conf=conf)
    tis = run.get_task_instances()
    [last] = [ti for ti in tis if ti.task_id == task_id]
    result = last.xcom_pull(task_ids=task_id) if str(run.state) == "success" else None
    states = sorted({(ti.task_id, str(ti.state)) for ti in tis})
    found.append({"dag_id": dag_id, "state": str(run.state), "tasks": states, "result": result})
print("RESULT" + json.dumps(found, default=str))
"""
)


@pytest.fixture
def ran(
    feedback_db: URL, embeddings: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[dict[str, Any]]:
    """Every DAG's run, in this order."""
    settings = {"new_request_sleep_minutes": 0.001, "import_roots": [str(tmp_path)]}
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", json.dumps(settings))
    with session_scope() as session:
        load_samples(session, Stack.embedder_at(embeddings))
        request = session.scalars(select(Request).where(Request.slug == SLUG)).one()
        ann = User(slack_user_id="U0ANN", email="ann@example.com")
        session.add(ann)
        session.flush()
        session.add(RequestFollower(request_id=request.id, user_id=ann.id))
    path = tmp_path / "some.jsonl"
    lines = [{"customer_pain": "Rosters do not print on A3 paper."}, {"customer_pain": ""}]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    runs: list[tuple[str, dict[str, Any], str]] = [
        ("new_request", {"request": SLUG}, "remind_creator"),
        ("sync_embeddings", {"full": True, "batch_size": 10}, "finish_index"),
        ("semantic_search", {"query": "single sign-on", "limit": 2}, "search_requests"),
        ("ask_analytics", {"question": "requests by status"}, "answer_question"),
        ("find_all_related_feedback", {"dry_run": False}, "finish_pass"),
        ("replay_decisions", {"attach": 0.95}, "replay"),
        ("import_feedback", {"path": str(path)}, "report_outcome"),
        (
            "import_areas",
            {"rows": [{"slug": "partner-portal", "name": "Partner portal"}]},
            "load_areas",
        ),
        (
            "import_accounts",
            {
                "rows": [{"id": "ACC-1001", "arr": 500000}],
                "opportunities": [{"id": "OPP-9", "account_id": "ACC-1001", "name": "Renewal"}],
            },
            "load_accounts",
        ),
        (
            "import_requests",
            {"rows": [{"external_id": "R-1", "title": "Pay by invoice", "areas": ["billing"]}]},
            "embed_requests",
        ),
        (
            "merge_requests",
            {"request": "single-sign-on-with-saml", "into": SLUG},
            "link_requests",
        ),
        ("mark_shipped", {"request": SLUG}, "report_outcome"),
        ("reopen_request", {"request": SLUG}, "report_outcome"),
    ]
    dag_ids = [dag_id for dag_id, _, _ in runs]
    found: list[dict[str, Any]] = run_dags(RUN_ALL, tmp_path, dag_ids, json.dumps(runs))
    return found


def test_every_dag_runs_to_its_end_and_says_what_happened(ran: list[dict[str, Any]]) -> None:
    assert {run["dag_id"]: run["state"] for run in ran} == dict.fromkeys(
        (run["dag_id"] for run in ran), "success"
    )
    results = {run["dag_id"]: run["result"] for run in ran}
    new_request = results["new_request"]
    assert (new_request["outcome"], new_request["slept"]) == ("reminded", "whole")
    assert new_request["steps"]["tell_web_cache"] == "connection 'gtm_feedback_web' is not set"
    assert new_request["steps"]["store_embedding"] == "current"
    with session_scope() as session:
        requests = session.scalar(select(func.count(Request.id))) or 0
        assert session.scalars(select(Entry.outcome)).all() == ["created"]
        names = set(session.scalars(select(AnalyticsEvent.name)))
        purposes = session.scalars(select(Message.purpose)).all()
    made_later = 2  # by import_feedback and import_requests
    assert results["sync_embeddings"]["embedded"] == requests - made_later
    assert results["sync_embeddings"]["live"] == "all-MiniLM-L6-v2#1"
    assert results["semantic_search"]["requests"][0]["slug"] == "single-sign-on-with-saml"
    assert results["ask_analytics"]["query"] == "by_status"
    assert results["ask_analytics"]["totals"]["requests"] == requests - made_later
    assert results["find_all_related_feedback"]["complete"] is True
    assert results["replay_decisions"]["by"]["attach"] == 0.95
    imported = results["import_feedback"]
    assert (imported["stored"], imported["bad_lines"], imported["created"]) == (1, 1, 1)
    assert results["import_areas"]["added"] == 1
    [changed] = results["import_accounts"]["accounts"]["lines"]["changed"]
    assert changed == {"line": 1, "id": "ACC-1001", "fields": {"arr": [480000.0, 500000.0]}}
    assert results["import_accounts"]["opportunities"]["added"] == 1
    assert (results["import_requests"]["added"], results["import_requests"]["embedded"]) == (1, 1)
    assert results["merge_requests"]["dry_run"] is True
    assert results["mark_shipped"]["total_followers"] == 1
    assert results["mark_shipped"]["already_shipped"] is False
    # Slack cannot be reached here: nobody has heard that it shipped, so nobody is told otherwise.
    assert results["mark_shipped"]["waiting_count"] == 1
    assert results["reopen_request"]["total_followers"] == 0
    assert {"request_opened", "request_shipped", "request_reopened"} <= names
    assert "shipped" in purposes
