"""Connections from the environment, in both of Airflow's notations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.base.connections import get_connection
from include.store.session import conninfo, database_url

if TYPE_CHECKING:
    import pytest


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
