"""The dashboard's and the alerts' queries run on the current schema and mean what they say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from sqlalchemy import text

from include.durable.api import create_hook
from tests.unit.test_repository import anchors

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

ROOT = Path(__file__).resolve().parents[3]
DASHBOARD = json.loads((ROOT / "deploy/grafana/dashboard.json").read_text("utf-8"))
ALERTS = yaml.safe_load((ROOT / "deploy/grafana/alerts.yaml").read_text("utf-8"))
PANELS = DASHBOARD["panels"]
RULES = ALERTS["groups"][0]["rules"]
MACROS = (
    (r"\$__timeFilter\(([\w.]+)\)", r"\1 BETWEEN now() - interval '1 day' AND now()"),
    (r"\$__timeGroupAlias\(([\w.]+), \$__interval\)", r"date_trunc('hour', \1) AS time"),
)


def run(session: Session, sql: str) -> list[dict[str, Any]]:
    """A query as Grafana sends it, its macros written out."""
    for macro, written in MACROS:
        sql = re.sub(macro, written, sql)
    assert "$__" not in sql
    result = session.connection().exec_driver_sql(sql.replace("%", "%%"))
    return [dict(row) for row in result.mappings()]


def value(session: Session, uid: str) -> float:
    """What the rule compares with its limit."""
    [rule] = [rule for rule in RULES if rule["uid"] == uid]
    [row] = run(session, rule["data"][0]["model"]["rawSql"])
    return float(row["value"])


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_every_panel_runs(panel: dict[str, Any], session: Session) -> None:
    for target in panel["targets"]:
        rows = run(session, target["rawSql"])
        assert panel["type"] != "stat" or len(rows) == 1


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["uid"])
def test_every_alert_is_silent_on_a_fresh_database_and_leads_into_the_runbook(
    rule: dict[str, Any], session: Session
) -> None:
    limit = rule["data"][1]["model"]["conditions"][0]["evaluator"]["params"][0]
    assert value(session, rule["uid"]) <= limit
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert anchor in anchors((ROOT / page).read_text("utf-8"))


def test_an_overdue_wait_that_nobody_closes_is_seen(session: Session) -> None:
    create_hook(session, dag_id="d", run_id="r", name="answer", kind="approval")
    session.execute(text("UPDATE hooks SET expires_at = now() - interval '1 minute'"))
    assert value(session, "gtm-waits-overdue") == 0
    session.execute(text("UPDATE hooks SET expires_at = now() - interval '1 hour'"))
    assert value(session, "gtm-waits-overdue") == 1


def test_an_entry_without_an_outcome_is_seen_by_its_age(session: Session) -> None:
    session.execute(
        text(
            "INSERT INTO entries (idempotency_key, source, customer_pain, severity, account_known,"
            " opportunity_known,"
            " dag_id, run_id, status, updated_at) VALUES ('k', 'api', 'Exports time out.', 'low',"
            " false, false, 'd', 'r', 'received', now() - interval '1 hour')"
        )
    )
    assert value(session, "gtm-entries-stuck") == pytest.approx(3600, abs=5)


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert at["x"] + at["w"] <= 24
        assert taken.isdisjoint(cells), panel["title"]
        taken |= cells
