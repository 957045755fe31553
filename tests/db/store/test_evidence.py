"""The vectors of a request's feedback follow whatever is written, in the same transaction."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, text

from include.store.models import Entry, Severity, Source
from include.store.search import find_candidates
from tests.db.store.test_search import MODEL, add, axis, ids, search

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.matching.types import Candidate


def entry(session: Session, vector: list[float] | None, words: str = "it hurts") -> int:
    """A stored entry with a vector of the test's model."""
    number = session.scalar(select(func.count(Entry.id)))
    stored = Entry(
        idempotency_key=f"e{number}",
        source=Source.API,
        customer_pain=words,
        severity=Severity.LOW,
        dag_id="d",
        run_id="r",
        embedding=vector,
        embedding_model=MODEL if vector else None,
    )
    session.add(stored)
    session.flush()
    return stored.id


def attached(
    session: Session, request_id: int, vector: list[float] | None, words: str = "it hurts"
) -> int:
    """Feedback on a request; its id."""
    found: int = session.execute(
        text(
            "INSERT INTO feedback (request_id, entry_id, quote_length, severity, match_type)"
            " VALUES (:request, :entry, :length, 'low', 'match') RETURNING id"
        ),
        {
            "request": request_id,
            "entry": entry(session, vector, words),
            "length": len(words),
        },
    ).scalar_one()
    return found


def kept(session: Session) -> dict[int, tuple[int, list[float]]]:
    """Pieces and sum by request, checked against the single vectors."""
    sums = session.execute(
        text(
            "SELECT request_id, pieces, CAST(total AS real[]) AS total FROM request_centroids"
            " ORDER BY 1"
        )
    ).all()
    single = session.execute(
        text(
            "SELECT request_id, count(*), CAST(sum(l2_normalize(embedding)) AS real[]) AS total"
            " FROM request_evidence GROUP BY 1 ORDER BY 1"
        )
    ).all()
    assert [row[:2] for row in sums] == [row[:2] for row in single]
    for one, other in zip(sums, single, strict=True):
        assert one.total == pytest.approx(other.total, abs=1e-5)
    return {row.request_id: (row.pieces, row.total) for row in sums}


def pieces(session: Session) -> dict[int, int]:
    return {request_id: count for request_id, (count, _) in kept(session).items()}


def remove(session: Session, feedback_id: int) -> None:
    session.execute(
        text("UPDATE feedback SET removed_at = now(), removed_by = 'x' WHERE id = :id"),
        {"id": feedback_id},
    )


def test_what_is_attached_counts_until_it_is_taken_off(session: Session) -> None:
    request = add(session, "Export as CSV", vector=axis(0))
    first = attached(session, request, axis(1))
    attached(session, request, axis(2))
    assert kept(session)[request][1][:3] == pytest.approx([0, 1, 1])
    remove(session, first)
    assert kept(session)[request][1][:3] == pytest.approx([0, 0, 1])


def test_nothing_is_left_of_the_last_piece(session: Session) -> None:
    request = add(session, "Export as CSV", vector=axis(0))
    remove(session, attached(session, request, axis(1)))
    assert kept(session) == {}


def test_moved_feedback_counts_where_it_is(session: Session) -> None:
    one, other = (add(session, title, vector=axis(0)) for title in ("One request", "Other one"))
    moved = attached(session, one, axis(1))
    session.execute(
        text("UPDATE feedback SET request_id = :to WHERE id = :id"), {"to": other, "id": moved}
    )
    assert pieces(session) == {other: 1}


def test_a_vector_that_comes_later_is_counted_and_one_that_is_erased_is_not(
    session: Session,
) -> None:
    request = add(session, "Export as CSV", vector=axis(0))
    attached(session, request, None)
    assert pieces(session) == {}
    session.execute(
        text("UPDATE entries SET embedding = CAST(:v AS vector), embedding_model = :m"),
        {"v": str(axis(3)), "m": MODEL},
    )
    assert pieces(session) == {request: 1}
    session.execute(text("UPDATE entries SET embedding = NULL, embedding_model = NULL"))
    assert pieces(session) == {}


def test_changed_words_lose_every_vector_that_was_made_of_them(session: Session) -> None:
    request = add(session, "Export as CSV", vector=axis(0))
    feedback = attached(session, request, axis(1))
    session.execute(
        text(
            "INSERT INTO request_evidence (feedback_id, model, request_id, is_short, embedding)"
            " VALUES (:id, 'older', :request, true, CAST(:v AS vector))"
        ),
        {"id": feedback, "request": request, "v": str(axis(1))},
    )
    session.execute(
        text(
            "UPDATE entries SET customer_pain = 'erased', embedding = NULL, embedding_model = NULL"
        )
    )
    assert session.execute(text("SELECT count(*) FROM request_evidence")).scalar_one() == 0


def test_deleted_feedback_takes_its_vector_with_it(session: Session) -> None:
    request = add(session, "Export as CSV", vector=axis(0))
    attached(session, request, axis(1))
    session.execute(text("DELETE FROM feedback"))
    assert kept(session) == {}


def test_only_the_newest_twenty_short_texts_are_compared_singly(session: Session) -> None:
    request = add(session, "Export as CSV", vector=axis(0))
    oldest = attached(session, request, axis(1))
    attached(session, request, axis(2), words="long " * 100)
    newer = [attached(session, request, axis(3)) for _ in range(20)]

    def compared() -> list[int]:
        return list(
            session.scalars(
                text("SELECT feedback_id FROM request_evidence WHERE is_compared ORDER BY 1")
            )
        )

    assert compared() == newer
    remove(session, newer[-1])
    assert compared() == [oldest, *newer[:-1]]


def test_feedback_finds_a_request_that_its_own_text_does_not(session: Session) -> None:
    plain = add(session, "Export as CSV", vector=axis(0))
    add(session, "Something near", vector=axis(5, 6))
    piece = attached(session, plain, axis(5))
    found = search(session, "xyzzy", axis(5))
    assert ids(found)[0] == plain
    assert found[0].cosine == pytest.approx(0)
    assert found[0].piece_cosine == pytest.approx(1)
    assert (found[0].nearest_piece, found[0].pieces) == (piece, 1)
    # The sum of two unit vectors at right angles is 45 degrees from each.
    assert found[0].closeness == pytest.approx((1 + math.sqrt(0.5)) / 2, abs=1e-5)


def test_a_long_text_counts_in_the_sum_only(session: Session) -> None:
    request = add(session, "Export as CSV", vector=axis(0))
    attached(session, request, axis(5), words="long " * 100)
    [found] = search(session, "xyzzy", axis(5))
    assert found.nearest_piece is None
    assert found.closeness == pytest.approx(math.sqrt(0.5) / 2, abs=1e-5)


def test_vectors_of_another_model_are_not_compared(session: Session) -> None:
    request = add(session, "Export as CSV", vector=axis(0))
    attached(session, request, axis(5))
    embedded = "INSERT INTO request_embeddings SELECT request_id, 'new', dimensions, content_hash,"
    session.execute(text(f"{embedded} embedding, created_at FROM request_embeddings"))
    [found] = search(session, "xyzzy", axis(5), model="new")
    assert (found.pieces, found.closeness) == (0, pytest.approx(0))


def test_a_merged_request_lends_its_feedback_and_does_not_weaken_its_survivor(
    session: Session,
) -> None:
    survivor = add(session, "Export as CSV", vector=axis(0, 1))
    merged = add(session, "Download as CSV", vector=axis(0))
    stranger = add(session, "Dark mode", vector=axis(0, 2, 3, 4))
    piece = attached(session, merged, axis(0, 5))
    before = by_id(search(session, "xyzzy", axis(0, 5)))
    assert before[merged].best_other == pytest.approx(before[survivor].closeness)
    session.execute(
        text("INSERT INTO request_merges (request_id, into_id, merged_by) VALUES (:a, :b, 'x')"),
        {"a": merged, "b": survivor},
    )
    after = by_id(search(session, "xyzzy", axis(0, 5)))
    assert set(after) == {survivor, stranger}
    assert after[survivor].nearest_piece == piece
    assert after[survivor].best_other == pytest.approx(after[stranger].closeness)
    session.execute(text("UPDATE request_merges SET undone_at = now(), undone_by = 'x'"))
    assert by_id(search(session, "xyzzy", axis(0, 5))) == before


def test_a_replay_sees_the_feedback_of_that_moment(session: Session) -> None:
    request = add(session, "Export as CSV", vector=axis(0))
    other = add(session, "Something else", vector=axis(9))
    moved = attached(session, request, axis(5))
    session.execute(text("UPDATE requests SET created_at = now() - interval '9 days'"))
    session.execute(text("UPDATE feedback SET created_at = now() - interval '3 days'"))
    session.execute(
        text("UPDATE feedback SET request_id = :to WHERE id = :id"), {"to": other, "id": moved}
    )
    moments = {
        days: session.execute(text(f"SELECT now() - interval '{days} days'")).scalar_one()
        for days in (4, 2)
    }

    def then(days: int) -> Candidate:
        found = find_candidates(
            session, pain="xyzzy", vector=axis(5), model=MODEL, opened_before=moments[days]
        )
        return by_id(found)[request]

    assert then(4).pieces == 0
    assert (then(2).pieces, then(2).nearest_piece) == (1, moved)
    assert by_id(search(session, "xyzzy", axis(5)))[request].pieces == 0


def by_id(found: list[Candidate]) -> dict[int, Candidate]:
    return {candidate.request_id: candidate for candidate in found}
