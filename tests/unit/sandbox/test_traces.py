"""The stand-in for a collector keeps what Airflow's exporters send, and prints it as a tree."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from include.base.tracing import cause_span, entry_span, mark, trace_id
from sandbox import traces
from sandbox.environment import Sandbox
from sandbox.programs import standins
from sandbox.traces import METRICS, SPANS, Receiver, read_lines, tree
from tests.tracing import Spans

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with Receiver(0, tmp_path) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def url(receiver: Receiver) -> str:
    return f"http://127.0.0.1:{receiver.server_address[1]}"


def test_what_is_sent_is_printed_as_a_tree_with_the_spans_it_links_to(
    url: str,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spans = Spans().use(monkeypatch)
    exporter = OTLPSpanExporter(endpoint=f"{url}/v1/traces", timeout=5)
    spans.provider.add_span_processor(SimpleSpanProcessor(exporter))
    with cause_span("Slack call", kind="command:/feedback"):
        mark("store", [7])
    airflow = spans.provider.get_tracer("airflow")
    with airflow.start_as_current_span("worker.decide_entry"), entry_span("decide", 7) as note:
        note(confidence=0.98765)
    mark("store", [8])
    traces.main(["7", "--state", str(receiver.state)])
    title, *lines = capsys.readouterr().out.splitlines()
    assert title == f"entry 7, trace {trace_id(7)}"
    said = [line.split(" ms  ")[1] for line in lines]
    assert [words.split() for words in said] == [
        ["Slack", "call", "kind=command:/feedback"],
        ["store"],
        ["decide", "confidence=0.988", "->", "worker.decide_entry"],
    ]
    assert [len(words) - len(words.lstrip()) for words in said] == [0, 2, 0]
    with pytest.raises(SystemExit, match="No span of entry 9"):
        traces.main(["9", "--state", str(receiver.state)])


def test_a_link_to_a_span_that_never_came_says_so() -> None:
    span = {
        "trace": "t", "span": "s", "parent": "p", "name": "decide", "start": 0, "end": 1_000_000,
        "attributes": {}, "links": [["u", "v"]],
    }  # fmt: skip
    [line] = tree([span], "t")
    assert line.endswith("-> a span not received")


def test_gauges_are_kept_with_their_labels(url: str, receiver: Receiver) -> None:
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=f"{url}/v1/metrics"))
    provider = MeterProvider([reader])
    provider.get_meter("m").create_gauge("airflow.feedback_waits.hot").set(3, {"a": "b"})
    provider.get_meter("m").create_histogram("h").record(1)
    provider.shutdown()
    [kept] = read_lines(receiver.state / METRICS)
    assert (kept["name"], kept["value"], kept["attributes"]) == (
        "airflow.feedback_waits.hot",
        3,
        {"a": "b"},
    )


@pytest.mark.parametrize(
    ("path", "body", "status"), [("/v1/traces", b"\xff", 400), ("/x", b"", 404)]
)
def test_what_is_no_export_is_refused(
    url: str, receiver: Receiver, path: str, body: bytes, status: int
) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(url + path, data=body), timeout=5)
    refused.value.close()
    assert refused.value.code == status
    assert not read_lines(receiver.state / SPANS)


def test_it_is_part_of_a_sandbox_only_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_STATE", str(tmp_path))
    monkeypatch.delenv("TRACES", raising=False)
    quiet = Sandbox.from_environment()
    assert "traces" not in standins(quiet)
    assert "AIRFLOW__TRACES__OTEL_ON" not in quiet.environment("/tmp")
    monkeypatch.setenv("TRACES", "1")
    monkeypatch.setenv("TRACES_PORT", "9999")
    seen = Sandbox.from_environment()
    assert "--port 9999" in standins(seen)["traces"]
    found = seen.environment("/tmp")
    assert found["AIRFLOW__TRACES__OTEL_ON"] == "True"
    assert found["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:9999"
