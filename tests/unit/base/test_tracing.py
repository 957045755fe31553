"""An entry's trace: one for all processes, in links with Airflow's, without anybody's words."""

from __future__ import annotations

import subprocess
import sys
from contextvars import Context
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

from include.base import tracing
from include.base.tracing import cause_span, entry_span, entry_spans, inner_span, mark, trace_id
from tests.tracing import Spans

WORDS = "Ann cannot export"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Spans:
    return Spans().use(monkeypatch)


def number(entry_id: int) -> int:
    return int(trace_id(entry_id), 16)


def test_without_a_provider_nothing_is_imported_and_nothing_is_made() -> None:
    program = (
        "import sys\n"
        "from include.base.tracing import *\n"
        "from include.base.tracing import cause_span, entry_span, entry_spans, inner_span, mark\n"
        "with cause_span('a'), entry_span('b', 1) as one, entry_spans('c', [1, 2]) as many:\n"
        "    with inner_span('d') as inner:\n"
        "        one(way='attach'); many(1, way='attach'); inner(texts=1); mark('e', [1, 2])\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])\n"
        "import opentelemetry.sdk.trace\n"
        "from opentelemetry import trace\n"
        "with entry_span('b', 1):\n"
        "    print(trace.get_current_span().get_span_context().is_valid)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\nFalse\n"


def test_processes_that_share_nothing_but_the_id_add_to_one_trace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    processes = [Spans() for _ in range(3)]
    for process, name in zip(processes, ("store", "decide", "settle"), strict=True):
        process.use(monkeypatch)
        Context().run(mark, name, [42])
    found = [span for process in processes for span in process.all]
    assert [span.name for span in found] == ["store", "decide", "settle"]
    assert {span.context.trace_id for span in found} == {number(42)}
    assert len({span.parent.span_id for span in found if span.parent}) == 1
    assert number(42) != number(43)


def test_a_span_inside_airflows_task_links_to_it_and_only_the_first_does(spans: Spans) -> None:
    airflow = spans.provider.get_tracer("airflow")
    with airflow.start_as_current_span("worker.decide_entry") as task:
        with entry_span("decide", 1), inner_span("embed", texts=1):
            pass
        assert tracing._entry.get() is None
    decide, embed = spans.one("decide"), spans.one("embed")
    assert [link.context for link in decide.links] == [task.get_span_context()]
    assert embed.parent == decide.context
    assert not embed.links
    assert decide.context.trace_id == number(1) != task.get_span_context().trace_id


def test_many_entries_have_a_span_each_and_none_inside(spans: Spans) -> None:
    with entry_spans("decide", [1, 2], model="m") as note, inner_span("embed", texts=2):
        note(2, way="attach")
        note(3, way="attach")
    assert spans.names == ["decide", "decide"]
    first, second = (dict(span.attributes or {}) for span in spans.all)
    assert first == {
        "gtm_feedback.entry_id": 1,
        "gtm_feedback.entries": 2,
        "gtm_feedback.model": "m",
    }
    assert second == first | {"gtm_feedback.entry_id": 2, "gtm_feedback.way": "attach"}
    with entry_spans("decide", [4]) as note, inner_span("embed", texts=1):
        note(4, way="ask")
    assert spans.names[2:] == ["embed", "decide"]


def test_a_call_is_around_what_it_turns_out_to_concern(spans: Spans) -> None:
    with cause_span("Slack call", event_id=7):
        mark("answer", [1, 2])
        mark("settle", [1])
    with cause_span("Slack call", event_id=8):
        pass
    calls = {span.context.trace_id: span for span in spans.all if span.name == "Slack call"}
    assert set(calls) == {number(1), number(2)}
    for span in spans.all:
        if span.name != "Slack call":
            assert span.parent == calls[span.context.trace_id].context


def test_an_error_leaves_its_kind_and_nothing_it_says(spans: Spans) -> None:
    def fail() -> None:
        mark("d", [1])
        raise ValueError(WORDS)

    with pytest.raises(ValueError, match=WORDS), entry_span("a", 1):
        fail()
    with pytest.raises(ValueError, match=WORDS), entry_spans("b", [1, 2]):
        fail()
    with pytest.raises(ValueError, match=WORDS), cause_span("c"):
        fail()
    for name in ("a", "b", "c"):
        for span in (one for one in spans.all if one.name == name):
            assert not span.status.is_ok
            assert (span.attributes or {})["error.type"] == "ValueError"
            assert not span.events
    assert WORDS not in spans.text()


def test_what_lasted_begins_when_it_began_and_never_after_now(spans: Spans) -> None:
    now = datetime.now(UTC)
    mark("wait over", [1], since=now - timedelta(seconds=5))
    mark("wait over", [1], since=now + timedelta(hours=1))
    long, short = spans.all
    assert 5e9 <= (long.end_time or 0) - (long.start_time or 0) < 60e9
    assert 0 <= (short.end_time or 0) - (short.start_time or 0) < 60e9


def test_a_sampler_keeps_a_trace_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = []
    for _ in range(2):
        process = Spans(TraceIdRatioBased(0.5)).use(monkeypatch)
        for entry_id in range(200):
            with entry_span("a", entry_id):
                mark("b", [entry_id])
        assert len(process.all) == 2 * len({span.context.trace_id for span in process.all})
        kept.append({span.context.trace_id for span in process.all})
    assert kept[0] == kept[1]
    assert 50 < len(kept[0]) < 150


names = st.sampled_from([*tracing.Attributes.__annotations__, "customer_pain", "error"])
values = st.one_of(
    st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.text())
)


@given(st.dictionaries(names, values))
def test_no_attribute_holds_words(said: dict[str, Any]) -> None:
    for name, value in tracing._kept(said).items():
        assert name.removeprefix("gtm_feedback.") in tracing.Attributes.__annotations__
        if isinstance(value, str):
            assert len(value) <= 80
            assert not set(value) - set(
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:/-"
            )


@pytest.mark.parametrize("value", [WORDS, "ann@example.com", "é", "", "a\n", "x" * 81])
def test_what_is_no_name_is_left_out(value: str) -> None:
    assert tracing._kept({"kind": value}) == {}


@pytest.mark.parametrize("value", ["attach", "text-embedding-3-small", "org/model:7b", "view:x_y"])
def test_names_of_ours_and_of_models_are_kept(value: str) -> None:
    assert tracing._kept({"model": value}) == {"gtm_feedback.model": value}
