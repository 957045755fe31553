"""What Prometheus is told: each query runs and has its columns; the rules are those of Grafana."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.db.operations.test_grafana import ALERTS, run
from tests.unit.test_repository import anchors

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "deploy/prometheus"
[JOB] = yaml.safe_load((FOLDER / "sql_exporter.yml").read_text("utf-8"))["jobs"]
QUERIES = {query["name"]: query for query in JOB["queries"]}
[GROUP] = yaml.safe_load((FOLDER / "rules.yml").read_text("utf-8"))["groups"]
OWN = {"GtmDatabaseNotAsked"}
"""Rules about the exporter itself: Grafana asks the database without one."""


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_runs_and_has_the_columns_of_its_metric(name: str, session: Session) -> None:
    query = QUERIES[name]
    wanted = {*query.get("labels", ()), *query["values"]}
    rows = run(
        session, f"SELECT named.* FROM (SELECT 1) one LEFT JOIN ({query['query']}) named ON true"
    )
    assert all(set(row) == wanted for row in rows)
    if "labels" not in query:
        assert len(rows) == 1
        assert all(float(value) == 0 for value in rows[0].values()), "a fresh database has none"


@pytest.mark.parametrize("rule", GROUP["rules"], ids=lambda rule: rule["alert"])
def test_every_rule_is_about_a_metric_there_is_and_leads_into_the_runbook(
    rule: dict[str, Any],
) -> None:
    for name, value in re.findall(r'sql_(feedback_\w+)\{col="(\w+)"\}', rule["expr"]):
        assert value in QUERIES[name]["values"]
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert anchor in anchors((ROOT / page).read_text("utf-8"))


def test_the_rules_are_those_of_grafana() -> None:
    grafana = {
        rule["annotations"]["summary"]: (
            rule["data"][0]["model"]["rawSql"].strip(),
            rule["data"][1]["model"]["conditions"][0]["evaluator"]["params"][0],
            rule["for"],
            rule["annotations"]["runbook"],
        )
        for rule in ALERTS["groups"][0]["rules"]
    }
    prometheus = {}
    for rule in GROUP["rules"]:
        if rule["alert"] in OWN:
            continue
        found = re.fullmatch(r'sql_(feedback_alert_\w+)\{col="value"\} > (\d+)', rule["expr"])
        assert found, rule["expr"]
        prometheus[rule["annotations"]["summary"]] = (
            QUERIES[found[1]]["query"].strip(),
            int(found[2]),
            rule["for"],
            rule["annotations"]["runbook"],
        )
    assert prometheus == grafana
