"""What a span costs, with tracing off and on: ``python -m benchmarks.tracing``.

Off is how a task runs by default: OpenTelemetry is imported, because Airflow imports it, and no
provider is set. On is with the processor that Airflow uses, whose sending is left out. What is
measured is the time of the processor, so what else runs on the machine does not count.
"""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from rich.console import Console
from rich.table import Table

from include.base.tracing import entry_span, entry_spans, inner_span, mark

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 15
TIMES = 1_000
MANY = list(range(1, 33))


def _span(number: int) -> None:
    with entry_span("decide", number, model="m") as note:
        note(way="attach", confidence=0.9)


def _nested(number: int) -> None:
    with entry_span("decide", number), inner_span("embed", texts=1):
        pass


def _mark(number: int) -> None:
    mark("answer", [number], choice="attach")


def _chunk(_number: int) -> None:
    with entry_spans("decide", MANY) as note:
        for entry_id in MANY:
            note(entry_id, way="attach", confidence=0.9)


CASES: dict[str, tuple[Callable[[int], None], int]] = {
    "a span": (_span, 1),
    "a span with one inside": (_nested, 1),
    "a mark": (_mark, 1),
    "a span of 32 together, each": (_chunk, 32),
}


def microseconds(work: Callable[[int], None], spans: int) -> tuple[float, float]:
    """Median and least of the rounds, for one."""
    rounds = []
    times = TIMES // spans
    for _ in range(ROUNDS):
        started = time.thread_time()
        for number in range(times):
            work(number)
        rounds.append((time.thread_time() - started) / times / spans * 1e6)
    return median(rounds), min(rounds)


def main() -> None:
    """Print the figures."""
    off = {name: microseconds(*case) for name, case in CASES.items()}
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(InMemorySpanExporter()))
    trace.set_tracer_provider(provider)
    on = {name: microseconds(*case) for name, case in CASES.items()}
    table = Table("Microseconds", "off, median", "off, least", "on, median", "on, least")
    for name in CASES:
        table.add_row(name, *(f"{value:.1f}" for value in (*off[name], *on[name])))
    Console().print(table)


if __name__ == "__main__":
    main()
