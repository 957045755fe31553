"""Spans kept in memory, for tests of what is traced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

if TYPE_CHECKING:
    import pytest
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.sampling import Sampler


class Spans:
    """What a process of Airflow with tracing on would send."""

    def __init__(self, sampler: Sampler | None = None) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider(sampler=sampler)
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def use(self, monkeypatch: pytest.MonkeyPatch) -> Spans:
        """Let this be the process's provider; Airflow's way of setting it works only once."""
        monkeypatch.setattr(trace, "_TRACER_PROVIDER", self.provider)
        return self

    @property
    def all(self) -> tuple[ReadableSpan, ...]:
        """Those that have ended."""
        return self._exporter.get_finished_spans()

    @property
    def names(self) -> list[str]:
        """Their names, in the order in which they ended."""
        return [span.name for span in self.all]

    def one(self, name: str) -> ReadableSpan:
        """The only span of that name."""
        [span] = [span for span in self.all if span.name == name]
        return span

    def text(self) -> str:
        """All that is sent, as text."""
        return "\n".join(span.to_json() for span in self.all)
