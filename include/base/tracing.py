"""Spans of an entry's way: every process adds its own to the one trace that follows from the id.

Whether anything is traced is Airflow's decision (``[traces] otel_on``): it sets OpenTelemetry's
provider in each of its processes. Where it has set none, nothing is imported and nothing is made.

A run of Airflow has a trace of its own, which it begins by itself, so the two are tied by links:
the first span of the product in a task links to Airflow's span of that task.

Spans hold ids, states and counts. What a customer, a person or an error says is never in one:
:class:`Attributes` names all there is, and a value with anything but the letters of a name is left
out.
"""

from __future__ import annotations

import hashlib
import re
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from time import time_ns
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Link, Span, Tracer

    Note = Callable[..., None]
    """Adds :class:`Attributes` to a span."""


class Attributes(TypedDict, total=False):
    """What a span may say; ``None`` is left out."""

    attempts: int | None
    candidates: int | None
    choice: str | None
    confidence: float | None
    degraded: bool
    entries: int
    event_id: int
    kind: str | None
    message_id: int
    model: str | None
    outcome: str | None
    request_id: int | None
    requests: int
    round: int
    route: str | None
    state: str | None
    task: str | None
    texts: int
    tokens_in: int
    tokens_out: int
    via: str | None
    way: str | None


PREFIX = "gtm_feedback."
SCOPE = "gtm_feedback"
"""Name of the instrumentation."""

_NAME = re.compile(r"[A-Za-z0-9][\w.:/-]{0,79}", re.ASCII)
_NO_WORDS: Note = lambda *_, **__: None  # noqa: E731


def trace_id(entry_id: int) -> str:
    """The trace of an entry: 32 hex digits, the same everywhere."""
    return _digest(entry_id)[:16].hex()


def is_on() -> bool:
    """Whether Airflow has switched tracing on in this process."""
    return _provider() is not None


@contextmanager
def entry_span(name: str, entry_id: int | None, **attributes: Unpack[Attributes]) -> Iterator[Note]:
    """A span around something that is done for one entry; yields what adds attributes to it.

    Without an entry, and while tracing is off, there is none. An exception goes through and leaves
    its kind.
    """
    trace = _Trace.of(entry_id) if entry_id is not None else None
    if trace is None:
        yield _NO_WORDS
        return
    span = trace.start(name, attributes)
    with _current(span):
        yield _note_on(span)


@contextmanager
def entry_spans(
    name: str, entry_ids: Sequence[int], **attributes: Unpack[Attributes]
) -> Iterator[Note]:
    """The same for several entries at once, a span each; the yielded takes an entry's id first.

    What is done meanwhile belongs to all of them. Only where there is one entry it gets spans.
    """
    if len(entry_ids) == 1:
        with entry_span(name, entry_ids[0], **attributes) as note:
            yield lambda _entry_id, **more: note(**more)
        return
    spans = {}
    if is_on():
        attributes = {"entries": len(entry_ids), **attributes}
        traces = ((entry_id, _Trace.of(entry_id)) for entry_id in entry_ids)
        spans = {one: trace.start(name, attributes) for one, trace in traces if trace}
    try:
        yield lambda entry_id, **more: _set(spans.get(entry_id), more)
    except BaseException as error:
        for span in spans.values():
            _fail(span, error)
        raise
    finally:
        for span in spans.values():
            span.end()


@contextmanager
def inner_span(name: str, **attributes: Unpack[Attributes]) -> Iterator[Note]:
    """A span inside that of an entry; none where no entry is being worked on."""
    entry_id = _entry.get()
    with entry_span(name, entry_id, **attributes) as note:
        yield note


@contextmanager
def cause_span(name: str, **attributes: Unpack[Attributes]) -> Iterator[None]:
    """A span around work whose entry, or entries, turn out while it is done.

    Each entry that gets a span meanwhile gets this one around it; without one there is none.
    """
    if not is_on():
        yield
        return
    cause = _Cause(name, attributes, time_ns())
    token = _cause.set(cause)
    try:
        yield
    except BaseException as error:
        for span in cause.spans.values():
            _fail(span, error)
        raise
    finally:
        _cause.reset(token)
        for span in cause.spans.values():
            span.end()


@contextmanager
def apart() -> Iterator[None]:
    """Link nothing to Airflow's current span: what is done meanwhile is not done for its task.

    For what runs in the background of a process, begun by whichever task came first.
    """
    if not is_on():
        yield
        return
    from opentelemetry import context

    token = context.attach(context.Context())
    try:
        yield
    finally:
        context.detach(token)


def mark(
    name: str,
    entry_ids: Iterable[int],
    *,
    since: datetime | None = None,
    **attributes: Unpack[Attributes],
) -> None:
    """A span for something that has just happened to entries, or has lasted ``since``."""
    if not is_on():
        return
    began = None if since is None else round(since.timestamp() * 1_000_000_000)
    for entry_id in entry_ids:
        trace = _Trace.of(entry_id)
        if trace is not None:
            trace.start(name, attributes, began).end()


_entry: ContextVar[int | None] = ContextVar("gtm_feedback_entry", default=None)
_cause: ContextVar[_Cause | None] = ContextVar("gtm_feedback_cause", default=None)


@dataclass
class _Cause:
    """Work that was begun before its entries were known, with the spans it has got since."""

    name: str
    attributes: Attributes
    began: int
    spans: dict[int, Span] = field(default_factory=dict)


@dataclass(frozen=True)
class _Trace:
    """The trace of an entry in this process, where it is traced and sampled."""

    entry_id: int
    number: int
    provider: TracerProvider

    @classmethod
    def of(cls, entry_id: int) -> _Trace | None:
        """``None`` while tracing is off, and where the sampler drops this trace everywhere."""
        provider = _provider()
        if provider is None:
            return None
        number = int.from_bytes(_digest(entry_id)[:16])
        sampled = provider.sampler.should_sample(None, number, "entry")
        is_kept = sampled.decision.is_sampled()  # type: ignore[no-untyped-call]
        return cls(entry_id, number, provider) if is_kept else None

    def start(self, name: str, attributes: Attributes, began: int | None = None) -> Span:
        """A span of this trace, inside the current one where that belongs to the entry."""
        parent, links = self._place()
        if began is not None:
            began = min(began, time_ns())
        tracer = _tracer(self.provider)
        ours = {f"{PREFIX}entry_id": self.entry_id, **_kept(attributes)}
        return tracer.start_span(name, parent, attributes=ours, links=links, start_time=began)

    def _place(self) -> tuple[Context | None, list[Link]]:
        from opentelemetry import trace

        current = trace.get_current_span().get_span_context()
        if current.is_valid and current.trace_id == self.number:
            return None, []
        links = [trace.Link(current)] if current.is_valid else []
        cause = _cause.get()
        if cause is not None:
            return trace.set_span_in_context(self._of_cause(cause, links)), []
        return self._root(), links

    def _of_cause(self, cause: _Cause, links: list[Link]) -> Span:
        if self.entry_id not in cause.spans:
            cause.spans[self.entry_id] = _tracer(self.provider).start_span(
                cause.name,
                self._root(),
                attributes={f"{PREFIX}entry_id": self.entry_id, **_kept(cause.attributes)},
                links=links,
                start_time=cause.began,
            )
        return cause.spans[self.entry_id]

    def _root(self) -> Context:
        """What all processes begin from: no span of its own, only the ids they agree on."""
        from opentelemetry import trace

        remote = trace.SpanContext(
            self.number,
            int.from_bytes(_digest(self.entry_id)[16:24]),
            is_remote=True,
            trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
        )
        return trace.set_span_in_context(trace.NonRecordingSpan(remote))


def _provider() -> TracerProvider | None:
    """What Airflow has set, without importing anything: whoever has set it has imported it."""
    sdk = sys.modules.get("opentelemetry.sdk.trace")
    if sdk is None:
        return None
    provider = sys.modules["opentelemetry.trace"].get_tracer_provider()
    return provider if isinstance(provider, sdk.TracerProvider) else None


@lru_cache(maxsize=1)
def _tracer(provider: TracerProvider) -> Tracer:
    return provider.get_tracer(SCOPE)


@contextmanager
def _current(span: Span) -> Iterator[None]:
    from opentelemetry import trace

    token = _entry.set(_entry_of(span))
    try:
        # The exception itself is not recorded: its text might quote a customer.
        with trace.use_span(span, record_exception=False, set_status_on_exception=False):
            yield
    except BaseException as error:
        _fail(span, error)
        raise
    finally:
        _entry.reset(token)
        span.end()


def _entry_of(span: Any) -> int | None:
    found: int | None = span.attributes.get(f"{PREFIX}entry_id") if span.is_recording() else None
    return found


def _note_on(span: Span) -> Note:
    return lambda **more: _set(span, more)


def _set(span: Span | None, attributes: Any) -> None:
    if span is not None:
        span.set_attributes(_kept(attributes))


def _fail(span: Span, error: BaseException) -> None:
    from opentelemetry.trace import Status, StatusCode

    span.set_attribute("error.type", type(error).__name__)
    span.set_status(Status(StatusCode.ERROR, type(error).__name__))


def _kept(attributes: Any) -> dict[str, bool | int | float | str]:
    """The attributes there are, as OpenTelemetry takes them; no text that is not a name."""
    kept: dict[str, bool | int | float | str] = {}
    for name, value in attributes.items():
        if name not in Attributes.__annotations__ or value is None:
            continue
        if isinstance(value, bool | int | float):
            kept[PREFIX + name] = value
        elif _NAME.fullmatch(f"{value}"):
            kept[PREFIX + name] = f"{value}"
    return kept


@lru_cache(maxsize=256)
def _digest(entry_id: int) -> bytes:
    return hashlib.sha256(f"gtm-feedback entry {entry_id}".encode()).digest()
