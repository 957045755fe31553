"""Three tiers, each decision on record, and never two requests for one problem."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from include.base.errors import EmbeddingsUnavailable, FatalError
from include.entries.decisions import find_decision, match_key
from include.entries.entry import get_entry
from include.entries.report import report
from include.store.models import (
    Decision,
    Feedback,
    Message,
    Request,
    RequestEmbedding,
    RequestFollower,
    ThresholdSet,
)
from include.store.session import session_scope
from tests.db.entries.conftest import (
    TableJudge,
    WordsEmbedder,
    make_area,
    make_request,
    route_entry,
    submit,
    tell_of,
)

if TYPE_CHECKING:
    from include.entries.decide import Way


def decision_of(entry_id: int) -> Decision:
    with session_scope() as session:
        decision = find_decision(session, match_key(entry_id))
    assert decision is not None
    return decision


@pytest.mark.parametrize(
    ("confidence", "expected"),
    [(1.0, "attach"), (0.90, "attach"), (0.8999, "ask"), (0.80, "ask"), (0.7999, "create")],
)
def test_the_tiers_have_exact_borders_and_the_decision_is_on_record(
    embedder: WordsEmbedder, confidence: float, expected: str
) -> None:
    request_id = make_request(embedder, "Export tables")
    entry_id = submit("We need to export tables")
    judge = TableJudge(**{"export-tables": confidence})
    assert route_entry(entry_id, embedder, judge) == expected
    decision = decision_of(entry_id)
    assert (decision.route, decision.confidence) == (expected, confidence)
    assert decision.thresholds_version == 1
    assert (decision.judge, decision.model) == ("table", "words-384")
    assert [row["request_id"] for row in decision.candidates] == [request_id]
    if expected != "create":
        assert decision.request_id == request_id


def test_a_repeat_keeps_the_first_decision_whatever_the_judge_says_now(
    embedder: WordsEmbedder,
) -> None:
    make_request(embedder, "Export tables")
    entry_id = submit("We need to export tables")
    assert route_entry(entry_id, embedder, TableJudge(**{"export-tables": 0.95})) == "attach"
    assert route_entry(entry_id, embedder, TableJudge(**{"export-tables": 0.1})) == "attach"


def test_no_candidate_opens_a_request_with_its_own_vector_and_area(
    embedder: WordsEmbedder,
) -> None:
    area = make_area("reporting")
    entry_id = submit("The printed report about reporting cuts the last column.")
    assert route_entry(entry_id, embedder, TableJudge()) == "create"
    assert route_entry(entry_id, embedder, TableJudge()) == "create"
    tell_of(entry_id)
    tell_of(entry_id)
    with session_scope() as session:
        request = session.scalars(select(Request)).one()
        vector = session.get_one(RequestEmbedding, (request.id, "words-384"))
        assert 5 <= len(request.title) <= 120
        assert not vector.content_hash.startswith("pain:")
        assert session.scalar(select(func.count(Feedback.id))) == 1
        assert session.scalars(select(Message.purpose)).all() == ["created"]
        areas = session.execute(select(Request.id)).all()
        assert len(areas) == 1
        assert get_entry(session, entry_id).outcome == "created"
    assert area


def test_an_attachment_is_made_once_with_follower_and_message(embedder: WordsEmbedder) -> None:
    request_id = make_request(embedder, "Export tables")
    entry_id = submit("We need to export tables")
    for _ in range(3):
        route_entry(entry_id, embedder, TableJudge(**{"export-tables": 0.95}))
        tell_of(entry_id)
    with session_scope() as session:
        feedback = session.scalars(select(Feedback)).one()
        assert (feedback.request_id, feedback.confidence) == (request_id, 0.95)
        assert feedback.match_type == "same_issue"
        assert session.scalars(select(RequestFollower.request_id)).one() == request_id
        message = session.scalars(select(Message)).one()
        assert (message.purpose, message.address) == ("attached", "U0ANN")
        assert report(session, entry_id, "r1")["outcome"] == "attached"


def test_a_shipped_request_is_asked_about_even_when_certain(embedder: WordsEmbedder) -> None:
    make_request(embedder, "Export tables", status="shipped")
    entry_id = submit("We need to export tables")
    assert route_entry(entry_id, embedder, TableJudge(**{"export-tables": 0.99})) == "ask"


def test_an_areas_newest_thresholds_decide(embedder: WordsEmbedder) -> None:
    area = make_area("security")
    make_request(embedder, "Export tables", areas=[area])
    with session_scope() as session:
        session.add(ThresholdSet(area_id=area, attach=0.99, ask=0.5, created_by="test"))
    with session_scope() as session:
        newest = ThresholdSet(area_id=area, attach=0.97, ask=0.9, created_by="test")
        session.add(newest)
        session.flush()
        version = newest.version
    judge = TableJudge(**{"export-tables": 0.96})
    entry_id = submit("We need to export tables")
    assert route_entry(entry_id, embedder, judge) == "ask"
    assert decision_of(entry_id).thresholds_version == version


def test_without_embeddings_it_retries_first_and_asks_at_last(embedder: WordsEmbedder) -> None:
    make_request(embedder, "Export tables")
    entry_id = submit("We need to export tables")
    embedder.down = True
    judge = TableJudge(**{"export-tables": 0.99})
    with pytest.raises(EmbeddingsUnavailable):
        route_entry(entry_id, embedder, judge)
    with session_scope() as session:
        assert get_entry(session, entry_id).status == "received"
        assert find_decision(session, match_key(entry_id)) is None
    assert route_entry(entry_id, embedder, judge, last=True) == "ask"
    assert decision_of(entry_id).degraded


def test_without_embeddings_and_without_shared_words_a_request_is_opened(
    embedder: WordsEmbedder,
) -> None:
    make_request(embedder, "Export tables")
    entry_id = submit("Completely different trouble with printers")
    embedder.down = True
    assert route_entry(entry_id, embedder, TableJudge(), last=True) == "create"
    with session_scope() as session:
        assert get_entry(session, entry_id).outcome == "created"


def test_a_vector_of_the_wrong_size_is_a_permanent_error(embedder: WordsEmbedder) -> None:
    class Wrong(WordsEmbedder):
        def embed(self, texts: list[str]) -> list[list[float]]:
            raise FatalError("expected 384 dimensions, got 1536")

    entry_id = submit("We need to export tables")
    with pytest.raises(FatalError, match="384"):
        route_entry(entry_id, Wrong(), TableJudge(), last=True)


@pytest.mark.parametrize("copies", [2, 8])
def test_near_identical_entries_at_once_open_one_request(
    embedder: WordsEmbedder, copies: int
) -> None:
    endings = [".", "!", "?", " ...", "!!", ";", " :", " -"]
    ids = [
        submit(f"The screens do not work with a screen reader{endings[n]}", f"r{n}")
        for n in range(copies)
    ]
    barrier = threading.Barrier(copies)

    class Together(TableJudge):
        """Holds everybody at the judge until all have searched: the worst moment."""

        def __init__(self) -> None:
            super().__init__()
            self.waited = threading.local()

        def judge(self, pain: str, candidates):  # type: ignore[no-untyped-def]
            if not getattr(self.waited, "done", False):
                self.waited.done = True
                barrier.wait(timeout=30)
            return super().judge(pain, candidates)

    judge = Together()

    def process(entry_id: int) -> Way:
        return route_entry(entry_id, embedder, judge)

    with ThreadPoolExecutor(copies) as pool:
        routes = list(pool.map(process, ids))
    assert sorted(routes) == ["attach"] * (copies - 1) + ["create"]
    with session_scope() as session:
        assert session.scalar(select(func.count(Request.id))) == 1
        assert session.scalar(select(func.count(Feedback.id))) == copies
        assert session.scalar(select(func.count(Decision.id))) == copies


def test_different_entries_at_once_open_a_request_each(embedder: WordsEmbedder) -> None:
    pains = ["Printers jam daily", "Maps lack delivery zones", "Calendars show wrong holidays"]
    ids = [submit(pain, f"r{n}") for n, pain in enumerate(pains)]
    with ThreadPoolExecutor(3) as pool:
        routes = list(pool.map(lambda i: route_entry(i, embedder, TableJudge()), ids))
    assert routes == ["create"] * 3
    with session_scope() as session:
        assert session.scalar(select(func.count(Request.id))) == 3


def test_titles_that_are_alike_get_slugs_of_their_own(embedder: WordsEmbedder) -> None:
    class Nothing(TableJudge):
        def judge(self, pain: str, candidates):  # type: ignore[no-untyped-def]
            return []

    for number in range(3):
        entry_id = submit("Printers jam daily", f"r{number}")
        assert route_entry(entry_id, embedder, Nothing()) == "create"
    with session_scope() as session:
        slugs = session.scalars(select(Request.slug).order_by(Request.id)).all()
    assert slugs == ["printers-jam-daily", "printers-jam-daily-2", "printers-jam-daily-3"]


def test_a_missing_entry_is_named() -> None:
    with session_scope() as session, pytest.raises(FatalError, match="entry 4711"):
        get_entry(session, 4711)
