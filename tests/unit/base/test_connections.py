"""Connections from the environment, in both of Airflow's notations."""

from __future__ import annotations

import pytest
from airflow.sdk import Connection

from include.base.connections import get_connection, info_from
from include.base.errors import FatalError
from include.store.session import conninfo, database_url


def test_a_socket_uri_becomes_a_url_for_psycopg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_FEEDBACK_DB", "postgresql://postgres@/feedback?host=/tmp/pg")
    info = get_connection("feedback_db")
    assert database_url(info).render_as_string() == (
        "postgresql+psycopg://postgres@/feedback?host=%2Ftmp%2Fpg"
    )
    assert set(conninfo(info).split()) == {"user=postgres", "dbname=feedback", "host=/tmp/pg"}


def test_a_json_connection_with_a_port_and_ssl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "AIRFLOW_CONN_FEEDBACK_DB",
        '{"conn_type": "postgres", "host": "db", "port": 5433, "login": "app", '
        '"password": "p w", "schema": "fb", "extra": {"sslmode": "require"}}',
    )
    url = database_url(get_connection("feedback_db"))
    assert (url.host, url.port, url.database, url.password) == ("db", 5433, "fb", "p w")
    assert url.query["sslmode"] == "require"


def test_a_password_is_not_in_the_representation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_APP", "slack://:xoxb-secret@?signing_secret=abc")
    shown = repr(get_connection("slack_app"))
    assert "secret" not in shown.replace("slack_app", "")
    assert "abc" not in shown


@pytest.mark.parametrize(
    "value",
    [
        '{"host": "db", "password": "hunter2"',
        '{"host": "db", "password": "hunter2", "port": "many"}',
        '{"host": "db", "password": "hunter2", "extra": "hunter2"}',
        "postgresql://ann:hunter2@db:many/feedback",
    ],
)
def test_an_unreadable_connection_is_named_without_its_secret(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_FEEDBACK_DB", value)
    with pytest.raises(FatalError, match="AIRFLOW_CONN_FEEDBACK_DB cannot be read") as caught:
        get_connection("feedback_db")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_connection_of_airflow_is_read_like_one_of_the_environment() -> None:
    given = Connection(
        conn_id="c", conn_type="http", host="h", port=81, password="p", extra='{"model": "m"}'
    )
    info = info_from(given)
    assert (info.conn_id, info.host, info.port, info.login) == ("c", "h", 81, "")
    assert (info.password, info.schema, info.extra) == ("p", "", {"model": "m"})
