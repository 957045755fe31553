"""Calls that come in the same moment are stored together, each as if it were alone."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from include.base.errors import TransientError
from include.relay import store_calls
from include.relay.incoming import Incoming
from include.relay.store_calls import Together
from include.store.models.slack import EventState, SlackEvent
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.usefixtures("feedback_db")


def call(key: str, **more: Any) -> Incoming:
    return Incoming(key=key, kind="action:x", payload={"value": key}, user_id="U0ANN", **more)


def test_many_at_once_are_stored_once_each_and_repeats_have_the_same_id() -> None:
    together = Together()
    calls = [call(f"k{number % 40}") for number in range(200)]
    with ThreadPoolExecutor(12) as pool:
        ids = list(pool.map(together.store, calls))
    assert len(set(ids)) == 40
    assert all(ids[number] == ids[number + 40] for number in range(160))
    with session_scope() as session:
        assert session.scalar(select(func.count(SlackEvent.id))) == 40


def test_those_that_wait_meanwhile_are_written_in_one_transaction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batches: list[int] = []
    may_go_on, plain = threading.Event(), store_calls._insert

    def slow(calls: Sequence[Any]) -> None:
        batches.append(len(calls))
        if len(batches) == 1:
            assert may_go_on.wait(10)
        plain(calls)

    monkeypatch.setattr(store_calls, "_insert", slow)
    together = Together()
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(together.store, call("first"))
        while not batches:
            pass
        rest = [pool.submit(together.store, call(f"k{number}")) for number in range(5)]
        while len(together._waiting) < 5:
            pass
        may_go_on.set()
        assert len({first.result(10), *(one.result(10) for one in rest)}) == 6
    assert batches == [1, 5]


def test_more_than_one_transaction_takes_are_written_in_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store_calls, "AT_ONCE", 2)
    together = Together()
    with ThreadPoolExecutor(12) as pool:
        ids = list(pool.map(together.store, [call(f"k{number}") for number in range(25)]))
    assert len(set(ids)) == 25


def test_one_that_cannot_be_stored_is_refused_and_the_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = store_calls._insert

    def refuse(calls: Sequence[Any]) -> None:
        if any(one.incoming.key == "bad" for one in calls):
            raise ValueError("refused")
        plain(calls)

    monkeypatch.setattr(store_calls, "_insert", refuse)
    calls = [store_calls._Call(call(key)) for key in ("one", "bad", "two")]
    store_calls._store(calls)
    assert [one.event_id is not None for one in calls] == [True, False, True]
    assert isinstance(calls[1].error, ValueError)


def test_while_the_database_is_away_each_is_told_so_and_asked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries: list[int] = []

    def away(calls: Sequence[Any]) -> None:
        tries.append(len(calls))
        raise TransientError("away")

    monkeypatch.setattr(store_calls, "_insert", away)
    calls = [store_calls._Call(call(key)) for key in ("one", "two")]
    store_calls._store(calls)
    assert tries == [2]
    assert all(isinstance(one.error, TransientError) for one in calls)
    with pytest.raises(TransientError):
        Together().store(call("three"))


def test_a_row_holds_what_the_call_held() -> None:
    words = 'a "quoted" \\ word, \x00 and \ud800 half a character'
    event_id = Together().store(
        call(words, dag_id="process_customer_entry", run_conf={"pain": words, "none": None})
    )
    with session_scope() as session:
        event = session.get_one(SlackEvent, event_id)
        assert event.state is EventState.RECEIVED
        assert event.payload == {"value": 'a "quoted" \\ word,  and ? half a character'}
        assert event.run_conf == {
            "pain": 'a "quoted" \\ word,  and ? half a character',
            "none": None,
        }
        assert event.run_id is not None
        bare = session.get_one(SlackEvent, Together().store(call("bare")))
        assert bare.run_conf is None
