"""All DAGs: exactly these, by the house's rules, and each runs once to its end."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import func, select

from include.entries.decide import Way
from include.store.models import Decision, Entry, Feedback, Hook
from include.store.session import session_scope
from sandbox.samples import load_samples
from sandbox.slack.running import free_port
from sandbox.stack import Stack
from tests.dags.process import READ_ONCE, ROOT, airflow_process, run_dags

if TYPE_CHECKING:
    from collections.abc import Iterator

DAGS = {
    "apply_retention": {"forget"},
    "erase_account": {"erase"},
    "erase_person": {"erase"},
    "ask_analytics": {"answer_question"},
    "area_insights": {"list_areas", "report_area", "summarise"},
    "export_feedback": {"list_kinds", "export_rows", "list_files"},
    "weekly_digest": {"make_digest", "post_digest"},
    "process_customer_entry": {
        "decide_entry",
        "attach",
        "ask",
        "create",
        "split",
        "set_aside",
        "repeat",
        "wait_for_answer",
        "apply_answer",
        "report_outcome",
    },
    "resume_waits": {"resume"},
    "replay_decisions": {"replay"},
    "learn_from_answers": {"propose_thresholds"},
    "judge_in_shadow": {"judge_portion"},
    "report_shadow": {"report_day"},
    "restore_entry": {"restore"},
    "settle_question": {"settle"},
    "change_thresholds": {"change"},
    "ingest_slack_feedback": {"resolve_submitter", "process_entry"},
    "ingest_slack_feedback_from_reaction": {
        "read_message",
        "extract_pain",
        "resolve_submitter",
        "process_entry",
    },
    "sweep_pending": {
        "catch_up_waits",
        "carry_out_effects",
        "alert_operations",
        "find_stuck_entries",
    },
    "mark_shipped": {"ship_request", "notify_followers", "report_outcome"},
    "reopen_request": {"set_open", "notify_followers", "report_outcome"},
    "import_feedback": {
        "store_lines",
        "match_batch",
        "ask_questions",
        "tell_submitters",
        "ask_people.wait_for_answer",
        "ask_people.apply_group",
        "report_outcome",
    },
    "import_accounts": {"load_accounts"},
    "import_areas": {"load_areas"},
    "import_requests": {"load_requests", "embed_requests"},
    "find_all_related_feedback": {"plan_pass", "judge_batch", "finish_pass"},
    "drain_backlog": {
        "take_backlog",
        "end_taken_runs",
        "match_batch",
        "tell_meanwhile",
        "ask_questions",
        "tell_submitters",
        "ask_people.wait_for_answer",
        "ask_people.apply_group",
        "report_outcome",
    },
    "merge_requests": {"link_requests"},
    "semantic_search": {"search_requests"},
    "sync_embeddings": {"plan_batches", "embed_batch", "finish_index"},
    "new_request": {
        "find_request",
        "tell_web_cache",
        "record_event",
        "find_related",
        "store_embedding",
        "post_to_firehose",
        "sleep_before_reminder",
        "remind_creator",
    },
}
ASKS = "We need an undo: a way to restore deleted records, a bin for deleted records."
ASKS_TOO = "HR has to tell me about everybody who leaves, or the account stays alive."

# Airflow reads its configuration when it is imported, so this runs in a process of its own.
INSPECT = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
facts = {
    dag_id: {
        "file": dag.fileloc,
        "doc": dag.doc_md or "",
        "max_active_runs": dag.max_active_runs,
        "catchup": dag.catchup,
        "tags": sorted(dag.tags),
        "params": {n: dag.params.get_param(n).schema for n in dag.params},
        "no_default": [
            n for n in dag.params
            if type(dag.params.get_param(n).value).__name__ == "ArgNotSet"
        ],
        "tasks": {
            task.task_id: {
                "policy": type(task.retry_policy).__name__,
                "kind": type(task).__name__,
                "owner": task.owner,
                "priority": task.priority_weight,
                "weight_rule": str(getattr(task.weight_rule, "value", task.weight_rule)),
                "execution_timeout": task.execution_timeout,
                "is_wait": type(task).__name__ in ("HookSensor", "SleepSensor"),
                "upstream": sorted(task.upstream_task_ids),
            }
            for task in dag.tasks
        },
    }
    for dag_id, dag in bag.dags.items()
}
print("FACTS" + json.dumps({"errors": bag.import_errors, "dags": facts}, default=str))
"""

# One process for all entries: Airflow's start is most of the time.
RUN = (
    f"{READ_ONCE}\n"
    + """
import json, sys
from datetime import UTC, datetime, timedelta
from airflow.dag_processing.dagbag import DagBag
from sqlalchemy import select
from include.durable.api import hook_token
from include.entries import questions
from include.store.models import Hook
from include.store.session import session_scope
from include.workflows import process_customer_entry as steps
from tests.people import member

dag = DagBag(sys.argv[1]).get_dag("process_customer_entry")
plain, answer = steps.decide_entry, ""

def decide_and_answer(values, *, run_id, **more):
    decided = plain(values, run_id=run_id, **more)
    if answer:
        with session_scope() as session:
            hook = session.scalars(select(Hook).where(Hook.run_id == run_id)).one()
            questions.answer_question(
                session, token=hook_token(session, hook.id), choice=answer, actor=member("U0ANN")
            )
    return decided

steps.decide_entry = decide_and_answer
found = []
for number, (conf, answer) in enumerate(json.loads(sys.argv[2])):
    now = datetime(2026, 3, 2, 9, tzinfo=UTC) + timedelta(minutes=number)
    run = dag.test(logical_date=now, run_after=now, run_conf=conf)
    states = {ti.task_id: str(ti.state) for ti in run.get_task_instances()}
    found.append({"state": str(run.state), "run_id": run.run_id, "tasks": states})
print("RESULT" + json.dumps(found))
"""
)


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Airflow makes of the folder ``dags``."""
    out = airflow_process(INSPECT, tmp_path_factory.mktemp("airflow"), str(ROOT / "dags"))
    [line] = [line for line in out.splitlines() if line.startswith("FACTS")]
    found: dict[str, Any] = json.loads(line.removeprefix("FACTS"))
    assert found["errors"] == {}
    return found["dags"]  # type: ignore[no-any-return]


def test_there_are_exactly_these_dags_with_these_tasks(facts: dict[str, Any]) -> None:
    assert {dag_id: set(dag["tasks"]) for dag_id, dag in facts.items()} == DAGS
    assert {Path(dag["file"]).stem for dag in facts.values()} == set(DAGS)


def test_every_dag_keeps_the_policy(facts: dict[str, Any]) -> None:
    for dag_id, dag in facts.items():
        assert dag["doc"].startswith("# "), dag_id
        assert dag["catchup"] is False
        assert dag["tags"]
        # It would end the triggerer, which resolves params without a run's conf.
        assert dag["no_default"] == [], dag_id
        for task_id, task in dag["tasks"].items():
            assert task["policy"] == "FeedbackRetryPolicy", task_id
            assert task["owner"] != "airflow", task_id
            # Airflow counts an execution_timeout while a task waits for a person.
            assert (task["execution_timeout"] is None) == task["is_wait"], task_id


def unlimited(schema: dict[str, Any]) -> bool:
    """Whether a value may be as large as a caller likes."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    bounds = {"integer": "maximum", "number": "maximum", "string": "maxLength", "array": "maxItems"}
    inner = [schema["items"]] if "items" in schema else []
    inner += list(schema.get("properties", {}).values())
    open_ended = any(bounds[kind] not in schema for kind in kinds if kind in bounds)
    return ("enum" not in schema and open_ended) or any(map(unlimited, inner))


def test_every_parameter_of_every_dag_has_a_limit(facts: dict[str, Any]) -> None:
    found = {
        f"{dag_id}.{name}"
        for dag_id, dag in facts.items()
        for name, schema in dag["params"].items()
        if unlimited(schema)
    }
    assert found == set()


def test_one_task_stores_decides_and_attaches(facts: dict[str, Any]) -> None:
    tasks = facts["process_customer_entry"]["tasks"]
    assert tasks["decide_entry"]["upstream"] == []
    ways = {name for name, task in tasks.items() if task["upstream"] == ["decide_entry"]}
    assert ways == {str(way) for way in Way}
    # These cost no worker: they show which way an entry went.
    assert {tasks[name]["kind"] for name in ways} == {"EmptyOperator"}
    assert {
        name for name in tasks if tasks[name]["kind"] not in ("EmptyOperator", "HookSensor")
    } == {
        "decide_entry",
        "apply_answer",
        "report_outcome",
    }


def test_open_questions_do_not_block_new_feedback(facts: dict[str, Any]) -> None:
    assert facts["process_customer_entry"]["max_active_runs"] >= 10_000


def test_new_feedback_goes_before_what_follows_up_on_it(facts: dict[str, Any]) -> None:
    def weights(dag_id: str) -> set[int]:
        tasks = facts[dag_id]["tasks"].values()
        assert {task["weight_rule"] for task in tasks} == {"absolute"}
        return {task["priority"] for task in tasks}

    follow_up, [feedback] = weights("new_request"), weights("process_customer_entry")
    [drain] = weights("drain_backlog")
    assert max(follow_up) < feedback < drain


@pytest.mark.parametrize("path", sorted((ROOT / "dags").rglob("*.py")), ids=lambda path: path.stem)
def test_a_dag_file_only_wires(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstring = tree.body[0]
    lines = len(path.read_text(encoding="utf-8").splitlines()) - (docstring.end_lineno or 0)
    assert lines <= 120
    modules = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    allowed = ("airflow.sdk", "airflow.providers", "include", *sys.stdlib_module_names)
    assert {module for module in modules if not module.startswith(allowed)} == set()


@pytest.fixture
def embeddings(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A running embeddings server, set as the connection, and a Slack that cannot be reached."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "sandbox.embeddings_server", "--port", str(port)], cwd=ROOT
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                httpx.get(f"{url}/healthz", trust_env=False).raise_for_status()
                break
            except httpx.HTTPError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        monkeypatch.setenv(
            "AIRFLOW_CONN_EMBEDDINGS_API",
            json.dumps(
                {
                    "conn_type": "http",
                    "host": "http://127.0.0.1",
                    "port": port,
                    "password": "x",
                    "extra": {"model": "all-MiniLM-L6-v2"},
                }
            ),
        )
        monkeypatch.setenv(
            "AIRFLOW_CONN_SLACK_APP",
            '{"conn_type": "slack", "password": "xoxb-t", "extra": {"signing_secret": "s", '
            '"base_url": "http://127.0.0.1:9/api/"}}',
        )
        monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", "{}")
        yield url
    finally:
        server.terminate()
        server.wait(timeout=20)


WAYS: tuple[tuple[str, str, set[str], str], ...] = (
    ("Export the table as CSV into a spreadsheet.", "", {"attach"}, "attached"),
    ("Rosters do not print on A3 paper.", "", {"create"}, "created"),
    (ASKS, "attach", {"ask", "wait_for_answer", "apply_answer"}, "attached"),
    (ASKS_TOO, "create", {"ask", "wait_for_answer", "apply_answer"}, "created"),
)
"""Words, the answer to the question, the tasks that ran besides the first and the last, the end."""


@pytest.mark.usefixtures("feedback_db")
def test_process_customer_entry_runs_to_its_end_on_every_way(
    embeddings: str, tmp_path: Path
) -> None:
    with session_scope() as session:
        load_samples(session, Stack.embedder_at(embeddings))
    person = {"slack_user_id": "U0ANN"}
    runs = [
        ({"customer_pain": pain, "source": "api", "submitter": person}, answer)
        for pain, answer, _, _ in WAYS
    ]
    found = run_dags(RUN, tmp_path, ["process_customer_entry"], json.dumps(runs))
    assert len(found) == len(WAYS)
    for (pain, answer, path, outcome), run in zip(WAYS, found, strict=True):
        assert run["state"] == "success", pain
        ran = {task for task, state in run["tasks"].items() if state == "success"}
        assert ran == {"decide_entry", "report_outcome"} | path, pain
        of_run = Entry.run_id == run["run_id"]
        with session_scope() as session:
            entry = session.scalars(select(Entry).where(of_run)).one()
            assert (entry.status, entry.outcome) == ("done", outcome)
            mine = Feedback.entry_id == entry.id
            assert session.scalar(select(func.count(Feedback.id)).where(mine)) == 1
            decided = select(Decision.step).where(Decision.entry_id == entry.id)
            steps = session.scalars(decided.order_by(Decision.id)).all()
            assert steps[0] == "match"
            assert ("answer" in steps) == bool(answer)
            asked = select(func.count(Hook.id)).where(Hook.run_id == run["run_id"])
            assert session.scalar(asked) == (1 if answer else 0)
