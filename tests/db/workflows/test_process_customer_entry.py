"""What the main job's tasks do beside the operations they call."""

from __future__ import annotations

from threading import current_thread, main_thread
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from include.store.models import Entry
from include.store.session import session_scope
from include.workflows import process_customer_entry as steps
from tests.db.entries.conftest import DAG, TableJudge, WordsEmbedder, make_request

if TYPE_CHECKING:
    from include.matching.types import Route


class Counting(WordsEmbedder):
    """Remembers what it was asked, and whether by another thread."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[list[str], bool]] = []

    def embed(self, texts: list[str]) -> list[list[float]]:
        self.asked.append((texts, current_thread() is not main_thread()))
        return super().embed(texts)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    embedder = Counting()
    monkeypatch.setenv("AIRFLOW_CONN_EMBEDDINGS_API", "http://127.0.0.1:9")
    monkeypatch.setattr(steps, "embedder_from", lambda _: embedder)
    monkeypatch.setattr(steps, "judge_for", lambda _: TableJudge())
    return embedder


def through(pain: str) -> tuple[int, Route | None]:
    values: dict[str, Any] = {"customer_pain": pain}
    entry_id = steps.store(values, dag_id=DAG, run_id="r1")
    return entry_id, steps.match(entry_id, values, run_id="r1", is_last_try=False)


@pytest.mark.parametrize("pain", ["Export a table as CSV", "\n Export a table\x00 as CSV  "])
def test_the_words_of_a_run_are_embedded_once_and_beside(counting: Counting, pain: str) -> None:
    request_id = make_request(counting, "Export a table as CSV")
    counting.asked.clear()
    entry_id, route = through(pain)
    assert route == "attach"
    assert counting.asked == [(["Export a table as CSV"], True)]
    assert steps.attach(entry_id) == request_id


def test_what_holds_no_pain_is_not_embedded(counting: Counting) -> None:
    _, route = through("Thanks!")
    assert (route, counting.asked) == (None, [])
    with session_scope() as session:
        assert session.scalars(select(Entry.outcome)).one() == "noise"
