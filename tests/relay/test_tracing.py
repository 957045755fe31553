"""An entry's way through the relay, its run's tasks, its wait and its messages is one trace."""

from __future__ import annotations

import asyncio
from contextvars import Context
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from include.base.tracing import trace_id
from include.durable import parking
from include.durable.api import find_hook, hook_token
from include.durable.keys import hook_key
from include.durable.loop import Wait
from include.entries.decide import Means
from include.relay import background
from include.store.models import Entry, ParkedRun
from include.store.session import session_scope
from include.workflows import process_customer_entry as tasks
from include.workflows.hook_handlers import register_hook_handlers
from tests.db.durable.airflow_double import AirflowDouble
from tests.db.durable.conftest import serving, until
from tests.db.entries.conftest import TableJudge, WordsEmbedder, make_request
from tests.relay.support import click, slash
from tests.tracing import Spans

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.relay.support import Caller

PAIN = "Export a table as CSV"
SECRETS = (PAIN.lower(), "csv", "ames", "example.com", "u0ann", "table")


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Spans:
    register_hook_handlers()
    return Spans().use(monkeypatch)


@pytest.fixture
def sure(monkeypatch: pytest.MonkeyPatch, relay: Caller) -> Callable[[float], None]:
    """A request that the pain matches so surely."""
    assert relay
    embedder = WordsEmbedder()
    make_request(embedder, PAIN)
    monkeypatch.setattr("include.entries.match.is_audited", lambda entry_id, share: False)

    def be(value: float) -> None:
        judge = TableJudge(**{"export-a-table-as-csv": value})
        monkeypatch.setattr(tasks, "means_of", lambda agent, is_last_try: Means(embedder, judge))
        monkeypatch.setattr(tasks, "find_agent", lambda: None)

    return be


def as_task(spans: Spans, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """As Airflow runs a task: in a context of its own, within the span of another trace."""

    def inside() -> Any:
        with spans.provider.get_tracer("airflow").start_as_current_span("worker.task"):
            return work(*arguments, **named)

    return Context().run(inside)


def hand_in(relay: Caller) -> Entry:
    relay.command(slash(PAIN))
    assert background.drain()
    with session_scope() as session:
        return session.scalars(select(Entry)).one()


def ours(spans: Spans, entry_id: int) -> list[str]:
    """Names of the entry's spans; all of ours are in its trace."""
    found = [
        span
        for span in spans.all
        if span.instrumentation_scope and span.instrumentation_scope.name == "gtm_feedback"
    ]
    assert {f"{span.context.trace_id:032x}" for span in found} == {trace_id(entry_id)}
    assert {(span.attributes or {})["gtm_feedback.entry_id"] for span in found} == {entry_id}
    return [span.name for span in sorted(found, key=lambda span: span.start_time or 0)]


def test_an_entry_that_is_attached(
    relay: Caller, spans: Spans, sure: Callable[[float], None]
) -> None:
    sure(0.95)
    entry = hand_in(relay)
    decide(spans, entry)
    as_task(spans, tasks.report, entry.id, run_id=entry.run_id)
    assert ours(spans, entry.id) == ["Slack call", "store", "start run", "decide", "send message"]
    call, decided = spans.one("Slack call"), spans.one("decide")
    assert spans.one("store").parent == spans.one("start run").parent == call.context
    said = dict(decided.attributes or {})
    assert said == {
        "gtm_feedback.entry_id": entry.id,
        "gtm_feedback.model": "words-384",
        "gtm_feedback.way": "attach",
        "gtm_feedback.outcome": "attached",
        "gtm_feedback.route": "attach",
        "gtm_feedback.confidence": 0.95,
        "gtm_feedback.candidates": 1,
        "gtm_feedback.degraded": False,
        "gtm_feedback.request_id": said["gtm_feedback.request_id"],
    }
    assert decided.links[0].context == spans.all[spans.names.index("worker.task")].context
    message = dict(spans.one("send message").attributes or {})
    assert (message["gtm_feedback.state"], message["gtm_feedback.attempts"]) == ("done", 1)


async def test_a_question_that_is_pressed(
    relay: Caller, spans: Spans, sure: Callable[[float], None]
) -> None:
    sure(0.85)
    entry = await asyncio.to_thread(hand_in, relay)
    await asyncio.to_thread(decide, spans, entry)
    tracer = spans.provider.get_tracer("airflow")
    with tracer.start_as_current_span("trigger of another wait, which began the loop"):
        began = serving()
        served = await began.__aenter__()
    try:
        waiter = served.wait(wait_of(entry, "ti-1"))
        await until(lambda: "wait opened" in spans.names)
        await asyncio.to_thread(press, relay, entry)
        hook = await asyncio.wait_for(waiter, 10)
    finally:
        await began.__aexit__(None, None, None)
    assert hook is not None
    assert not spans.one("wait opened").links
    as_task(spans, tasks.apply_answer, dag_id=entry.dag_id, run_id=entry.run_id)
    found = ours(spans, entry.id)
    assert found[:4] == ["Slack call", "store", "start run", "decide"]
    order = ["decide", "ask", "wait opened", "answer", "settle"]
    assert [name for name in found if name in order] == order
    assert {"wait over", "send message"} <= set(found)
    answer, over = spans.one("answer"), spans.one("wait over")
    assert (answer.attributes or {})["gtm_feedback.choice"] == "attach"
    [call] = [span for span in spans.all if span.context == answer.parent]
    assert (call.attributes or {})["gtm_feedback.kind"] == "action:answer_attach"
    assert hook.closed_at is not None
    assert over.start_time == pytest.approx(hook.closed_at.timestamp() * 1e9, abs=2e6)
    said = spans.text().lower()
    for secret in SECRETS:
        assert secret not in said


async def test_a_question_whose_run_was_parked(
    relay: Caller, spans: Spans, sure: Callable[[float], None]
) -> None:
    sure(0.85)
    entry = await asyncio.to_thread(hand_in, relay)
    await asyncio.to_thread(decide, spans, entry)
    double = AirflowDouble(decide_entry="wait_for_answer", wait_for_answer="apply_answer")
    run = double.add(
        entry.run_id, decide_entry="success", wait_for_answer="deferred", apply_answer=None
    )
    async with serving() as served:
        served.wait(wait_of(entry, run.tasks["wait_for_answer", -1].id))
        await until(lambda: "wait opened" in spans.names)
        parking.park(session_scope, double, entry.dag_id, entry.run_id)
        await asyncio.to_thread(press, relay, entry)
    with session_scope() as session:
        parked_id = session.scalars(select(ParkedRun.id)).one()
    assert parking.resume(session_scope, double, parked_id)[0] is parking.Resumed.CONTINUED
    found = ours(spans, entry.id)
    order = ["wait opened", "wait parked", "answer", "parked run continued"]
    # The answer and the continuation, which begins with it, are sorted by two clocks.
    assert [name for name in found if name in order[:3]] == order[:3]
    assert order[3] in found
    assert "wait over" not in found


def decide(spans: Spans, entry: Entry) -> None:
    """The run's first task."""
    values = {"entry_id": entry.id}
    run = {"dag_id": entry.dag_id, "run_id": entry.run_id}
    as_task(spans, tasks.decide_entry, values, **run, is_last_try=False)


def wait_of(entry: Entry, waiter: str) -> Wait:
    """What the run's sensor waits for."""
    key = hook_key(entry.dag_id, entry.run_id, "answer")
    return Wait(key, entry.dag_id, entry.run_id, "wait_for_answer", -1, waiter)


def press(relay: Caller, entry: Entry) -> None:
    with session_scope() as session:
        hook = find_hook(session, hook_key(entry.dag_id, entry.run_id, "answer"))
        assert hook is not None
        token = hook_token(session, hook.id)
    relay.interact(click("answer_attach", token))
    assert background.drain()
