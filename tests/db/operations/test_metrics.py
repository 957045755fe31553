"""The product's metrics: the same for Prometheus and for Airflow, and asked for only if wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from include.engine import gauges
from include.operations import metrics
from include.operations.metrics import BUDGET_LEFT, METRICS, Reading
from include.store.models import Decision, Entry, Hook, Message
from include.store.session import session_scope
from tests.db.operations.test_prometheus import FOLDER

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

pytestmark = pytest.mark.usefixtures("feedback_db")
OPTIONS = {
    "AIRFLOW__METRICS__OTEL_ON",
    "AIRFLOW__METRICS__STATSD_ON",
    "AIRFLOW__METRICS__STATSD_DATADOG_ENABLED",
    "AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED",
}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float, dict[str, str] | None]]:
    """What Airflow is given to send; its metrics are off until a test switches them on."""
    from airflow.sdk.observability import stats

    found: list[tuple[str, float, dict[str, str] | None]] = []
    for option in OPTIONS:
        monkeypatch.setenv(option, "False")
    monkeypatch.setattr(
        stats, "gauge", lambda name, value, tags=None: found.append((name, value, tags))
    )
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"model_budget_per_day": 3}')
    return found


def some_of_each(session: Session) -> None:
    entries = [
        Entry(
            idempotency_key=f"e{number}",
            source="api",
            customer_pain="It breaks.",
            severity="medium",
            dag_id="d",
            run_id=f"r{number}",
            status=status,
            outcome=outcome,
        )
        for number, (status, outcome) in enumerate(
            [("done", "attached"), ("done", "attached"), ("waiting", None)]
        )
    ]
    session.add_all(entries)
    session.flush()
    session.add_all(
        Decision(
            key=f"match:{entry.id}:0",
            entry_id=entry.id,
            step="match",
            route="attach",
            confidence=confidence,
            reason="",
            actor_kind="system",
        )
        for entry, confidence in zip(entries, (0.9, 1.0), strict=False)
    )
    session.add(Hook(key="h", kind="approval", dag_id="d", run_id="r2", question={}))
    session.add(Message(key="m", kind="post", purpose="note", address="#c", body="Hello"))


def test_the_list_is_the_exporters() -> None:
    [job] = yaml.safe_load((FOLDER / "sql_exporter.yml").read_text("utf-8"))["jobs"]
    exported = {
        query["name"]: (
            query["help"],
            tuple(query["values"]),
            query.get("labels", []),
            query["query"].split(),
        )
        for query in job["queries"]
        if not query["name"].startswith("feedback_alert_")
    }
    ours = {
        metric.name: (
            metric.help,
            metric.values,
            [metric.label] if metric.label else [],
            # Layout is free, also around a parenthesis.
            metric.sql.split(),
        )
        for metric in METRICS
    }
    assert {n: v[:3] for n, v in ours.items()} == {n: v[:3] for n, v in exported.items()}
    for name, (*_, sql) in ours.items():
        assert "".join(sql) == "".join(exported[name][-1])


def test_every_number_is_read() -> None:
    with session_scope() as session:
        some_of_each(session)
    with session_scope() as session:
        found = {(one.name, one.label): one.value for one in metrics.read(session)}
    assert found.pop(("feedback_waits.oldest_seconds", None)) >= 0
    assert found.pop(("feedback_outbox.oldest_seconds", None)) >= 0
    assert found == {
        ("feedback_entries.entries", ("outcome", "attached")): 2,
        ("feedback_entries.entries", ("outcome", "waiting")): 1,
        ("feedback_confidence.decisions", ("route", "attach")): 2,
        ("feedback_confidence.confidence", ("route", "attach")): pytest.approx(0.95),
        ("feedback_waits.hot", None): 1,
        ("feedback_waits.parked", None): 0,
        ("feedback_press_seconds.median", None): 0,
        ("feedback_press_seconds.p95", None): 0,
        ("feedback_outbox.waiting", None): 1,
        ("feedback_model_cost_today.dollars", None): 0,
    }


def test_nothing_is_asked_while_airflow_sends_no_metrics(
    sent: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(metrics, "session_scope", lambda: asked.append("a session"))
    assert metrics.send() == 0
    assert (asked, sent) == ([], [])


@pytest.mark.parametrize(
    ("options", "name", "tags"),
    [
        ({"OTEL_ON"}, "feedback_entries.entries", {"outcome": "attached"}),
        ({"STATSD_DATADOG_ENABLED"}, "feedback_entries.entries", {"outcome": "attached"}),
        (
            {"STATSD_ON", "STATSD_INFLUXDB_ENABLED"},
            "feedback_entries.entries",
            {"outcome": "attached"},
        ),
        ({"STATSD_ON"}, "feedback_entries.entries.attached", None),
        ({"STATSD_ON", "OTEL_ON"}, "feedback_entries.entries.attached", None),
    ],
)
def test_airflow_is_given_gauges_in_the_form_its_receiver_understands(
    sent: list[tuple[str, float, object]],
    monkeypatch: pytest.MonkeyPatch,
    options: set[str],
    name: str,
    tags: dict[str, str] | None,
) -> None:
    for option in options:
        monkeypatch.setenv(f"AIRFLOW__METRICS__{option}", "True")
    with session_scope() as session:
        some_of_each(session)
    assert metrics.send() == len(sent) == 13
    assert (name, 2.0, tags) in sent
    assert (BUDGET_LEFT, 3.0, {}) in sent


def test_the_budget_left_is_what_the_setting_allows_less_what_was_spent(
    sent: list[tuple[str, float, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gauges, "are_on", lambda: True)
    monkeypatch.setattr(
        metrics, "read", lambda _session: [Reading("feedback_model_cost_today.dollars", 1.25)]
    )
    metrics.send()
    assert sent[-1] == (BUDGET_LEFT, 1.75, {})
