"""What people took off a request, and what they put on it, as the search sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.store.models import ActorKind, Decision, DecisionStep
from tests.db.store.test_evidence import attached, remove
from tests.db.store.test_search import add, axis, search

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.matching.types import Candidate


def entry_of(session: Session, feedback_id: int) -> int:
    found: int = session.execute(
        text("SELECT entry_id FROM feedback WHERE id = :id"), {"id": feedback_id}
    ).scalar_one()
    return found


def put(session: Session, request_id: int, entry_id: int) -> int:
    """A further piece of feedback that an entry becomes."""
    found: int = session.execute(
        text(
            "INSERT INTO feedback (request_id, entry_id, quote_length, severity, match_type)"
            " VALUES (:request, :entry, 5, 'low', 'person') RETURNING id"
        ),
        {"request": request_id, "entry": entry_id},
    ).scalar_one()
    return found


def said(session: Session, entry_id: int, step: str, route: str, request_id: int) -> None:
    number = session.execute(text("SELECT count(*) FROM decisions")).scalar_one()
    made = Decision(
        key=f"{step}:{number}",
        entry_id=entry_id,
        step=DecisionStep(step),
        route=route,
        request_id=request_id,
        actor_kind=ActorKind.SYSTEM if step == "match" else ActorKind.PERSON,
    )
    session.add(made)
    session.flush()


def undone(session: Session, request_id: int, vector: list[float], to: int) -> int:
    """An entry that was on a request until somebody took it off; it is on ``to``."""
    piece = attached(session, request_id, vector)
    entry_id = entry_of(session, piece)
    remove(session, piece)
    put(session, to, entry_id)
    said(session, entry_id, "undo", "create", to)
    return entry_id


def declined(session: Session, request_id: int, vector: list[float], to: int) -> int:
    """An entry about which somebody said that it is not this request."""
    entry_id = entry_of(session, attached(session, to, vector))
    said(session, entry_id, "match", "ask", request_id)
    said(session, entry_id, "answer", "create", request_id)
    return entry_id


def affirmed(session: Session, request_id: int, vector: list[float]) -> int:
    entry_id = entry_of(session, attached(session, request_id, vector))
    said(session, entry_id, "match", "ask", request_id)
    said(session, entry_id, "answer", "attach", request_id)
    return entry_id


@pytest.fixture
def two(session: Session) -> tuple[int, int]:
    """Two requests, on the first and the second axis."""
    return (add(session, "Start at a time", vector=axis(0)), add(session, "Other", vector=axis(1)))


def seen(session: Session, request_id: int, vector: list[float], **more: object) -> Candidate:
    found = {one.request_id: one for one in search(session, "xyzzy", vector, **more)}
    return found[request_id]


def test_without_a_word_of_people_nothing_is_known(session: Session, two: tuple[int, int]) -> None:
    one, other = two
    moved = attached(session, one, axis(5))
    remove(session, moved)
    put(session, other, entry_of(session, moved))  # by no person
    attached(session, one, axis(0, 5))
    found = seen(session, one, axis(0, 5))
    assert (found.refused, found.affirmed, found.is_doubted) == (None, None, False)


@pytest.mark.parametrize("how", [undone, declined])
def test_what_was_taken_off_or_declined_is_a_refusal_until_it_is_put_there(
    session: Session,
    two: tuple[int, int],
    how: object,
) -> None:
    one, other = two
    entry_id = how(session, one, axis(0, 5), other)  # type: ignore[operator]
    found = seen(session, one, axis(0, 5))
    assert found.refused == pytest.approx(1.0)
    assert found.affirmed is None
    assert found.is_doubted
    assert not seen(session, one, axis(0)).is_doubted  # its own text is nearer
    session.execute(
        text("UPDATE feedback SET removed_at = now() WHERE entry_id = :id AND removed_at IS NULL"),
        {"id": entry_id},
    )
    put(session, one, entry_id)
    said(session, entry_id, "pick", "attach", one)
    again = seen(session, one, axis(0, 5))
    assert again.refused is None
    assert again.affirmed == pytest.approx(1.0)


def test_a_refusal_counts_beside_what_people_put_there_and_not_beside_what_nobody_saw(
    session: Session, two: tuple[int, int]
) -> None:
    one, other = two
    undone(session, one, axis(0, 5), other)
    attached(session, one, axis(0, 5))  # by itself
    assert seen(session, one, axis(0, 5)).is_doubted
    affirmed(session, one, axis(0, 5))
    assert not seen(session, one, axis(0, 5)).is_doubted


def test_what_is_withdrawn_or_erased_counts_for_nothing(
    session: Session, two: tuple[int, int]
) -> None:
    one, other = two
    withdrawn = undone(session, one, axis(0, 5), other)
    erased = undone(session, one, axis(0, 5), other)
    gone = affirmed(session, one, axis(0, 6))
    session.execute(
        text(
            "UPDATE feedback SET removed_at = now(), removed_by = 'x'"
            " WHERE entry_id = ANY(:ids) AND removed_at IS NULL"
        ),
        {"ids": [withdrawn, gone]},
    )
    session.execute(
        text("UPDATE entries SET embedding = NULL, embedding_model = NULL WHERE id = :id"),
        {"id": erased},
    )
    found = seen(session, one, axis(0, 5))
    assert (found.refused, found.affirmed) == (None, None)


def test_what_went_to_a_request_that_is_merged_into_this_one_is_no_refusal(
    session: Session, two: tuple[int, int]
) -> None:
    one, other = two
    undone(session, one, axis(0, 5), other)
    session.execute(
        text("INSERT INTO request_merges (request_id, into_id, merged_by) VALUES (:a, :b, 'x')"),
        {"a": other, "b": one},
    )
    merged = seen(session, one, axis(0, 5))
    assert merged.refused is None
    assert merged.affirmed == pytest.approx(1.0)
    session.execute(text("UPDATE request_merges SET undone_at = now(), undone_by = 'x'"))
    assert seen(session, one, axis(0, 5)).is_doubted


def test_a_replay_knows_what_was_said_before_it_and_nothing_of_its_own_entry(
    session: Session, two: tuple[int, int]
) -> None:
    one, other = two
    entry_id = undone(session, one, axis(0, 5), other)
    session.execute(text("UPDATE requests SET created_at = now() - interval '9 days'"))
    session.execute(
        text(
            "UPDATE feedback SET created_at = now() - interval '5 days',"
            " removed_at = CASE WHEN removed_at IS NULL THEN NULL"
            " ELSE now() - interval '3 days' END"
        )
    )
    session.execute(
        text("UPDATE feedback SET created_at = now() - interval '3 days' WHERE removed_at IS NULL")
    )
    session.execute(text("UPDATE decisions SET decided_at = now() - interval '3 days'"))
    moments = {
        days: session.execute(text(f"SELECT now() - interval '{days} days'")).scalar_one()
        for days in (4, 2)
    }
    before = seen(session, one, axis(0, 5), opened_before=moments[4])
    assert (before.refused, before.affirmed) == (None, None)
    assert seen(session, one, axis(0, 5), opened_before=moments[2]).is_doubted
    own = seen(session, one, axis(0, 5), opened_before=moments[2], without_entry=entry_id)
    assert own.refused is None


def test_vectors_of_another_model_say_nothing(session: Session, two: tuple[int, int]) -> None:
    one, other = two
    entry_id = undone(session, one, axis(0, 5), other)
    session.execute(
        text("UPDATE entries SET embedding_model = 'another' WHERE id = :id"), {"id": entry_id}
    )
    assert seen(session, one, axis(0, 5)).refused is None
