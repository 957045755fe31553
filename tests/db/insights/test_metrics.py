"""Numbers as of a day, against a history small enough to be computed by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.insights.metrics import (
    Dealbreaker,
    Dealbreakers,
    Execution,
    GroupCounts,
    Segment,
    Volume,
    area_metrics,
    group_counts,
)
from tests.db.insights.conftest import at

if TYPE_CHECKING:
    from include.insights.metrics import AreaMetrics
    from tests.db.insights.conftest import World


def metrics(world: World, day: float, area: str = "reporting") -> AreaMetrics:
    return area_metrics(world.session, world.areas[area].id, at(day))


def test_before_the_first_data_everything_is_zero(history: World) -> None:
    found = metrics(history, -30)
    assert found.execution == Execution(0, 0, 0)
    assert found.execution.ship_rate is None
    assert found.volume == Volume(0, 0, 0, 0, 0.0)
    assert found.dealbreakers == Dealbreakers()
    assert found.segments == ()


def test_on_the_fifth_day(history: World) -> None:
    """Csv: big twice (high), small once. Pdf: big, debt, blank, small, one nobody knows."""
    found = metrics(history, 5)
    assert found.execution == Execution(open=2, shipped=0, deprioritized=0)
    assert found.execution.ship_rate == 0
    # big 400k + debt 0 + blank nothing + small 20k; the unknown customer is no account.
    assert found.volume == Volume(feedback=8, week=8, high=7, accounts=4, arr=420_000)
    # Of the enterprise accounts: on pdf big, debt and blank, on csv big; big counts once in total.
    assert found.dealbreakers == Dealbreakers(
        count=2,
        accounts=3,
        arr=400_000,
        unknown_arr=1,
        listed=(
            Dealbreaker("pdf", "Request pdf", accounts=3, arr=400_000, feedback=3, days_open=3),
            Dealbreaker("csv", "Request csv", accounts=1, arr=400_000, feedback=2, days_open=4),
        ),
    )
    assert found.segments == (
        Segment(True, "EMEA", feedback=4, accounts=2, arr=400_000),
        Segment(True, "AMER", feedback=1, accounts=1, arr=0),
        Segment(False, "AMER", feedback=1, accounts=1, arr=20_000),
        Segment(None, None, feedback=1, accounts=0, arr=0),
    )


def test_removed_feedback_counts_until_it_was_removed(history: World) -> None:
    assert metrics(history, 5.9).volume.feedback == 8
    assert metrics(history, 6.1).volume.feedback == 7
    assert Segment(False, "AMER", 1, 1, 20_000) not in metrics(history, 6.1).segments


def test_a_shipped_request_stops_counting_on_the_day_it_shipped(history: World) -> None:
    before, after = metrics(history, 8.9), metrics(history, 9.1)
    assert before.execution == Execution(2, 0, 0)
    assert after.execution == Execution(1, 1, 0)
    assert after.execution.ship_rate == 0.5
    assert before.dealbreakers.arr == after.dealbreakers.arr == 700_000
    assert [row.slug for row in after.dealbreakers.listed] == ["csv"]
    assert after.volume == Volume(feedback=4, week=3, high=3, accounts=3, arr=720_000)
    assert Segment(True, None, 1, 1, 300_000) in after.segments


def test_the_week_is_the_seven_days_before(history: World) -> None:
    assert metrics(history, 12).volume.week == 2
    assert metrics(history, 12).execution == Execution(2, 1, 0)


def test_an_area_with_only_shipped_requests_has_nothing_but_its_execution(history: World) -> None:
    found = metrics(history, 12, "access")
    assert found.execution == Execution(0, 1, 0)
    assert found.execution.ship_rate == 1
    assert found.volume.feedback == 0
    assert found.dealbreakers.count == 0
    assert found.segments == ()


def test_changes_of_accounts_feedback_and_areas_leave_the_past_as_it_was(history: World) -> None:
    days = (3, 5, 8, 10, 12)
    before = {day: (metrics(history, day), metrics(history, day, "access")) for day in days}
    history.changing(20)
    history.run("UPDATE accounts SET arr = 1, region = 'APAC' WHERE id = 'big'")
    history.run("UPDATE accounts SET is_enterprise = false, arr = NULL WHERE id = 'huge'")
    history.run(
        "UPDATE feedback SET request_id = (SELECT id FROM requests WHERE slug = 'late')"
        " WHERE request_id = (SELECT id FROM requests WHERE slug = 'csv')"
    )
    history.run(
        "DELETE FROM request_areas WHERE request_id = (SELECT id FROM requests WHERE slug = 'csv')"
    )
    history.run(
        "INSERT INTO request_areas SELECT r.id, a.id FROM requests r, areas a"
        " WHERE r.slug = 'late' AND a.slug = 'access'"
    )
    assert before == {day: (metrics(history, day), metrics(history, day, "access")) for day in days}
    after = metrics(history, 21)
    assert after.execution == Execution(open=1, shipped=1, deprioritized=0)
    assert after.volume == Volume(feedback=5, week=0, high=3, accounts=3, arr=20_001)
    assert after.dealbreakers.arr == 1
    assert metrics(history, 21, "access").execution == Execution(1, 1, 0)


def test_two_changes_keep_both_pasts(history: World) -> None:
    history.changing(20)
    history.run("UPDATE accounts SET arr = 1 WHERE id = 'big'")
    history.changing(22)
    history.run("UPDATE accounts SET arr = 2 WHERE id = 'big'")
    assert [metrics(history, day).dealbreakers.arr for day in (19, 21, 23)] == [
        700_000,
        300_001,
        300_002,
    ]


def test_a_request_reopened_is_open_again(history: World) -> None:
    from sqlalchemy import select

    from include.store.models import Request

    pdf = history.session.scalars(select(Request).where(Request.slug == "pdf")).one()
    history.status(pdf, "open", 14)
    assert metrics(history, 13).execution == Execution(2, 1, 0)
    assert metrics(history, 15).execution == Execution(3, 0, 0)


@pytest.mark.parametrize(
    ("shipped_day", "expected"), [(3, Execution(0, 1, 0)), (8, Execution(1, 0, 0))]
)
def test_a_request_without_history_goes_by_the_day_it_says_it_shipped(
    world: World, shipped_day: float, expected: Execution
) -> None:
    world.area("reporting")
    request = world.request("old", "reporting", day=1)
    world.status(request, "shipped", shipped_day)
    world.run("DELETE FROM request_status_changes")
    assert metrics(world, 5).execution == expected


def test_counts_over_groups_are_about_their_open_requests(history: World) -> None:
    ids = dict(history.session.execute(_slugs()).all())
    groups = {ids["csv"]: [ids["csv"], ids["pdf"]], ids["late"]: [ids["late"]]}
    area = history.areas["reporting"].id
    assert group_counts(history.session, area, at(12), groups) == {
        ids["csv"]: GroupCounts(feedback=4, accounts=3, arr=720_000, high=3),
        ids["late"]: GroupCounts(feedback=1, accounts=0, arr=0, high=0),
    }
    assert group_counts(history.session, area, at(12), {}) == {}


def _slugs():  # type: ignore[no-untyped-def]
    from sqlalchemy import select

    from include.store.models import Request

    return select(Request.slug, Request.id)
