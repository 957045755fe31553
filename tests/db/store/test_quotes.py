"""Which feedback is quoted to a judge that reads: short, attached, nearest first, of then."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from include.store.quotes import QUOTES, nearest_quotes
from tests.db.store.test_evidence import attached
from tests.db.store.test_search import MODEL, add, axis

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session


def near(number: float) -> list[float]:
    """A direction that is further from the first axis the greater the number."""
    return [1.0, number] + [0.0] * 382


def quotes(session: Session, *ids: int, **more: object) -> dict[int, list[str]]:
    return nearest_quotes(session, ids, axis(0), MODEL, **more)  # type: ignore[arg-type]


def test_the_nearest_three_of_each_request_are_quoted_and_no_long_one(session: Session) -> None:
    one, two, bare = (
        add(session, title, vector=axis(5)) for title in ("Request one", "Request two", "Bare one")
    )
    for number in (0.5, 0.1, 0.9, 0.3):
        attached(session, one, near(number), f"at {number}")
    attached(session, one, near(0), "long " * 20)
    attached(session, two, near(0.2), "of two")
    assert QUOTES == 3
    assert quotes(session, one, two, bare) == {one: ["at 0.1", "at 0.3", "at 0.5"], two: ["of two"]}
    assert quotes(session) == {}
    assert nearest_quotes(session, [one], None, MODEL)[one][0] == "at 0.3"


def test_what_was_taken_off_or_came_later_or_is_ones_own_is_not_quoted(session: Session) -> None:
    request = add(session, "Request one", vector=axis(5))
    off, own, later = (attached(session, request, near(n), f"at {n}") for n in (0.1, 0.2, 0.3))
    attached(session, request, near(0.4), "at 0.4")
    session.execute(
        text("UPDATE feedback SET removed_at = now(), removed_by = 'x' WHERE id = :id"),
        {"id": off},
    )
    session.execute(
        text("UPDATE feedback SET created_at = now() + interval '1 hour' WHERE id = :id"),
        {"id": later},
    )
    own_entry = session.scalar(text("SELECT entry_id FROM feedback WHERE id = :id"), {"id": own})
    now: datetime = session.scalars(select(func.now())).one()
    soon = now + timedelta(minutes=1)
    found = quotes(session, request, moment=soon, without_entry=own_entry)
    assert found == {request: ["at 0.4"]}
    assert quotes(session, request) == {request: ["at 0.2", "at 0.3", "at 0.4"]}


def test_a_merged_requests_feedback_speaks_for_what_stands_for_it(session: Session) -> None:
    survivor, merged = (
        add(session, title, vector=axis(5)) for title in ("It stays", "It is merged")
    )
    attached(session, merged, near(0.1), "of the merged one")
    session.execute(
        text(
            "INSERT INTO request_merges (request_id, into_id, merged_by)"
            " VALUES (:merged, :survivor, 'ann')"
        ),
        {"merged": merged, "survivor": survivor},
    )
    assert quotes(session, survivor) == {survivor: ["of the merged one"]}
