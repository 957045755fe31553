"""The main job's first task stores, decides and carries out, safely however often it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from include.base.errors import FatalError, TransientError
from include.entries import decide as deciding
from include.entries.decide import Means, Way
from include.store.models import Decision, Entry, Feedback, Hook, Message, Request, RunStart
from include.store.session import session_scope
from include.workflows import process_customer_entry as steps
from tests.db.entries.conftest import (
    DAG,
    TableJudge,
    WordsEmbedder,
    make_request,
    press,
    submit,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PAIN = "Export a table as CSV"
RUN = {"dag_id": DAG, "run_id": "r1", "is_last_try": False}


@pytest.fixture
def confidence(embedder: WordsEmbedder, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A request that the pain matches as surely as is said."""
    make_request(embedder, PAIN)

    def be(value: float) -> None:
        judge = TableJudge(**{"export-a-table-as-csv": value})
        monkeypatch.setattr(steps, "means_of", lambda agent, is_last_try: Means(embedder, judge))

    be(0.95)
    return be


def rows(*models: Any) -> list[int]:
    with session_scope() as session:
        return [session.scalar(select(func.count()).select_from(model)) or 0 for model in models]


@pytest.mark.usefixtures("confidence")
def test_a_callers_fields_are_stored_decided_and_attached_by_one_task() -> None:
    values = {"customer_pain": f"\n {PAIN}  ", "entry_id": None, "source": "api"}
    entry_id, way = steps.decide_entry(values, **RUN)
    assert way is Way.ATTACH
    assert steps.decide_entry(values, **RUN) == (entry_id, Way.ATTACH)
    assert rows(Entry, Decision, Feedback, Message) == [1, 1, 1, 1]
    with session_scope() as session:
        assert session.scalars(select(Entry.customer_pain)).one() == PAIN


@pytest.mark.usefixtures("confidence")
def test_a_stored_entry_is_decided_by_its_id_and_by_its_own_run_alone() -> None:
    entry_id = submit(PAIN)
    other = RUN | {"run_id": "r2"}
    assert steps.decide_entry({"entry_id": entry_id}, **other) == (entry_id, Way.REPEAT)
    assert rows(Decision, Message) == [0, 0]
    assert steps.decide_entry({"entry_id": entry_id}, **RUN) == (entry_id, Way.ATTACH)
    with pytest.raises(FatalError, match="entry 4711 does not exist"):
        steps.decide_entry({"entry_id": 4711}, **RUN)


@pytest.mark.usefixtures("confidence")
def test_a_run_takes_over_an_entry_whose_own_run_failed() -> None:
    entry_id = submit(PAIN)
    steps.note_failure(dag_id=DAG, run_id="r1", task_id="decide_entry", error="FatalError")
    other = RUN | {"run_id": "r2"}
    assert steps.decide_entry({"entry_id": entry_id}, **other) == (entry_id, Way.ATTACH)
    assert steps.decide_entry({"entry_id": entry_id}, **RUN) == (entry_id, Way.REPEAT)


def test_without_words_and_without_an_id_it_says_what_is_missing() -> None:
    with pytest.raises(FatalError, match="customer_pain is missing"):
        steps.decide_entry({"customer_pain": None, "entry_id": None}, **RUN)


@pytest.mark.parametrize(("sure", "way"), [(0.95, "attach"), (0.2, "create"), (0.85, "ask")])
def test_a_decision_that_breaks_off_leaves_nothing_but_the_stored_entry(
    confidence: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
    sure: float,
    way: str,
) -> None:
    confidence(sure)
    before = rows(Request)
    with monkeypatch.context() as broken:
        broken.setattr(deciding, "settle", lambda *_, **__: _break_off())
        with pytest.raises(TransientError):
            steps.decide_entry({"customer_pain": PAIN}, **RUN)
    assert rows(Entry, Decision, Feedback, Hook, Message) == [1, 0, 0, 0, 0]
    assert rows(Request) == before
    assert steps.decide_entry({"customer_pain": PAIN}, **RUN)[1] == way
    assert rows(Entry, Decision) == [1, 1]


def test_a_question_is_asked_with_its_decision_and_not_again_after_its_answer(
    confidence: Callable[[float], None],
) -> None:
    confidence(0.85)
    entry_id = submit(PAIN)
    assert steps.decide_entry({"entry_id": entry_id}, **RUN)[1] is Way.ASK
    with session_scope() as session:
        [card] = session.scalars(select(Message)).all()
        assert (card.purpose, card.address) == ("question", "U0ANN")
        token = card.blocks[-1]["elements"][0]["value"]
    assert press(token, "attach").status == "recorded"
    [request_id] = steps.apply_answer(dag_id=DAG, run_id="r1")
    assert steps.decide_entry({"entry_id": entry_id}, **RUN)[1] is Way.ASK
    assert steps.apply_answer(dag_id=DAG, run_id="r1") == [request_id]
    assert rows(Feedback, Hook) == [1, 1]
    with session_scope() as session:
        posts = session.scalars(select(Message.purpose).where(Message.kind == "post")).all()
    assert posts == ["question"]


def test_what_opens_a_request_asks_for_its_run_once(confidence: Callable[[float], None]) -> None:
    confidence(0.2)
    entry_id = submit(PAIN)
    for _ in range(2):
        assert steps.decide_entry({"entry_id": entry_id}, **RUN)[1] is Way.CREATE
    assert rows(RunStart, Message) == [1, 1]


def test_what_holds_no_pain_is_set_aside_without_a_search(
    embedder: WordsEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder.down = True
    monkeypatch.setattr(steps, "means_of", lambda agent, is_last_try: Means(embedder, TableJudge()))
    entry_id, way = steps.decide_entry({"customer_pain": "Thanks!"}, **RUN)
    assert way is Way.SET_ASIDE
    with session_scope() as session:
        assert session.get_one(Entry, entry_id).outcome == "noise"
        assert session.scalars(select(Message.purpose)).all() == ["set_aside"]


def _break_off() -> None:
    raise TransientError("the test broke it off")
