"""The database itself keeps what was true before a change, whoever makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from tests.db.insights.conftest import World

CHANGES = """
    SELECT a.slug, c.change, c.changed_at IS NOT NULL FROM request_area_changes c
      JOIN areas a ON a.id = c.area_id ORDER BY c.id
"""


def changes(world: World) -> list[tuple[str, str]]:
    return [(slug, change) for slug, change, _ in world.session.execute(text(CHANGES))]


def test_the_areas_a_request_is_opened_with_are_no_change(world: World) -> None:
    world.area("a")
    world.area("b")
    world.request("one", "a", "b", day=1)
    world.session.commit()
    assert changes(world) == []


def test_an_area_added_later_and_one_removed_are_changes(world: World) -> None:
    for slug in ("a", "b", "c"):
        world.area(slug)
    request = world.request("one", "a", day=1)
    world.session.commit()
    area = world.areas["b"].id
    world.run("INSERT INTO request_areas VALUES (:r, :a)", r=request.id, a=area)
    world.run("DELETE FROM request_areas WHERE area_id = :a", a=world.areas["a"].id)
    world.session.commit()
    assert changes(world) == [("b", "added"), ("a", "removed")]


def test_replacing_all_areas_keeps_what_was_before(world: World) -> None:
    for slug in ("a", "b"):
        world.area(slug)
    request = world.request("one", "a", day=1)
    world.session.commit()
    world.run("DELETE FROM request_areas WHERE request_id = :r", r=request.id)
    for slug in ("a", "b"):
        area = world.areas[slug].id
        world.run("INSERT INTO request_areas VALUES (:r, :a)", r=request.id, a=area)
    world.session.commit()
    assert changes(world) == [("a", "removed"), ("a", "added"), ("b", "added")]


def test_an_account_that_did_not_change_leaves_no_row(world: World) -> None:
    world.account("big", 10, "EMEA", True)
    world.run("UPDATE accounts SET arr = 10, name = 'Bigger'")
    world.run("UPDATE accounts SET arr = NULL")
    found = world.session.execute(
        text("SELECT account_id, arr, region, is_enterprise FROM account_revisions")
    )
    assert [tuple(row) for row in found] == [("big", 10, "EMEA", True)]


def test_feedback_that_was_removed_leaves_no_row_and_moved_does(world: World) -> None:
    world.area("a")
    one, two = world.request("one", "a", day=1), world.request("two", "a", day=1)
    row = world.feedback(one, "high", None, 2)
    world.run("UPDATE feedback SET removed_at = now()")
    assert world.session.scalar(text("SELECT count(*) FROM feedback_revisions")) == 0
    world.changing(9)
    world.run("UPDATE feedback SET request_id = :two", two=two.id)
    found = world.session.execute(
        text("SELECT feedback_id, request_id, severity, valid_until::date::text"
             " FROM feedback_revisions")
    )  # fmt: skip
    assert [tuple(one) for one in found] == [(row.id, one.id, "high", "2026-03-09")]
