"""What the sandbox reads from ``airflow_settings.yaml``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from include.base.connections import _from_environment
from include.store.session import database_url
from sandbox.environment import Sandbox
from sandbox.settings_file import connection_variables, read_settings_file

if TYPE_CHECKING:
    from pathlib import Path

FILE = """
# ${A_COMMENT} is no name
airflow:
  connections:
    - conn_id: feedback_db
      conn_type: postgres
      conn_host: ${HOST}
      conn_schema: feedback
      conn_login: postgres
      conn_password:
      conn_port: 5433
      conn_extra: {sslmode: require}
    - conn_id: slack_app
      conn_type: slack
      conn_password: ${TOKEN}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "airflow_settings.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_the_database_is_a_variable_that_the_product_and_airflow_read(settings: Path) -> None:
    found = connection_variables(settings, {"HOST": "/run/pg", "TOKEN": "t"})
    assert list(found) == ["AIRFLOW_CONN_FEEDBACK_DB"]
    [value] = found.values()
    assert json.loads(value)["conn_type"] == "postgres"
    url = database_url(_from_environment("feedback_db", value))
    assert (url.database, url.username, url.port, url.host) == ("feedback", "postgres", 5433, None)
    assert url.query == {"host": "/run/pg", "sslmode": "require"}


def test_the_sandbox_has_its_own_database_whatever_the_shell_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_FEEDBACK_DB", "postgresql://mine")
    environment = Sandbox(tmp_path, 1, 2, 3).environment("/run/pg")
    assert json.loads(environment["AIRFLOW_CONN_FEEDBACK_DB"])["host"] == "/run/pg"


def test_a_name_that_is_missing_is_told(settings: Path) -> None:
    with pytest.raises(KeyError, match="TOKEN"):
        read_settings_file(settings, {"HOST": "h"})


def test_a_section_that_is_not_there_is_empty(settings: Path) -> None:
    assert read_settings_file(settings, {"HOST": "h", "TOKEN": "t"})["pools"] == []
