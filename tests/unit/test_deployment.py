"""What is deployed says the same as the rest of the repository, and holds no secret.

Two checks need a file that is not vendored here: the chart's and Compose's schema. Name them in
``AIRFLOW_CHART_SCHEMA`` and ``COMPOSE_SCHEMA``; without, they are skipped.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from sandbox.environment import shipped_settings

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = shipped_settings() | shipped_settings("celery.env")
AIRFLOW = {"api-server", "scheduler", "dag-processor", "triggerer", "worker"}


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / "deploy" / name).read_text(encoding="utf-8"))


@pytest.fixture
def values() -> Any:
    return read("helm/values.yaml")


@pytest.fixture
def services() -> Any:
    return read("docker-compose.yaml")["services"]


def test_the_chart_gets_every_shipped_setting(values: Any) -> None:
    given = {item["name"]: item["value"] for item in values["env"]}
    given["AIRFLOW__CORE__EXECUTOR"] = values["executor"]
    assert given == SETTINGS


def test_the_chart_may_put_as_many_tasks_to_work_as_workers_have_places(values: Any) -> None:
    concurrency = values["config"]["celery"]["worker_concurrency"]
    assert str(concurrency) == SETTINGS["AIRFLOW__CELERY__WORKER_CONCURRENCY"]
    places = concurrency * values["workers"]["keda"]["minReplicaCount"]
    assert values["config"]["core"]["parallelism"] <= places


def test_the_chart_migrates_both_databases_and_airflows_not_through_the_pool(values: Any) -> None:
    job = values["migrateDatabaseJob"]
    assert job["useHelmHooks"]
    assert "airflow db migrate && python -m include.store.migrate" in job["args"]
    assert job["env"][0]["valueFrom"]["secretKeyRef"]["key"] == "direct"


def test_everything_of_airflow_that_can_be_there_twice_is(values: Any) -> None:
    for part in ("scheduler", "apiServer", "triggerer", "workers"):
        assert values[part]["replicas"] == 2
        assert values[part]["resources"]["limits"]["memory"]
    for part in ("scheduler", "apiServer", "pgbouncer"):
        assert values[part]["podDisruptionBudget"]["enabled"]


def test_secrets_are_only_referred_to(values: Any) -> None:
    assert {item["envName"] for item in values["secret"]} == {
        "AIRFLOW_CONN_FEEDBACK_DB",
        "AIRFLOW_CONN_EMBEDDINGS_API",
        "AIRFLOW_CONN_SLACK_APP",
        "AIRFLOW_CONN_AIRFLOW_API",
    }
    compose = (ROOT / "deploy" / "docker-compose.yaml").read_text(encoding="utf-8")
    # ${NAME:?}: Compose refuses to start without it. No default, no value in the file.
    asked = set(re.findall(r"\$\{(\w+)(?::\?)\}", compose))
    assert set(re.findall(r"(?<!\$)\$\{(\w+)", compose)) == asked
    example = (ROOT / "deploy" / "secrets.env.example").read_text(encoding="utf-8")
    assert asked == set(re.findall(r"^(\w+)=", example, re.MULTILINE))
    assert "change-me" in example


def test_compose_runs_all_of_airflow_after_the_migration(services: Any) -> None:
    assert set(services) == AIRFLOW | {"postgres", "redis", "migrate"}
    for name in AIRFLOW:
        assert services[name]["env_file"] == ["airflow.env", "celery.env"]
        ready = services[name]["depends_on"]["migrate"]["condition"]
        assert ready == "service_completed_successfully"
    assert "include.store.migrate" in services["migrate"]["command"][0]
    slots = sum(
        int(n) for n in re.findall(r"pools set \w+ (\d+)", services["migrate"]["command"][0])
    )
    assert str(slots) == services["worker"]["environment"]["AIRFLOW__CORE__PARALLELISM"]


def test_the_image_installs_with_hashes_and_runs_as_nobody_special() -> None:
    text = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    assert "--require-hashes" in text
    assert re.findall(r"-c (\S+)", text) == ["requirements.lock", "requirements-cluster.lock"]
    assert {"requirements-dev.txt", "requirements-sandbox.txt"}.isdisjoint(
        re.findall(r"-r (\S+)", text)
    )
    instructions = [
        line.split(maxsplit=1) for line in text.splitlines() if re.match("[A-Z]+ ", line)
    ]
    last_user = [what for name, what in instructions if name == "USER"][-1]
    assert last_user == "50000:0"
    assert any(name == "HEALTHCHECK" for name, _ in instructions)


@pytest.mark.parametrize(
    ("variable", "file"),
    [("AIRFLOW_CHART_SCHEMA", "helm/values.yaml"), ("COMPOSE_SCHEMA", "docker-compose.yaml")],
)
def test_a_file_fits_its_schema(variable: str, file: str) -> None:
    path = os.environ.get(variable)
    if not path:
        pytest.skip(f"set {variable} to the schema's path to check deploy/{file}")
    schema = json.loads(Path(path).read_text(encoding="utf-8"))
    schema.pop("$schema")  # written in a way that the validator does not know
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [
        f"{list(e.absolute_path)}: {e.message}" for e in validator.iter_errors(read(file))
    ] == []
