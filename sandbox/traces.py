"""Stand-in for an OpenTelemetry collector: keeps what arrives, and prints an entry's trace.

``python -m sandbox.traces --port 8094 --state FOLDER`` takes OTLP over HTTP (protobuf), as a
collector does, and keeps spans and metrics as JSON lines. ``python -m sandbox.traces ENTRY`` prints
the trace of an entry of the sandbox as a tree, with Airflow's spans that its spans link to.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from include.base.tracing import PREFIX, trace_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Json = dict[str, Any]

SPANS, METRICS = "spans.jsonl", "metrics.jsonl"
LARGEST = 16 * 1024 * 1024


def spans_of(message: Any) -> Iterator[Json]:
    """The spans of an export, with where each comes from."""
    for resource in message.resource_spans:
        service = _attributes(resource.resource.attributes).get("service.name", "?")
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield {
                    "trace": span.trace_id.hex(),
                    "span": span.span_id.hex(),
                    "parent": span.parent_span_id.hex(),
                    "name": span.name,
                    "scope": scope.scope.name,
                    "service": service,
                    "start": span.start_time_unix_nano,
                    "end": span.end_time_unix_nano,
                    "error": span.status.message if span.status.code == 2 else "",
                    "attributes": _attributes(span.attributes),
                    "links": [[link.trace_id.hex(), link.span_id.hex()] for link in span.links],
                }


def metrics_of(message: Any) -> Iterator[Json]:
    """The numbers of an export: gauges and sums."""
    for resource in message.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                points = getattr(metric, metric.WhichOneof("data")).data_points
                for point in points:
                    kind = point.WhichOneof("value") if hasattr(point, "as_double") else None
                    if kind is not None:
                        yield {
                            "name": metric.name,
                            "value": getattr(point, kind),
                            "attributes": _attributes(point.attributes),
                            "at": point.time_unix_nano,
                        }


def tree(spans: Iterable[Json], wanted: str) -> Iterator[str]:
    """The lines of a trace: when each span began and how long it took, its parts below it.

    A span that leads to one of Airflow's says so behind an arrow.
    """
    found = list(spans)
    by_id = {(span["trace"], span["span"]): span for span in found}
    ours = sorted((span for span in found if span["trace"] == wanted), key=lambda s: s["start"])
    if not ours:
        return
    known = {span["span"] for span in ours}
    first = ours[0]["start"]

    def lines(parent: str | None, depth: int) -> Iterator[str]:
        for span in ours:
            above = span["parent"] if span["parent"] in known else None
            if above == parent:
                yield _line(span, first, depth, by_id)
                yield from lines(span["span"], depth + 1)

    yield from lines(None, 0)


def _line(span: Json, first: int, depth: int, by_id: dict[tuple[str, str], Json]) -> str:
    at, took = (span["start"] - first) / 1e9, (span["end"] - span["start"]) / 1e6
    said = {name.removeprefix(PREFIX): value for name, value in span["attributes"].items()}
    said.pop("entry_id", None)
    words = " ".join(f"{name}={_short(value)}" for name, value in said.items())
    links = [by_id.get((trace, one)) for trace, one in span["links"]]
    to = "".join(f" -> {link['name'] if link else 'a span not received'}" for link in links)
    label = f"{'  ' * depth}{span['name']}"
    return f"{at:8.3f} s {took:9.1f} ms  {label:<24} {words}{to}".rstrip()


def _short(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else f"{value}"


def _attributes(pairs: Any) -> Json:
    return {
        pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "", None) for pair in pairs
    }


def read_lines(path: Path) -> list[Json]:
    """What was kept so far."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


class Receiver(ThreadingHTTPServer):
    """Takes exports and appends them to the files of its folder."""

    daemon_threads = True

    def __init__(self, port: int, state: Path) -> None:
        self.state = state
        self._lock = threading.Lock()
        state.mkdir(parents=True, exist_ok=True)
        super().__init__(("127.0.0.1", port), _Handler)

    def keep(self, name: str, rows: Iterable[Json]) -> None:
        """Append rows to a file; whole lines, whoever else writes."""
        text = "".join(f"{json.dumps(row)}\n" for row in rows)
        with self._lock, (self.state / name).open("a", encoding="utf-8") as file:
            file.write(text)


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_GET(self) -> None:
        self._answer(200 if self.path == "/healthz" else 404)

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        if length > LARGEST:
            self._answer(413)
            return
        body = self.rfile.read(length)
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        try:
            if self.path == "/v1/traces":
                self.server.keep(SPANS, spans_of(ExportTraceServiceRequest.FromString(body)))
                answer = ExportTraceServiceResponse().SerializeToString()
            elif self.path == "/v1/metrics":
                self.server.keep(METRICS, metrics_of(ExportMetricsServiceRequest.FromString(body)))
                answer = ExportMetricsServiceResponse().SerializeToString()
            else:
                self._answer(404)
                return
        except DecodeError:
            self._answer(400)
            return
        self._answer(200, answer)

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: one line for each export would be all there is to read."""


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.traces", description=__doc__)
    parser.add_argument("entry", type=int, nargs="?", help="print the trace of this entry")
    parser.add_argument("--port", type=int, help="take exports on this port instead")
    parser.add_argument("--state", type=Path, help="folder of what was kept")
    chosen = parser.parse_args(arguments)
    state = chosen.state
    if state is None:
        from sandbox.environment import Sandbox

        state = Sandbox.from_environment().traces_folder
    if chosen.port is not None:
        Receiver(chosen.port, state).serve_forever()
    if chosen.entry is None:
        parser.error("name an entry, or a port")
    wanted = trace_id(chosen.entry)
    lines = list(tree(read_lines(state / SPANS), wanted))
    if not lines:
        sys.exit(f"No span of entry {chosen.entry} (trace {wanted}) was received.")
    print(f"entry {chosen.entry}, trace {wanted}", *lines, sep="\n")


if __name__ == "__main__":
    main()
