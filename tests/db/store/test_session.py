"""What a database error becomes: whether a retry helps, and never a customer's words."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from include.base.errors import FatalError, TransientError
from include.store.session import session_scope


@pytest.mark.usefixtures("feedback_db")
def test_a_refused_row_names_the_constraint_and_hides_the_row() -> None:
    statement = text(
        "INSERT INTO entries (idempotency_key, source, customer_pain, severity, account_known, "
        "opportunity_known, dag_id, run_id) "
        "VALUES ('k', 'fax', :pain, 'low', false, false, 'd', 'r')"
    )
    with (
        pytest.raises(FatalError, match="ck_entries_source_known") as caught,
        session_scope() as session,
    ):
        session.execute(statement, {"pain": "a customer's secret"})
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.usefixtures("feedback_db")
def test_a_cut_connection_is_worth_a_retry_and_the_next_session_works() -> None:
    with pytest.raises(TransientError, match="Is it running"), session_scope() as session:
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    with session_scope() as session:
        assert session.scalar(text("SELECT 1")) == 1


def test_an_unreachable_database_is_worth_a_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_FEEDBACK_DB", "postgresql://u@127.0.0.1:1/feedback")
    with pytest.raises(TransientError, match="Is it running"), session_scope() as session:
        session.execute(text("SELECT 1"))
