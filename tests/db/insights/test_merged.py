"""A merged request is not counted; what was said about it counts for the one it is part of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from include.insights.digest import make_digest
from include.insights.metrics import Execution, area_metrics
from include.store.models import Request
from tests.db.insights.conftest import at

if TYPE_CHECKING:
    from tests.db.insights.conftest import World


def merge(world: World, one: str, into: str, day: float, undone: float | None = None) -> None:
    ids = {slug: world.session.scalars(select(Request.id).where(Request.slug == slug)).one()
           for slug in (one, into)}  # fmt: skip
    world.run(
        "INSERT INTO request_merges"
        " (request_id, into_id, merged_by, merged_at, undone_at, undone_by) VALUES"
        " (:one, :into, 't', :day, :undone, CASE WHEN :gone THEN 't' END)",
        one=ids[one],
        into=ids[into],
        day=at(day),
        undone=None if undone is None else at(undone),
        gone=undone is not None,
    )


def test_a_merged_requests_feedback_is_its_survivors_from_the_merge_on(history: World) -> None:
    area = history.areas["reporting"].id
    before = area_metrics(history.session, area, at(11.5))
    merge(history, "late", "csv", 12)
    assert area_metrics(history.session, area, at(11.5)) == before
    after = area_metrics(history.session, area, at(12.5))
    assert before.execution == Execution(2, 1, 0)
    assert after.execution == Execution(1, 1, 0)
    assert after.volume.feedback == before.volume.feedback == 5


def test_chains_and_undone_merges(history: World) -> None:
    area = history.areas["reporting"].id
    merge(history, "csv", "late", 12, undone=14)
    assert area_metrics(history.session, area, at(13)).execution == Execution(1, 1, 0)
    assert [
        row.slug for row in area_metrics(history.session, area, at(13)).dealbreakers.listed
    ] == ["late"]
    assert area_metrics(history.session, area, at(15)).execution == Execution(2, 1, 0)
    end = history.request("end", "reporting", day=12)
    history.feedback(end, "high", "big", 12.5)
    merge(history, "late", "end", 13)
    listed = area_metrics(history.session, area, at(13.5)).dealbreakers.listed
    assert [(row.slug, row.accounts, row.arr) for row in listed] == [("end", 2, 700_000)]


def test_a_digest_lists_the_survivor(history: World) -> None:
    merge(history, "late", "csv", 11.5)
    whole = make_digest(history.session, at(12)).whole
    assert whole.new.count == 0
    assert whole.feedback == 2
