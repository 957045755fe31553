"""Near-duplicates and related requests: found, kept, dismissed for good."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text

from include.base.errors import FatalError
from include.requests import figures, merge_questions, merging, related, sweep_related
from include.store.models import Message, Request, RequestLink, Watermark
from include.store.session import session_scope
from include.workflows.sweep_pending import count_figures
from tests.db.entries.conftest import MODEL, TableJudge
from tests.db.requests.conftest import new

if TYPE_CHECKING:
    from tests.db.entries.conftest import WordsEmbedder

JUDGE = TableJudge()


def plan(size: int = 100, limit: int = 1000, **more: Any) -> list[dict[str, Any]]:
    options = {"restart": False, "dry_run": False} | more
    with session_scope() as session:
        return sweep_related.plan_pass(session, batch_size=size, limit=limit, **options)


def sweep(size: int = 100, limit: int = 1000, **more: Any) -> dict[str, Any]:
    dry_run = bool(more.get("dry_run", False))
    results = [
        sweep_related.judge_batch(
            session_scope, batch, model=MODEL, judge=JUDGE, dry_run=dry_run, run_id="r1"
        )
        for batch in plan(size, limit, **more)
    ]
    with session_scope() as session:
        return sweep_related.finish_pass(session, results, failed=0, dry_run=dry_run)


def links() -> list[tuple[str, float]]:
    with session_scope() as session:
        rows = session.scalars(select(RequestLink).order_by(RequestLink.low_id))
        return [(row.kind, round(row.confidence, 2)) for row in rows]


@pytest.fixture
def pairs(embedder: WordsEmbedder) -> list[int]:
    """Two that say the same, one that shares most words, and one of its own."""
    titles = (
        "Export tables as spreadsheet",
        "Export tables as: spreadsheet",
        "Export tables weekly as spreadsheet",
        "Rosters for the night shift",
    )
    return [new(embedder, title.replace(":", " -"))[0] for title in titles]


def test_duplicates_and_related_requests_are_linked_once(pairs: list[int]) -> None:
    assert sweep()["new"] == 3
    assert links() == [("duplicate", 1.0), ("related", 0.87), ("related", 0.87)]
    with session_scope() as session:
        [duplicate] = session.scalars(
            select(RequestLink).where(RequestLink.kind == "duplicate")
        ).all()
        assert (duplicate.low_id, duplicate.high_id) == (pairs[0], pairs[1])
        assert duplicate.reason
        assert len(related.links_of(session, pairs[0])) == 2
        assert related.links_of(session, pairs[3]) == []
    again = sweep(restart=True)
    assert (again["new"], again["known"]) == (0, 3)
    assert len(links()) == 3


def test_a_dismissed_pair_never_comes_back(pairs: list[int]) -> None:
    sweep()
    with session_scope() as session:
        assert related.dismiss_pair(session, pairs[1], pairs[0], by="slack:U0ANN") is True
        assert related.dismiss_pair(session, pairs[1], pairs[0], by="slack:U0ANN") is False
    assert sweep(restart=True)["dismissed"] == 1
    assert ("dismissed", 1.0) in links()
    with session_scope() as session:
        assert len(related.links_of(session, pairs[0])) == 1


def test_a_dry_run_shows_examples_and_stores_nothing(pairs: list[int]) -> None:
    result = sweep(dry_run=True)
    assert result["pairs"] == 6
    assert result["new"] == 0
    assert result["examples"][0]["kind"] == "duplicate"
    assert links() == []
    assert result["watermark"] == 0


def test_it_goes_on_where_it_was_and_begins_anew_at_the_end(pairs: list[int]) -> None:
    first = sweep(limit=2)
    assert (first["requests"], first["watermark"], first["complete"]) == (2, pairs[1], False)
    second = sweep(limit=2)
    assert (second["requests"], second["watermark"], second["complete"]) == (2, pairs[3], True)
    assert sweep(limit=2)["watermark"] == pairs[1]


def test_batches_are_labelled(pairs: list[int]) -> None:
    assert [batch["label"] for batch in plan(size=3)] == ["1 to 3 of 4", "4 to 4 of 4"]


def test_a_merged_request_is_not_swept(pairs: list[int]) -> None:
    with session_scope() as session:
        one, two = (session.get_one(Request, request_id).slug for request_id in pairs[:2])
        merging.merge(session, two, one, by="t")
    result = sweep()
    assert result["requests"] == 3
    assert links() == [("related", 0.87)]


def test_three_failed_passes_stop_it_until_it_is_restarted(pairs: list[int]) -> None:
    for count in (1, 2, 3):
        plan()
        with session_scope() as session:
            result = sweep_related.finish_pass(session, [], failed=1, dry_run=False)
            assert session.get_one(Watermark, sweep_related.NAME).failures == count
    assert result["failed_batches"] == 1
    with pytest.raises(FatalError, match="restart"):
        plan()
    assert sweep(restart=True)["new"] == 3
    assert plan() != []


def test_a_person_dismisses_a_pair_by_its_slugs(pairs: list[int]) -> None:
    sweep()
    with session_scope() as session:
        one, two, _, four = (session.get_one(Request, request_id).slug for request_id in pairs)
        assert related.dismiss(session, one, two, by="t", dry_run=True)["dismissed"] is False
        assert related.dismiss(session, two, one, by="t")["dismissed"] is True
        with pytest.raises(FatalError, match="not linked"):
            related.dismiss(session, one, four, by="t")
    assert ("dismissed", 1.0) in links()


def test_every_pair_is_found_in_portions_and_a_dry_run_shows_some(
    pairs: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_related, "_AT_ONCE", 1)
    monkeypatch.setattr(sweep_related, "EXAMPLES", 2)
    tried = sweep(dry_run=True)
    assert (len(tried["examples"]), tried["pairs"] > 2) == (2, True)
    assert sweep()["new"] == len(links()) == 3


def test_one_request_more_than_a_pass_looks_at_is_left_for_the_next(pairs: list[int]) -> None:
    passes = [sweep(limit=3) for _ in range(2)]
    assert [one["complete"] for one in passes] == [False, True]
    assert [one["requests"] for one in passes] == [3, 1]
    assert len(links()) == 3


def test_one_pair_more_than_is_asked_about_at_once_is_asked_by_the_next_pass(
    pairs: list[int],
) -> None:
    for low, high in pairwise(pairs):
        pair = related.Pair(low, high, related.LinkKind.DUPLICATE, 0.95, "Both ask for tables.")
        with session_scope() as session:
            related.save_pairs(session, [pair], model=MODEL, judge=JUDGE, found_by="test")
    asked = []
    for _ in range(4):
        with session_scope() as session:
            asked.append(len(merge_questions.queue_questions(session, 1)))
    assert asked == [1, 1, 1, 0]
    with session_scope() as session:
        wanted = {f"{merge_questions.KEY}{one}" for one in session.scalars(select(RequestLink.id))}
        told = session.scalars(
            select(Message.key).where(Message.purpose == merge_questions.PURPOSE)
        )
        assert set(told) == wanted


def test_every_request_is_counted_in_portions(
    pairs: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures.catch_up, "__defaults__", (2,))
    with session_scope() as session:
        session.execute(text("DELETE FROM request_figures_stale"))
        session.execute(
            text("INSERT INTO request_figures_stale (request_id) SELECT id FROM requests")
        )
    assert count_figures() == 4
    with session_scope() as session:
        assert session.scalar(text("SELECT count(*) FROM request_figures_stale")) == 0
