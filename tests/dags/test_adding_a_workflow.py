"""``docs/adding-a-workflow.md``, followed to the letter in a copy: it passes, runs and answers."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from include.store.models import Message, Request
from tests.dags.process import ROOT, airflow_process

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

PAGE = ROOT / "docs" / "adding-a-workflow.md"
NEW_FILE = re.compile(r"^```python title=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EDIT = re.compile(r"^```\w+ edit=(\S+) after=([^\n]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TOUCHED = re.compile(r"^\| (?:`([\w./]+)`|\[[^]]+\]\(\.\./([\w./]+)\)) \|", re.MULTILINE)
DAG_ID = "ask_about_quiet_request"
NOT_COPIED = (".git", ".venv", ".sandbox", ".hypothesis", ".*_cache", "__pycache__")

# Airflow reads its configuration when it is imported, so the DAG runs in a process of its own.
# The answer is given before the sensor starts: first the question is opened under the run's key.
RUN = """
import json, sys
from datetime import UTC, datetime
from pathlib import Path

dags, dag_id, owner, cases, result_file = sys.argv[1:]

from airflow.dag_processing.dagbag import DagBag
bag = DagBag(dags)
assert not bag.import_errors, bag.import_errors
dag = bag.dags[dag_id]

from include.requests import quiet
from include.durable.api import find_hook, hook_token
from include.durable.keys import hook_key
from include.store.session import session_scope
from tests.people import member

def answer(slug, choice, run_id):
    with session_scope() as session:
        quiet.ask_owner(session, slug, owner, dag_id=dag.dag_id, run_id=run_id)
        hook = find_hook(session, hook_key(dag.dag_id, run_id, quiet.WAIT_NAME))
        token = hook_token(session, hook.id)
        return [
            quiet.answer_owner(session, token=token, choice=choice, actor=member(person)).status
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
        "state": run.state,
        "replies": replies,
        "result": last.xcom_pull(task_ids="apply_decision"),
    }
Path(result_file).write_text(json.dumps(outcomes))
"""


def follow(page: str, project: Path) -> set[str]:
    """Write the page's files into a copy of the repository and make its edits; what was touched.

    An edit goes below the first line that begins as the page says.
    """
    touched = set()
    for name, code in NEW_FILE.findall(page):
        assert not (project / name).exists(), name
        (project / name).write_text(code, encoding="utf-8")
        touched.add(name)
    for name, after, lines in EDIT.findall(page):
        path = project / name
        there = path.read_text(encoding="utf-8").splitlines(keepends=True)
        [place, *_] = [n for n, line in enumerate(there) if line.startswith(after)]
        path.write_text("".join([*there[: place + 1], lines, *there[place + 1 :]]), "utf-8")
        touched.add(name)
    return touched


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository in which somebody has followed the page."""
    copy = tmp_path_factory.mktemp("followed") / "project"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
    follow(PAGE.read_text(encoding="utf-8"), copy)
    run(copy, "-m", "sandbox.dag_page")
    return copy


def run(project: Path, *command: str) -> None:
    """Run Python in the copy; fails with what it printed."""
    completed = subprocess.run(
        [sys.executable, *command],
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert completed.returncode == 0, (completed.stdout + completed.stderr)[-6000:]


def test_the_page_names_every_place_that_following_it_touches(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    section = page[page.index("## Every place to touch") : page.index("## 1. ")]
    named = {own or linked for own, linked in TOUCHED.findall(section)}
    for name in (*(name for name, _, _ in EDIT.findall(page)), "docs"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if name != "docs" and not (tmp_path / name).exists():
            shutil.copy(ROOT / name, tmp_path / name)
    for name, _ in NEW_FILE.findall(page):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    assert named == follow(page, tmp_path) | {"docs/dags.md", "CHANGELOG.md"}


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "format", "--check", "."),
        ("ruff", "check", "."),
        ("importlinter.cli", "lint-imports"),
        ("sandbox.dag_page", "--check"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_the_example_keeps_the_house_rules(project: Path, command: tuple[str, ...]) -> None:
    run(project, "-m", *command)


def test_the_example_passes_the_tests_that_know_every_file(project: Path) -> None:
    run(
        project,
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts="),
        "tests/unit/test_repository.py::test_the_readme_says_exactly_which_workflows_exist",
        "tests/unit/slack/test_manifest.py",
        "tests/dags/test_all_dags.py::test_there_are_exactly_these_dags_with_these_tasks",
        "tests/db/requests/test_quiet.py",
    )


def test_the_example_does_what_the_owner_says_and_tells_them(
    project: Path, tmp_path: Path, session: Session
) -> None:
    for slug in ("csv-export", "dark-mode"):
        session.add(Request(slug=slug, title=f"Request {slug}", description=""))
    session.commit()

    cases, home, result = {"csv-export": "close", "dark-mode": "keep"}, tmp_path, tmp_path / "out"
    airflow_process(
        RUN,
        home / "airflow",
        str(project / "dags" / "requests"),
        DAG_ID,
        "U0OWNER",
        json.dumps(cases),
        str(result),
        root=project,
        AIRFLOW_VAR_GTM_FEEDBACK="{}",
    )
    outcomes: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))

    common = {"state": "success", "replies": ["not_allowed", "recorded", "too_late"]}
    answered = {"outcome": "answered"}
    assert outcomes == {
        "csv-export": common
        | {"result": answered | {"request": "csv-export", "status": "deprioritized"}},
        "dark-mode": common | {"result": answered | {"request": "dark-mode", "status": "open"}},
    }
    session.expire_all()
    statuses = {request.slug: request.status for request in session.scalars(select(Request))}
    assert statuses == {"csv-export": "deprioritized", "dark-mode": "open"}
    said = set(session.scalars(select(Message.body).where(Message.key.endswith(":done"))))
    assert said == {
        "It is closed, as <@U0OWNER> decided.",
        "It stays open, as <@U0OWNER> decided.",
    }
