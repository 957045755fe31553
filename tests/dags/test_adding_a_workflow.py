"""The worked example of ``docs/adding-a-workflow.md`` parses, runs and ends as the page says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from include.store.models import Request
from tests.dags.process import ROOT, airflow_process

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

PAGE = ROOT / "docs" / "adding-a-workflow.md"
BLOCK = re.compile(r"^```python title=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DAG_FILE = "dags/requests/ask_about_quiet_request.py"

# Airflow reads its configuration when it is imported, so the DAG runs in a process of its own.
# The answer is given before the sensor starts: first the question is opened under the run's key.
RUN = """
import json, sys
from datetime import UTC, datetime
from pathlib import Path

folder, owner, cases, result_file = sys.argv[1:]

import include.requests
include.requests.__path__.append(folder + "/include/requests")


from airflow.dag_processing.dagbag import DagBag
bag = DagBag(folder + "/dags")
assert not bag.import_errors, bag.import_errors
[dag] = bag.dags.values()

from include.requests import quiet
from include.durable.api import find_hook, hook_token
from include.durable.keys import hook_key
from include.store.session import session_scope

def answer(slug, choice, run_id):
    with session_scope() as session:
        quiet.ask_owner(session, slug, owner, dag_id=dag.dag_id, run_id=run_id)
        hook = find_hook(session, hook_key(dag.dag_id, run_id, quiet.WAIT_NAME))
        token = hook_token(session, hook.id)
        return [
            quiet.answer_owner(session, token=token, choice=choice, slack_user_id=person).status
            for person in ("U0STRANGER", owner, owner)
        ]

outcomes = {}
for day, (slug, choice) in enumerate(json.loads(cases).items(), start=2):
    now = datetime(2026, 3, day, 9, tzinfo=UTC)
    run_id = f"manual__{now.isoformat()}"
    replies = answer(slug, choice, run_id)
    run = dag.test(run_after=now, logical_date=now, run_conf={"request": slug, "owner": owner})
    assert run.run_id == run_id, run.run_id
    last = run.get_task_instance("apply_decision")
    outcomes[slug] = {
        "dag_id": dag.dag_id,
        "state": run.state,
        "replies": replies,
        "result": last.xcom_pull(task_ids="apply_decision"),
    }
Path(result_file).write_text(json.dumps(outcomes))
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The page's code blocks, written where the page says."""
    blocks = dict(BLOCK.findall(PAGE.read_text(encoding="utf-8")))
    assert set(blocks) == {"include/requests/quiet.py", DAG_FILE}
    for name, code in blocks.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True)
        path.write_text(code, encoding="utf-8")
    return tmp_path / "project"


def run_example(
    files: Path, folder: Path, owner: str, cases: dict[str, str]
) -> dict[str, dict[str, Any]]:
    """Run the page's DAG once a request, each with an answer given beforehand."""
    home, result = folder / "airflow", folder / "result.json"
    airflow_process(
        RUN,
        home,
        str(files),
        owner,
        json.dumps(cases),
        str(result),
        AIRFLOW__CORE__DAGS_FOLDER=str(files / "dags"),
        AIRFLOW__CORE__PLUGINS_FOLDER=str(home / "plugins"),
        AIRFLOW_VAR_GTM_FEEDBACK="{}",
    )
    outcomes: dict[str, dict[str, Any]] = json.loads(result.read_text(encoding="utf-8"))
    return outcomes


def test_the_example_does_what_the_owner_says(
    files: Path, tmp_path: Path, session: Session
) -> None:
    for slug in ("csv-export", "dark-mode"):
        session.add(Request(slug=slug, title=f"Request {slug}", description=""))
    session.commit()

    outcomes = run_example(files, tmp_path, "U0OWNER", {"csv-export": "close", "dark-mode": "keep"})

    common = {
        "dag_id": "ask_about_quiet_request",
        "state": "success",
        "replies": ["not_allowed", "recorded", "too_late"],
    }
    assert outcomes["csv-export"] == common | {
        "result": {"request": "csv-export", "status": "deprioritized", "outcome": "answered"}
    }
    assert outcomes["dark-mode"] == common | {
        "result": {"request": "dark-mode", "status": "open", "outcome": "answered"}
    }
    session.expire_all()
    statuses = {request.slug: request.status for request in session.scalars(select(Request))}
    assert statuses == {"csv-export": "deprioritized", "dark-mode": "open"}


@pytest.mark.parametrize("command", [("check",), ("format", "--check")])
def test_the_example_keeps_the_house_rules(command: tuple[str, ...]) -> None:
    for name, code in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        completed = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--stdin-filename", name, "-"],
            input=code,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert completed.returncode == 0, f"{name}: {completed.stdout}{completed.stderr}"
