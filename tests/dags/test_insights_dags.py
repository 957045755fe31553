"""The scheduled DAGs: when they run through the clock changes, and that areas fail alone."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from include.store.models import Area, AreaReport, Digest
from include.store.session import session_scope
from tests.dags.process import ROOT, run_dags

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import URL

SCHEDULES = """
import json, sys
from datetime import timedelta
import pendulum
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
bag = DagBag(sys.argv[1])
found = {}
for dag_id in ("area_insights", "weekly_digest"):
    dag = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(bag.get_dag(dag_id)))
    for first, last in (("2026-03-01", "2026-03-16"), ("2026-10-25", "2026-11-10")):
        zone = "America/New_York"
        days = (pendulum.parse(first, tz=zone), pendulum.parse(last, tz=zone))
        found.setdefault(dag_id, []).append(
            [str(info.logical_date) for info in dag.iter_dagrun_infos_between(*days)]
        )
for dag_id, first, last in json.loads(sys.argv[2]):
    dag = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(bag.get_dag(dag_id)))
    infos = dag.iter_dagrun_infos_between(pendulum.parse(first), pendulum.parse(last))
    found[f"backfill of {dag_id}"] = [str(info.logical_date) for info in infos]
print("RESULT" + json.dumps(found))
"""
BACKFILL = re.compile(
    r"airflow backfill create --dag-id (\w+) --from-date ([\d-]+) --to-date ([\d-]+)"
)

RUN_AREAS = """
import json, sys
from datetime import UTC, datetime
from airflow.dag_processing.dagbag import DagBag
dag = DagBag(sys.argv[1]).get_dag("area_insights")
from include.base.errors import FatalError
from include.workflows import area_insights as area_reports
plain = area_reports.report_area

def broken(slug, as_of, *, run_id):
    if slug in sys.argv[2].split(","):
        raise FatalError("made to fail")
    return plain(slug, as_of, run_id=run_id)

area_reports.report_area = broken
now = datetime(2026, 3, 2, 13, tzinfo=UTC)
run = dag.test(logical_date=now, run_after=now, run_conf=json.loads(sys.argv[3]))
tis = run.get_task_instances()
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
with create_session() as session:
    rows = session.query(XComModel).filter_by(run_id=run.run_id, task_id="summarise").all()
    values = [XComModel.deserialize_value(row) for row in rows if row.key == "return_value"]
    from airflow.models.asset import AssetEvent
    events = [(event.asset.name, event.extra) for event in session.query(AssetEvent).all()]
print("RESULT" + json.dumps({
    "state": str(run.state),
    "labels": {ti.map_index: [ti.rendered_map_index, str(ti.state)] for ti in tis
               if ti.task_id == "report_area"},
    "values": values,
    "events": events,
}))
"""

RUN_DAG = """
import json, sys
from datetime import UTC, datetime
from airflow.dag_processing.dagbag import DagBag
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
dag = DagBag(sys.argv[1]).get_dag(sys.argv[2])
now = datetime(2026, 3, 9, 13, tzinfo=UTC)
run = dag.test(logical_date=now, run_after=now, run_conf=json.loads(sys.argv[4]))
with create_session() as session:
    rows = session.query(XComModel).filter_by(run_id=run.run_id, task_id=sys.argv[3]).all()
    values = [XComModel.deserialize_value(row) for row in rows if row.key == "return_value"]
print("RESULT" + json.dumps({"state": str(run.state), "values": values}))
"""


def documented_backfills() -> set[tuple[str, str, str]]:
    """DAG, first and last date of every backfill that a page shows."""
    pages = (page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md"))
    return {found for page in pages for found in BACKFILL.findall(page)}


@pytest.fixture(scope="module")
def schedules(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The moments of runs, by DAG and by backfill, as Airflow's scheduler makes them."""
    home, asked = tmp_path_factory.mktemp("schedules"), json.dumps(sorted(documented_backfills()))
    dag_ids = {"area_insights", "weekly_digest"} | {one for one, _, _ in documented_backfills()}
    found: dict[str, Any] = run_dags(SCHEDULES, home, sorted(dag_ids), asked)
    return found


def test_a_documented_backfill_of_october_has_its_last_day(schedules: dict[str, Any]) -> None:
    october = [date(2026, 10, 1) + timedelta(days=number) for number in range(31)]
    documented = documented_backfills()
    assert {dag_id for dag_id, _, _ in documented} >= {"area_insights", "replay_decisions"}
    for dag_id, _, _ in documented:
        days = [date.fromisoformat(one[:10]) for one in schedules[f"backfill of {dag_id}"]]
        if dag_id == "learn_from_answers":  # weekly
            october_runs = [day for day in october if day.weekday() == days[0].weekday()]
            assert days == october_runs, dag_id
        else:
            assert days == october, dag_id


def test_the_hour_in_new_york_stays_through_both_changes_of_the_clock(
    schedules: dict[str, Any],
) -> None:
    """The clocks go forward on 8 March 2026 and back on 1 November 2026."""
    spring, autumn = schedules["area_insights"]
    assert len(spring) == 15
    assert len(autumn) == 16
    hours = {moment[:10]: moment[11:16] for moment in spring + autumn}
    assert hours["2026-03-07"] == "13:00"
    assert hours["2026-03-08"] == "12:00"
    assert hours["2026-10-31"] == "12:00"
    assert hours["2026-11-01"] == "13:00"
    assert set(hours.values()) == {"12:00", "13:00"}
    spring, autumn = schedules["weekly_digest"]
    assert [moment[:16] for moment in spring] == ["2026-03-02 14:00", "2026-03-09 13:00"]
    assert [moment[:16] for moment in autumn] == [
        "2026-10-26 13:00",
        "2026-11-02 14:00",
        "2026-11-09 14:00",
    ]


@pytest.fixture
def areas(feedback_db: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three areas, two of one name."""
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", "{}")
    with session_scope() as session:
        for slug in ("access", "reporting", "reporting-2"):
            session.add(Area(slug=slug, name=slug.split("-")[0].title()))


@pytest.mark.usefixtures("areas")
def test_a_failing_area_stops_no_other_and_is_named(tmp_path: Path) -> None:
    found = run_dags(RUN_AREAS, tmp_path, ["area_insights"], "reporting", "{}")
    assert found["values"] == [
        {"status": "partial", "processed_count": 2, "failed_slugs": ["reporting"]}
    ]
    assert sorted(found["labels"].values()) == [
        ["access", "success"],
        ["reporting", "failed"],
        ["reporting-2", "success"],
    ]
    assert found["events"] == [
        [
            "gtm_feedback_reports",
            {"as_of": "2026-03-02T13:00:00+00:00", "processed_count": 2, "failed_count": 1},
        ]
    ]
    with session_scope() as session:
        made = session.execute(
            select(Area.slug, AreaReport.as_of).join(AreaReport).order_by(Area.slug)
        ).all()
    assert [(slug, moment.isoformat()[:13]) for slug, moment in made] == [
        ("access", "2026-03-02T13"),
        ("reporting-2", "2026-03-02T13"),
    ]


@pytest.mark.usefixtures("areas")
def test_a_run_in_which_no_area_has_a_report_fails(tmp_path: Path) -> None:
    arguments = ("access", '{"areas": ["access"]}')
    found = run_dags(RUN_AREAS, tmp_path, ["area_insights"], *arguments)
    assert found["state"] == "failed"
    assert found["values"] == []
    assert [label for label, _ in found["labels"].values()] == ["access"]


@pytest.mark.usefixtures("areas")
def test_the_weekly_digest_of_a_past_week_is_stored(tmp_path: Path) -> None:
    arguments = ("weekly_digest", "post_digest", "{}")
    found = run_dags(RUN_DAG, tmp_path, ["weekly_digest"], *arguments)
    assert found == {
        "state": "success",
        "values": [{"week": "2026-W10", "messages": 0, "chart": False, "status": "past_week"}],
    }
    with session_scope() as session:
        assert session.scalars(select(Digest.week)).all() == ["2026-W10"]


@pytest.mark.usefixtures("areas")
def test_an_export_writes_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", json.dumps({"export_roots": [str(tmp_path)]}))
    folder = tmp_path / "exports"
    conf = json.dumps({"target": str(folder), "kinds": ["requests", "reports"], "format": "csv"})
    arguments = ("export_feedback", "list_files", conf)
    found = run_dags(RUN_DAG, tmp_path, ["export_feedback"], *arguments)
    assert found["state"] == "success"
    [value] = found["values"]
    names = ["requests-20260309T130000Z.csv", "reports-20260309T130000Z.csv"]
    assert value == {
        "files": [str(folder / name) for name in names],
        "rows": {"requests": 0, "reports": 0},
    }
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
