"""What a database error becomes: whether a retry helps, and never a customer's words."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, insert, select, text

from include.base.errors import Defect, FatalError, TransientError, UnstorableValue
from include.engine.retry import FeedbackRetryPolicy
from include.store import session as sessions
from include.store.models import Account, Area, User
from include.store.session import session_scope

SECRET = "a customer's secret"


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


def carried_out(statement: object, values: object = None) -> FatalError | TransientError:
    """What the database's refusal of a statement becomes."""
    with pytest.raises((FatalError, TransientError)) as caught, session_scope() as session:
        session.execute(statement, values)  # type: ignore[call-overload]
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__
    return caught.value


def carry_out(statements: list[str]) -> None:
    """One after the other, in one transaction."""
    with session_scope() as session:
        for statement in statements:
            session.execute(text(statement))


CALLERS = {
    "NUL": (insert(Account), {"id": "A", "name": f"{SECRET}\x00"}, "name"),
    "half a character": (insert(Account), {"id": "A", "name": f"{SECRET}\ud83d"}, None),
    "too large": (insert(Account), {"id": "A", "name": "a", "arr": 10**13}, "arr"),
    "beyond bigint": (select(User).where(User.id == 10**30), None, "id"),
    "too long for an index": (
        insert(User),
        {"email": "".join(f"{n:05}" for n in range(4_000)) + "@x", "name": SECRET},
        "email",
    ),
    "no moment": (text("SELECT CAST(:since AS timestamptz)"), {"since": SECRET}, None),
    "no number": (text("SELECT CAST(:since AS bigint)"), {"since": SECRET}, None),
    "NUL in JSON": (text("SELECT CAST(:body AS jsonb)"), {"body": '{"a": "\\u0000"}'}, None),
    "one of many": (
        insert(Account),
        [{"id": "A", "name": "a"}, {"id": "B\x00", "name": SECRET}],
        "id",
    ),
}


@pytest.mark.usefixtures("feedback_db")
@pytest.mark.parametrize("kind", CALLERS)
def test_a_value_that_no_row_takes_is_the_callers_and_its_field_is_named(kind: str) -> None:
    statement, values, field = CALLERS[kind]
    error = carried_out(statement, values)
    assert type(error) is UnstorableValue
    assert error.field == field
    assert field is None or f"{field} " in str(error)


@pytest.mark.usefixtures("feedback_db")
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"slug": "Not A Slug", "name": SECRET}, "slug has a value that is not allowed"),
        ({"slug": "twice", "name": SECRET}, "slug is there already"),
    ],
)
def test_a_row_that_cannot_be_is_the_callers_and_its_field_is_named(
    values: dict[str, str], said: str
) -> None:
    with session_scope() as session:
        session.execute(insert(Area).values(slug="twice", name="x"))
    error = carried_out(insert(Area), values)
    assert type(error) is FatalError
    assert said in str(error)


@pytest.mark.usefixtures("feedback_db")
def test_what_names_nothing_that_is_there_is_the_callers() -> None:
    statement = text("INSERT INTO opportunities (id, account_id, name) VALUES ('o', :account, 'x')")
    error = carried_out(statement, {"account": SECRET})
    assert type(error) is FatalError
    assert "account_id names something that is not there" in str(error)


PASSING = {
    "statement timeout": ["SET LOCAL statement_timeout = 1", "SELECT pg_sleep(1)"],
    "lock timeout": ["SET LOCAL lock_timeout = 1", "LOCK TABLE areas IN EXCLUSIVE MODE"],
    "read only": ["SET TRANSACTION READ ONLY", "DELETE FROM users"],
    "terminated": ["SELECT pg_terminate_backend(pg_backend_pid())"],
    **{
        name: [f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}', MESSAGE = 'x'; END $$"]
        for name, state in {
            "disk full": "53100",
            "out of memory": "53200",
            "too many connections": "53300",
            "serialization": "40001",
            "deadlock": "40P01",
            "admin shutdown": "57P01",
            "cannot connect now": "57P03",
            "input or output": "58030",
        }.items()
    },
}
"""Those that can be had are had; the others PostgreSQL raises by their state."""


@pytest.mark.usefixtures("feedback_db")
@pytest.mark.parametrize("kind", PASSING)
def test_what_may_be_gone_in_a_moment_is_worth_a_retry(kind: str) -> None:
    with session_scope() as other:
        other.execute(text("LOCK TABLE areas IN SHARE MODE"))
        with pytest.raises(TransientError):
            carry_out(PASSING[kind])


@pytest.mark.usefixtures("feedback_db")
def test_a_serialization_failure_is_worth_a_retry() -> None:
    with session_scope() as session:
        session.execute(insert(Area).values(slug="one", name="x"))
    again = text("UPDATE areas SET name = name || 'x'")

    def too_late() -> None:
        with session_scope() as late:
            late.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            late.execute(text("SELECT count(*) FROM areas"))
            with session_scope() as first:
                first.execute(again)
            late.execute(again)

    with pytest.raises(TransientError):
        too_late()


@pytest.mark.usefixtures("feedback_db")
def test_a_pool_without_a_free_connection_is_worth_a_retry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = create_engine(sessions.engine().url, pool_size=1, max_overflow=0, pool_timeout=0.05)
    monkeypatch.setattr(sessions, "engine", lambda: small)

    def second() -> None:
        with session_scope() as session:
            session.execute(text("SELECT 1"))

    with ThreadPoolExecutor(1) as pool, session_scope() as session:
        session.execute(text("SELECT 1"))
        with pytest.raises(TransientError, match="All connections"):
            pool.submit(second).result()
    small.dispose()


OURS = {
    "no table": "SELECT * FROM never_migrated",
    "no column": "SELECT never_migrated FROM areas",
    "syntax": "SELEKT 1",
    "no right": "SET ROLE pg_monitor; DELETE FROM areas",
    "division": "SELECT 1 / 0",
    "another size": "SELECT '[1,2]'::vector <=> '[1,2,3]'::vector",
    "left out": "INSERT INTO areas (slug) VALUES ('one')",
    "internal": "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE = 'x'; END $$",
    "too many columns": f"SELECT {', '.join(['1'] * 1_700)}",
}


@pytest.mark.usefixtures("feedback_db")
@pytest.mark.parametrize("kind", OURS)
def test_all_else_is_the_products_fault(kind: str) -> None:
    with pytest.raises(Defect, match="at fault"):
        carry_out(OURS[kind].split("; "))


@pytest.mark.usefixtures("feedback_db")
def test_tasks_try_again_what_passes_and_nothing_else() -> None:
    policy = FeedbackRetryPolicy()
    passing = TransientError("x")
    ours, callers = Defect("x"), UnstorableValue("x", field="name")
    decided = [policy.evaluate(one, 1, 3).action for one in (passing, ours, callers)]
    assert [str(one.value) for one in decided] == ["retry", "fail", "fail"]
