"""A whole sandbox on ports of its own: Airflow, PostgreSQL, the stand-ins, sample requests."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import undefer

from include.store.models import Entry, Feedback, Request
from include.store.session import engine, session_scope
from sandbox.environment import ADMIN_PASSWORD, Sandbox
from sandbox.samples import load_samples
from sandbox.slack.client import SlackSandbox
from sandbox.slack.running import free_port
from sandbox.stack import Stack
from sandbox.watchdog import tidied_up
from tests.virtual_clock import MoveClock, set_offset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DAG = "process_customer_entry"
ATTACHES = "Our analysts need to export the table as a CSV file or a spreadsheet."
ASKS = "HR has to tell me about everybody who leaves, or the account stays alive."
CREATES = "The planner cannot print shift rosters on A3 paper for the factory wall."
HIDDEN = "Made by an earlier test"
# A run of new_request may store a vector of the words it read before its request was hidden.
LATE_VECTORS_POINT_NOWHERE = f"""
CREATE FUNCTION point_nowhere() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT title FROM requests WHERE id = NEW.request_id) = '{HIDDEN}' THEN
        NEW.embedding := (ARRAY[1.0] || array_fill(0.0, ARRAY[NEW.dimensions - 1]))::vector;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER point_nowhere BEFORE INSERT OR UPDATE ON request_embeddings
FOR EACH ROW EXECUTE FUNCTION point_nowhere();
"""


class Airflow:
    """The REST API as a client uses it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = httpx.Client(base_url=f"{url}/api/v2", timeout=60, trust_env=False)
        self.login()

    def login(self) -> None:
        """Get a token (again, after the API server was started anew)."""
        answer = httpx.post(
            f"{self.url}/auth/token",
            json={"username": "admin", "password": ADMIN_PASSWORD},
            timeout=30,
            trust_env=False,
        )
        self.client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def post_run(
        self, conf: dict[str, Any], run_id: str | None = None, dag_id: str = DAG
    ) -> httpx.Response:
        """Ask for a run; the answer as it comes."""
        body = {
            "dag_run_id": run_id or f"e2e__{uuid.uuid4().hex[:12]}",
            "conf": conf,
            "logical_date": None,
        }
        return self.client.post(f"/dags/{dag_id}/dagRuns", json=body)

    def start(self, pain: str, **conf: Any) -> str:
        """Start the main job; returns the run's id."""
        submitter = {"slack_user_id": "U0ANN", "email": "ann@example.com", "name": "Ann Ames"}
        values = {"customer_pain": pain, "source": "api", "submitter": submitter} | conf
        answer = self.post_run(values)
        assert answer.status_code == 200, answer.text
        run_id: str = answer.json()["dag_run_id"]
        return run_id

    def parse_again(self, dag_id: str) -> None:
        """Have the file of a DAG parsed soon."""
        token = self.client.get(f"/dags/{dag_id}/details").json()["file_token"]
        assert self.client.put(f"/parseDagFile/{token}").status_code in (201, 409)

    def run_state(self, run_id: str, dag_id: str = DAG) -> str:
        """State of a run; empty while it is not started."""
        answer = self.client.get(f"/dags/{dag_id}/dagRuns/{run_id}")
        assert answer.status_code in (200, 404), answer.text
        state: str = answer.json().get("state", "")
        return state

    def tasks(self, run_id: str, dag_id: str = DAG) -> dict[str, str]:
        """State of each task of a run."""
        answer = self.client.get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances").json()
        return {ti["task_id"]: ti["state"] for ti in answer["task_instances"]}

    def finish(self, run_id: str, seconds: float = 120, dag_id: str = DAG) -> dict[str, str]:
        """Wait for the run's end; its tasks' states. Fails with them if the run failed."""
        until(lambda: self.run_state(run_id, dag_id) in ("success", "failed"), seconds)
        states = self.tasks(run_id, dag_id)
        assert self.run_state(run_id, dag_id) == "success", states
        return states

    def result(self, run_id: str, task_id: str = "report_outcome", dag_id: str = DAG) -> Any:
        """What a task returned."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value"
        return self.client.get(path).json()["value"]

    def written(self, run_id: str, dag_id: str = DAG) -> list[str]:
        """Names of the assets a run has made events of, sorted."""
        found = self.client.get(
            "/assets/events", params={"source_dag_id": dag_id, "source_run_id": run_id}
        ).json()
        return sorted(event["name"] for event in found["asset_events"])

    def note(self, run_id: str, dag_id: str = DAG) -> str:
        """The run's note."""
        return self.client.get(f"/dags/{dag_id}/dagRuns/{run_id}").json()["note"] or ""

    def clear(
        self, run_id: str, *task_ids: str, downstream: bool = False, dag_id: str = DAG
    ) -> None:
        """Clear tasks as an operator does in the UI."""
        body = {
            "dry_run": False,
            "dag_run_id": run_id,
            "task_ids": list(task_ids),
            "include_downstream": downstream,
            "only_failed": False,
            "reset_dag_runs": True,
        }
        answer = self.client.post(f"/dags/{dag_id}/clearTaskInstances", json=body)
        assert answer.status_code == 200, answer.text

    def wait_for_task(
        self, run_id: str, task_id: str, state: str, seconds: float = 90, dag_id: str = DAG
    ) -> None:
        """Wait until a task is in a state."""
        until(lambda: self.tasks(run_id, dag_id).get(task_id) == state, seconds)


def until(condition: Callable[[], bool], seconds: float) -> None:
    """Poll to a deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not within the time allowed"
        time.sleep(0.2)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The running sandbox; ended with its state when the tests are over."""
    state = Path(tempfile.mkdtemp(prefix="gtm-e2e-"))
    is_cluster = Sandbox.from_environment().cluster
    ports = free_port(), free_port(), free_port()
    sandbox = Sandbox(state, *ports, cluster=is_cluster, api_server_port=free_port())
    stack = Stack(sandbox)
    before = dict(os.environ)
    dags = state / "test-dags"
    shutil.copytree(Path(__file__).parent / "dags", dags)
    local = "airflow.dag_processing.bundles.local.LocalDagBundle"
    bundles = [
        {"name": "dags-folder", "classpath": local, "kwargs": {}},
        {"name": "tests", "classpath": local, "kwargs": {"path": str(dags)}},
    ]
    os.environ["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = json.dumps(bundles)
    with tidied_up(state):
        try:
            stack.up()
            os.environ["AIRFLOW_CONN_FEEDBACK_DB"] = (
                f"postgresql://postgres@/feedback?host={stack.postgres_host()}"
            )
            os.environ["AIRFLOW_VAR_GTM_FEEDBACK"] = "{}"
            ask_without_limit(Airflow(sandbox.airflow_url))
            with session_scope() as session:
                load_samples(session, stack.embedder())
                session.execute(text(LATE_VECTORS_POINT_NOWHERE))
            yield stack
        finally:
            if "AIRFLOW_CONN_FEEDBACK_DB" in os.environ:
                engine().dispose()
            os.environ.clear()
            os.environ.update(before)


def ask_without_limit(airflow: Airflow) -> None:
    """Let Ann, who hands everything in, be asked more often than a person should be."""
    with airflow.client as client:
        variable = client.get("/variables/gtm_feedback").json()
        value = json.loads(variable["value"]) | {"questions_per_person_per_day": 0}
        body = {"key": "gtm_feedback", "value": json.dumps(value)}
        answer = client.patch("/variables/gtm_feedback", json=body)
        assert answer.status_code == 200, answer.text


@pytest.fixture(scope="session")
def newest_sample(stack: Stack) -> int:
    """The last of the sample requests; whatever has a higher id was made by a test."""
    with session_scope() as session:
        return session.scalars(select(func.max(Request.id))).one() or 0


@pytest.fixture(autouse=True)
def only_the_samples_can_be_found(newest_sample: int) -> None:
    """Hide what earlier tests made, so that the same words take the same way in every test.

    Also what a test put into the table itself: the scheduled ``sync_embeddings`` finds it too. And
    the samples are found by their own text alone, not by what was attached to them before, and are
    doubted by nothing that was taken off them.
    """
    made = {"newest": newest_sample}
    with session_scope() as session:
        session.execute(text("UPDATE entries SET embedding = NULL, embedding_model = NULL"))
        session.execute(text("DELETE FROM request_evidence"))
        session.execute(text("DELETE FROM request_centroids"))
        session.execute(text("DELETE FROM request_embeddings WHERE request_id > :newest"), made)
        session.execute(
            text(f"UPDATE requests SET title = '{HIDDEN}', description = '' WHERE id > :newest"),
            made,
        )


@pytest.fixture
def airflow(stack: Stack) -> Iterator[Airflow]:
    """Airflow's API."""
    api = Airflow(stack.sandbox.airflow_url)
    yield api
    api.client.close()


@pytest.fixture
def slack(stack: Stack) -> Iterator[SlackSandbox]:
    """The Slack stand-in."""
    with SlackSandbox(stack.sandbox.slack_url) as client:
        client.clear_faults()
        yield client
        client.clear_faults()


@pytest.fixture
def move_clock(stack: Stack) -> Iterator[MoveClock]:
    """Move the time all durable waits of the running Airflow read; moved back at the end."""
    yield set_offset
    set_offset(timedelta(0))


@pytest.fixture
def configure(airflow: Airflow) -> Iterator[Callable[..., None]]:
    """Change settings of the running Airflow; the sandbox's are back at the end."""
    variable = airflow.client.get("/variables/gtm_feedback").json()
    shipped = json.loads(variable["value"])

    def configure(**settings: Any) -> None:
        body = {"key": "gtm_feedback", "value": json.dumps(shipped | settings)}
        answer = airflow.client.patch("/variables/gtm_feedback", json=body)
        assert answer.status_code == 200, answer.text

    yield configure
    configure()


def entry_of(run_id: str) -> Entry:
    """The entry a run carries out."""
    with session_scope() as session:
        return session.scalars(select(Entry).where(Entry.run_id == run_id)).one()


def evidence_of(run_id: str) -> tuple[str, Feedback]:
    """Slug of the request an entry is on now, with its feedback."""
    with session_scope() as session:
        slug, feedback = session.execute(
            select(Request.slug, Feedback)
            .join(Feedback, Feedback.request_id == Request.id)
            .join(Entry, Entry.id == Feedback.entry_id)
            .where(Entry.run_id == run_id, Feedback.removed_at.is_(None))
            .options(undefer(Feedback.quote))
        ).one()
        return slug, feedback


def card_of(slack: SlackSandbox, run_id: str, user: str = "U0ANN") -> dict[str, Any]:
    """The question's card of a run in a person's DM."""
    from include.store.models import Message

    entry_id = entry_of(run_id).id
    with session_scope() as session:
        message = session.scalars(
            select(Message).where(
                Message.entry_id == entry_id,
                Message.purpose == "question",
                Message.kind == "post",
            )
        ).one()
    assert message.ts, "the question was not posted"
    return next(card for card in slack.dm(user) if card["ts"] == message.ts)
