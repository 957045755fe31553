"""What Airflow's REST API gives in pages is read to the end."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from include.engine import airflow_api, airflow_runs


class Answer:
    """A page of a run's tasks."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body

    def json(self) -> dict[str, Any]:
        """What it holds."""
        return self.body


@pytest.mark.parametrize(
    ("tasks", "most"), [(0, 100), (99, 100), (100, 100), (101, 100), (101, 50)]
)
def test_every_task_of_a_run_is_read_however_short_the_servers_pages_are(
    monkeypatch: pytest.MonkeyPatch, tasks: int, most: int
) -> None:
    listed = [
        {"task_id": f"t{n}", "map_index": -1, "state": None, "id": str(n)} for n in range(tasks)
    ]

    def call(_method: str, path: str, *_more: object) -> Answer:
        asked = parse_qs(urlsplit(path).query)
        start, size = int(asked["offset"][0]), min(int(asked["limit"][0]), most)
        return Answer({"task_instances": listed[start : start + size], "total_entries": tasks})

    monkeypatch.setattr(airflow_runs, "call", call)
    monkeypatch.setattr(airflow_runs, "require", lambda _answer: None)
    found = airflow_runs.AirflowRuns().tasks("a_dag", "r1")
    assert [one.task_id for one in found] == [one["task_id"] for one in listed]


def test_every_run_is_ended_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(airflow_api, "_END_AT_ONCE", 2)
    ended: list[str] = []

    def call(_method: str, _path: str, body: dict[str, Any], _seconds: float) -> Answer:
        [action] = body["actions"]
        part = [one["dag_run_id"] for one in action["entities"]]
        assert len(part) <= 2
        ended.extend(part)
        return Answer({"update": {"success": part}})

    monkeypatch.setattr(airflow_api, "call", call)
    monkeypatch.setattr(airflow_api, "require", lambda _answer: None)
    runs = [f"r{number}" for number in range(5)]
    assert airflow_api.end_runs("a_dag", runs, "why") == 5
    assert ended == runs


def test_every_waiting_run_is_found_however_short_the_servers_pages_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = [f"r{number}" for number in range(5)]

    def call(_method: str, path: str, **_more: object) -> Answer:
        start = int(parse_qs(urlsplit(path).query)["offset"][0])
        what = "task_instances" if "taskInstances" in path else "dag_runs"
        part = [{"dag_run_id": one, "conf": None} for one in runs[start : start + 2]]
        return Answer({what: part, "total_entries": len(runs)})

    monkeypatch.setattr(airflow_api, "call", call)
    monkeypatch.setattr(airflow_api, "require", lambda _answer: None)
    found = airflow_api.waiting_runs("a_dag", "decide", 1_000)
    assert [one.run_id for one in found] == runs
