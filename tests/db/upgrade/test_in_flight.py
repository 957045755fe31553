"""What an earlier release left in flight comes to its right end in this one.

The rows and what points at them (tokens on cards, triggers in Airflow, confs) were written once by
the release's own code (``record.py``).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, select, text

from include.durable import parking
from include.durable.api import answer_hook, find_hook, signing_keys
from include.durable.keys import hook_key, verify_hook_token
from include.durable.parking import Resumed
from include.durable.trigger import HookTrigger
from include.durable.types import outcome_from_xcom
from include.entries import settle
from include.entries.correct import undo_attachment
from include.entries.entry import get_entry
from include.entries.set_aside import press_restore
from include.entries.submission import parse_submission
from include.store.migrate import upgrade
from include.store.models import Entry, Feedback, Request
from include.store.session import session_scope
from tests.db.durable.airflow_double import AirflowDouble
from tests.db.entries.conftest import TableJudge, WordsEmbedder, press
from tests.people import member

if TYPE_CHECKING:
    from sqlalchemy import URL

HERE = Path(__file__).parent
REVISIONS = {"0.1.0": "0001"}
"""The revision of the schema that each release had."""


@pytest.fixture(params=sorted(REVISIONS))
def left(request: pytest.FixtureRequest, feedback_db: URL) -> dict[str, Any]:
    """The rows of a release in its own schema, brought to this one's; what points at them."""
    release = request.param
    engine = create_engine(feedback_db, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
        upgrade(feedback_db, REVISIONS[release])
        tables = connection.scalars(
            text(
                "SELECT quote_ident(tablename) FROM pg_tables "
                "WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
            )
        ).all()
        # Rows of the dump come in no order that foreign keys or history triggers would want.
        connection.execute(text(f"TRUNCATE {', '.join(tables)} CASCADE"))
        connection.execute(text("SET session_replication_role = replica"))
        connection.exec_driver_sql((HERE / f"{release}.sql").read_text().replace("%", "%%"))
    engine.dispose()
    upgrade(feedback_db)
    shapes: dict[str, Any] = json.loads((HERE / f"{release}.json").read_text())
    return shapes


def test_a_card_in_slack_still_answers_its_question(
    left: dict[str, Any], embedder: WordsEmbedder
) -> None:
    assert press(left["tokens"]["question"], "attach").status == "recorded"
    assert press(left["tokens"]["question"], "create").status == "too_late"
    settle.apply_answer(
        session_scope,
        dag_id="process_customer_entry",
        run_id="asked",
        embedder=embedder,
        judge=TableJudge(),
    )
    with session_scope() as session:
        assert get_entry(session, left["entries"]["asked"]).outcome == "attached"
        title = session.scalars(
            select(Request.title)
            .join(Feedback, Feedback.request_id == Request.id)
            .where(Feedback.entry_id == left["entries"]["asked"])
        ).one()
    assert title == "Export tables"


def test_an_undo_button_still_undoes(left: dict[str, Any]) -> None:
    with session_scope() as session:
        reply = undo_attachment(session, token=left["tokens"]["undo"], actor=member("U0ANN"))
    assert reply.status == "recorded"
    with session_scope() as session:
        entry = get_entry(session, left["entries"]["attached"])
        request = session.scalars(
            select(Request).where(Request.opened_by_entry_id == entry.id)
        ).one()
    assert request.title != "Export tables"


def test_an_entry_that_was_set_aside_is_still_restored_by_its_button(left: dict[str, Any]) -> None:
    with session_scope() as session:
        reply = press_restore(session, token=left["tokens"]["restore"], actor=member("U0ANN"))
    assert reply.status == "recorded"
    with session_scope() as session:
        assert get_entry(session, left["entries"]["aside"]).outcome is None


def test_a_parked_run_goes_on_when_it_is_answered(left: dict[str, Any]) -> None:
    double = AirflowDouble(ask="wait", wait="apply", apply="report")
    run = double.add("parked", ask="success", wait="success", apply="skipped", report="skipped")
    run.state, run.note = left["parked"]["state"], left["parked"]["note"]
    with session_scope() as session:
        hook_id = verify_hook_token(left["tokens"]["parked"], signing_keys(session))
        answer_hook(session, hook_id, answer={"choice": "yes"}, by="u", via="api")
        [parked_id] = parking.to_resume(session, excluded=[], limit=10)
    assert parking.resume(session_scope, double, parked_id)[0] is Resumed.CONTINUED
    assert run.cleared == [[("apply", -1), ("report", -1)]]


def test_a_sleep_keeps_its_hour(left: dict[str, Any]) -> None:
    with session_scope() as session:
        hook = find_hook(session, hook_key("new_request", "sleeping", "sleep"))
        assert hook is not None
        hour = (
            text("SELECT extract(epoch FROM due_at - created_at) FROM hooks WHERE id = :id"),
            {"id": hook.id},
        )
        assert session.scalar(*hour) == pytest.approx(3600, abs=1)


def test_triggers_that_airflow_holds_are_made_again(left: dict[str, Any]) -> None:
    for path, arguments in left["triggers"]:
        assert path == "include.durable.trigger.HookTrigger"
        trigger = HookTrigger(**arguments)
        assert trigger.serialize() == (path, arguments)


def test_what_runs_were_started_with_is_still_understood(left: dict[str, Any]) -> None:
    by_id, fields = left["confs"]["process_customer_entry"]
    assert set(by_id) == {"entry_id"}
    submission = parse_submission(fields)
    assert submission == parse_submission(left["confs"]["submission"])
    assert submission.external_id == "crm-4711"
    with session_scope() as session:
        assert session.get_one(Entry, by_id["entry_id"]).status == "waiting"


def test_an_outcome_that_an_xcom_holds_is_still_read(left: dict[str, Any]) -> None:
    outcome = outcome_from_xcom(left["outcome"])
    assert outcome["outcome"] == left["outcome"]["outcome"]
    assert set(outcome) >= {"outcome", "answer"}
