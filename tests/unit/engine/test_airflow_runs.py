"""What Airflow's REST API gives in pages is read to the end."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from include.engine import airflow_runs


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
