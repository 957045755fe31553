"""The demo: customer wording in, feedback on requests out, one question left for you to answer.

``python -m sandbox.demo [FILE]`` starts the sandbox, loads samples, submits every line of
the file through Airflow's REST API, shows progress and ends with a table. Run again it starts in
seconds and adds nothing twice.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy import select

from include.base.errors import FatalError
from include.base.file_rows import format_of
from include.entries.import_file import Line as Record
from include.entries.import_file import read_lines
from include.entries.submission import parse_submission
from include.store.models import Decision, Entry, Feedback, Hook, Request, User
from include.store.session import session_scope
from sandbox.environment import ADMIN_PASSWORD, Sandbox
from sandbox.samples import ACCOUNTS, AREAS, ENTRIES, OPPORTUNITIES, REQUESTS
from sandbox.stack import Stack, StackError

DAG_ID = "process_customer_entry"
DEADLINE_SECONDS = 600.0
LOADING_SECONDS = 120.0
LONGEST_LINE = 200_000


@dataclass
class Line:
    """One line of the file: its number, what it asks for, and what became of it."""

    number: int
    conf: dict[str, Any] = field(default_factory=dict)
    run_id: str = ""
    problem: str | None = None


def read_entries(path: Path) -> list[Line]:
    """The file's lines; a bad one carries its problem and is not submitted.

    A CSV or a workbook is read as an import reads it, with its header and any names of columns that
    it knows.

    Raises:
        FatalError: it cannot be read, or a CSV or a workbook has no header or a wrong one.
    """
    form = format_of(str(path), "jsonl" if not path.suffix else None)
    if form != "jsonl":
        with path.open("rb") as file:
            return [_of_record(line) for line in read_lines(file, form, name=path.name)]
    lines = []
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            if raw.strip():
                lines.append(_read_line(number, raw))
    return lines


def _of_record(record: Record) -> Line:
    if record.submission is None:
        return Line(record.number, problem=record.problem)
    return _started(Line(record.number), record.submission.conf())


def _started(line: Line, conf: dict[str, Any]) -> Line:
    """The line with its run, whose id follows from what is handed in."""
    digest = hashlib.sha256(json.dumps(conf, sort_keys=True).encode()).hexdigest()[:16]
    line.conf, line.run_id = conf, f"demo__{digest}"
    return line


def _read_line(number: int, raw: bytes) -> Line:
    line = Line(number)
    try:
        if len(raw) > LONGEST_LINE:
            raise FatalError(f"the line has {len(raw)} bytes; at most {LONGEST_LINE} are allowed")
        conf = json.loads(raw.decode("utf-8-sig"))
        if not isinstance(conf, dict):
            raise FatalError(f"the line is a JSON {type(conf).__name__}, not an object")
        conf = {"source": "import"} | conf
        parse_submission(conf)
    except UnicodeDecodeError:
        line.problem = "the line is not UTF-8"
    except json.JSONDecodeError as error:
        line.problem = f"the line is not JSON ({error.msg} at column {error.colno})"
    except FatalError as error:
        line.problem = str(error)
    else:
        _started(line, conf)
    return line


class Airflow:
    """The few calls of Airflow's REST API the demo needs."""

    def __init__(self, url: str) -> None:
        token = httpx.post(
            f"{url}/auth/token", json={"username": "admin", "password": ADMIN_PASSWORD}, timeout=30
        ).json()["access_token"]
        self._client = httpx.Client(
            base_url=f"{url}/api/v2", headers={"Authorization": f"Bearer {token}"}, timeout=60
        )

    def load(self, dag_id: str, files: dict[str, Path]) -> str:
        """Start a run that loads these files; the same files are loaded by one run."""
        contents = b"".join(path.read_bytes() for path in files.values())
        run_id = f"demo__{hashlib.sha256(contents).hexdigest()[:16]}"
        conf = {name: str(path) for name, path in files.items()}
        body = {"dag_run_id": run_id, "conf": conf, "logical_date": None}
        deadline = time.monotonic() + LOADING_SECONDS
        # The DAG's file may not have been read yet.
        while (
            answer := self._client.post(f"/dags/{dag_id}/dagRuns", json=body)
        ).status_code == 404:
            if time.monotonic() > deadline:
                break
            time.sleep(0.2)
        if answer.status_code not in (200, 409):
            raise StackError(f"{dag_id} was refused: {answer.json().get('detail', answer.text)}")
        return run_id

    def wait_for(self, runs: dict[str, str]) -> None:
        """Wait until the run of each DAG has succeeded."""
        deadline = time.monotonic() + LOADING_SECONDS
        for dag_id, run_id in runs.items():
            while (state := self._state(dag_id, run_id)) != "success":
                if state == "failed" or time.monotonic() > deadline:
                    raise StackError(f"{dag_id} is {state}; look at its run {run_id} in Airflow")
                time.sleep(0.2)

    def result(self, dag_id: str, run_id: str, task_id: str) -> dict[str, Any]:
        """What the last task of a run returned."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value"
        found: dict[str, Any] = self._client.get(path).json()["value"]
        return found

    def start(self, line: Line) -> None:
        """Start the line's run; one that exists is fine, one that failed goes on."""
        answer = self._client.post(
            f"/dags/{DAG_ID}/dagRuns",
            json={"dag_run_id": line.run_id, "conf": line.conf, "logical_date": None},
        )
        if answer.status_code == 409 and self.run_states({line.run_id})[line.run_id] == "failed":
            self._clear(DAG_ID, line.run_id)
        if answer.status_code not in (200, 409):
            line.problem = f"Airflow refused it: {answer.json().get('detail', answer.text)}"

    def run_states(self, run_ids: set[str]) -> dict[str, str]:
        """State of each run."""
        return {run_id: self._state(DAG_ID, run_id) for run_id in run_ids}

    def _clear(self, dag_id: str, run_id: str) -> None:
        body = {
            "dry_run": False,
            "dag_run_id": run_id,
            "only_failed": True,
            "include_downstream": True,
            "reset_dag_runs": True,
        }
        self._client.post(f"/dags/{dag_id}/clearTaskInstances", json=body)

    def _state(self, dag_id: str, run_id: str) -> str:
        answer = self._client.get(f"/dags/{dag_id}/dagRuns/{run_id}").json()
        return str(answer.get("state", "?"))


def load_samples(airflow: Airflow) -> dict[str, Any]:
    """Load areas, accounts, deals and requests by their DAGs; the requests' result."""
    before = {
        "import_areas": airflow.load("import_areas", {"path": AREAS}),
        "import_accounts": airflow.load(
            "import_accounts", {"path": ACCOUNTS, "opportunities_path": OPPORTUNITIES}
        ),
    }
    # A request names its areas.
    airflow.wait_for(before)
    run_id = airflow.load("import_requests", {"path": REQUESTS})
    airflow.wait_for({"import_requests": run_id})
    return airflow.result("import_requests", run_id, "embed_requests")


def statuses(run_ids: list[str]) -> dict[str, str]:
    """Status of the entry of each run; a run that only repeats an entry counts by its own state."""
    with session_scope() as session:
        rows = session.execute(select(Entry.run_id, Entry.status).where(Entry.run_id.in_(run_ids)))
        return {run_id: status for run_id, status in rows}


def follow(airflow: Airflow, run_ids: list[str], console: Console) -> list[str]:
    """Show progress until all entries are done or wait for a person; returns failed runs."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    settled: set[str] = set()
    failed: set[str] = set()
    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("Processing entries", total=len(run_ids))
        while len(settled) < len(run_ids):
            if time.monotonic() > deadline:
                raise StackError(
                    f"{len(run_ids) - len(settled)} entries were not processed within "
                    f"{DEADLINE_SECONDS:.0f} s; look at the runs in Airflow"
                )
            found = statuses(run_ids)
            settled |= {run for run, status in found.items() if status in ("done", "waiting")}
            states = airflow.run_states(set(run_ids) - settled)
            failed |= {run for run, state in states.items() if state == "failed"}
            settled |= {run for run, state in states.items() if state in ("success", "failed")}
            progress.update(bar, completed=len(settled))
            time.sleep(0.5)
    return sorted(failed)


def table(lines: list[Line], sandbox: Sandbox) -> tuple[Table, list[str]]:
    """What happened to each line, and where the open questions are to be answered."""
    result = Table(title="What happened to each entry", show_lines=False, expand=True)
    result.add_column("Line", justify="right", no_wrap=True)
    result.add_column("Entry", ratio=4)
    result.add_column("Outcome", no_wrap=True)
    result.add_column("Request", ratio=3)
    result.add_column("Confidence", justify="right", no_wrap=True)
    result.add_column("Run", no_wrap=True)
    questions = []
    with session_scope() as session:
        for line in lines:
            if line.problem:
                result.add_row(str(line.number), "", "[red]skipped", line.problem, "", "")
                continue
            link = f"{sandbox.airflow_url}/dags/{DAG_ID}/runs/{line.run_id}"
            entry = _entry_of(session, line)
            if entry is None:
                result.add_row(str(line.number), "", "[red]failed", "", "", f"[link={link}]run[/]")
                continue
            match = session.scalars(
                select(Decision).where(Decision.key == f"match:{entry.id}:0")
            ).one_or_none()
            request = _request_of(session, entry, match)
            confidence = f"{match.confidence:.2f}" if match and match.confidence else "-"
            outcome = {
                "attached": "[green]attached",
                "created": "[cyan]new request",
                "noise": "[dim]set aside",
                "split": "[magenta]taken apart",
            }.get(
                entry.outcome or "",
                "[yellow]asks you" if entry.status == "waiting" else "[red]failed",
            )
            if entry.run_id != line.run_id:
                outcome += " (repeat)"
            result.add_row(
                str(line.number),
                _short(entry.customer_pain, 90),
                outcome,
                request.title if request else "",
                confidence,
                f"[link={link}]{line.run_id}[/]",
            )
            if entry.status == "waiting":
                questions.append(_question_link(session, entry, sandbox))
    return result, questions


def _entry_of(session: Any, line: Line) -> Entry | None:
    key = line.conf.get("external_id")
    wanted = f"{line.conf['source']}:{key}" if key else f"run:{DAG_ID}/{line.run_id}"
    entry: Entry | None = session.scalars(
        select(Entry).where(Entry.idempotency_key == wanted)
    ).one_or_none()
    return entry


def _request_of(session: Any, entry: Entry, match: Decision | None) -> Request | None:
    request_id = session.scalar(
        select(Feedback.request_id).where(
            Feedback.entry_id == entry.id, Feedback.removed_at.is_(None)
        )
    ) or (match.request_id if match else None)
    request: Request | None = session.get(Request, request_id) if request_id else None
    return request


def _question_link(session: Any, entry: Entry, sandbox: Sandbox) -> str:
    user = session.get(User, entry.submitter_id) if entry.submitter_id else None
    hook = session.scalars(
        select(Hook).where(Hook.run_id == entry.run_id, Hook.is_current, Hook.status == "pending")
    ).first()
    if hook is None:
        return f"{sandbox.slack_url}/"
    if user and user.slack_user_id:
        person = user.slack_user_id
        return f"{sandbox.slack_url}/?user={person}&channel={person.replace('U', 'D', 1)}"
    return f"{sandbox.slack_url}/?channel=C0REVIEW"


def _short(words: str, length: int) -> str:
    flat = " ".join(words.split())
    return flat if len(flat) <= length else flat[: length - 1].rstrip() + "…"


def run_demo(path: Path, console: Console) -> int:
    """The whole demo; returns the exit code."""
    sandbox = Sandbox.from_environment()
    started = time.monotonic()
    lines = read_entries(path)
    if not lines:
        raise StackError(f"{path} holds no entries: one JSON object a line is expected")
    stack = Stack(sandbox, say=lambda message: console.print(f"[dim]{message} ..."))
    stack.up()
    os.environ["AIRFLOW_CONN_FEEDBACK_DB"] = (
        f"postgresql://postgres@/feedback?host={stack.postgres_host()}"
    )
    airflow = Airflow(sandbox.airflow_url)
    console.print("[dim]Loading areas, accounts, deals and requests ...")
    loaded = load_samples(airflow)
    console.print(
        f"[dim]Sample requests: {loaded['added']} added. Submitting {len(lines)} entries ..."
    )
    good = [line for line in lines if not line.problem]
    for line in good:
        airflow.start(line)
    run_ids = [line.run_id for line in good if not line.problem]
    failed = follow(airflow, run_ids, console)
    result, questions = table(lines, sandbox)
    console.print(result)
    console.print(
        f"Took {time.monotonic() - started:.0f} s. Everything keeps running; `make stop` ends it."
    )
    console.print(
        f"Airflow: {sandbox.airflow_url} (admin / {ADMIN_PASSWORD})   Slack: {sandbox.slack_url}"
    )
    for number, link in enumerate(sorted(set(questions)), start=1):
        console.print(
            f"[bold yellow]Open question {number}:[/] press a button under the question at {link}"
        )
    if failed:
        console.print(f"[red]{len(failed)} runs failed:[/] {', '.join(failed)}")
    return 1 if failed else 0


def main() -> None:
    """Command line."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1] else ENTRIES
    console = Console(width=None if sys.stdout.isatty() else 160)
    try:
        code = run_demo(path, console)
    except FileNotFoundError:
        sys.exit(f"demo: there is no file {path}")
    except (StackError, FatalError) as error:
        sys.exit(f"demo: {error}")
    sys.exit(code)


if __name__ == "__main__":
    main()
