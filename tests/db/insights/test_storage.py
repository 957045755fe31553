"""Reports are stored once an area and day, the same again for the same moment, and read back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from include.base.errors import FatalError
from include.insights.asof import day_of, week_of
from include.insights.narrative import Narration
from include.insights.read import latest_report, latest_reports, report_days, report_on, trend
from include.insights.storage import make_area_report
from include.store.models import Area, AreaReport, Feedback
from tests.db.insights.conftest import MODEL, at

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from tests.db.insights.conftest import World


def make(world: World, day: float, slug: str = "reporting", **more: Any) -> Any:
    made = make_area_report(world.session, slug, at(day), model=MODEL, **more)
    world.session.commit()
    return made


def stored(session: Session) -> list[tuple[object, ...]]:
    columns = (AreaReport.day, AreaReport.as_of, AreaReport.sections, AreaReport.metrics)
    statement = select(AreaReport.area_id, *columns, AreaReport.generated_at)
    return [tuple(row) for row in session.execute(statement.order_by(AreaReport.day))]


def test_thirty_days_give_thirty_reports_twice_the_same(history: World) -> None:
    for day in range(1, 31):
        make(history, day)
    first = stored(history.session)
    assert len(first) == 30
    assert len({str(row[1:4]) for row in first}) == 30
    for day in reversed(range(1, 31)):
        make(history, day, run_id="again")
    assert stored(history.session) == first
    ship_rates = trend(
        history.session, "reporting", "ship_rate", date(2026, 3, 8), date(2026, 3, 10)
    )
    assert ship_rates.days == [
        (date(2026, 3, 8), 0.0),
        (date(2026, 3, 9), 0.5),
        (date(2026, 3, 10), pytest.approx(1 / 3)),
    ]
    assert ship_rates.change == pytest.approx(1 / 3)


def test_what_is_read_is_what_was_made(history: World) -> None:
    make(history, 5)
    make(history, 9.2)
    report = report_on(history.session, "reporting", date(2026, 3, 5))
    assert report is not None
    assert [section["id"] for section in report.sections] == [
        "dealbreakers",
        "execution",
        "segments",
    ]
    assert [section["importance"] for section in report.sections] == ["warning", "warning", "info"]
    assert report.metrics["dealbreaker_arr"] == 400_000
    shown = report.as_dict()
    assert set(shown) == {"area", "day", "as_of", "generated_at", "sections", "metrics"}
    assert (shown["area"]["slug"], shown["as_of"]) == ("reporting", "2026-03-05T12:00:00+00:00")
    newest = latest_report(history.session, "reporting")
    assert newest is not None
    assert newest.sections[0]["importance"] == "critical"
    assert report_days(history.session, "reporting") == [date(2026, 3, 9), date(2026, 3, 5)]
    assert report_on(history.session, "reporting", date(2026, 3, 6)) is None
    assert latest_report(history.session, "access") is None
    make(history, 3, slug="access")
    both = latest_reports(history.session)
    assert [(one.area_slug, one.day.day) for one in both] == [("access", 3), ("reporting", 9)]


def test_an_area_without_requests_and_a_day_before_all_data_have_empty_reports(
    history: World,
) -> None:
    history.area("empty")
    assert make(history, 5, slug="empty").sections == 0
    assert make(history, -400).sections == 0
    report = latest_report(history.session, "empty")
    assert report is not None
    assert report.sections == []


def test_the_later_moment_of_a_day_is_kept(history: World) -> None:
    make(history, 5.2)
    make(history, 5.1)
    [row] = stored(history.session)
    assert row[2] == at(5.2)
    make(history, 5.3)
    [row] = stored(history.session)
    assert row[2] == at(5.3)


def test_a_future_moment_is_refused(history: World) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    with pytest.raises(FatalError, match="in the future"):
        make_area_report(history.session, "reporting", tomorrow, model=MODEL)
    history.session.rollback()
    with pytest.raises(FatalError, match="no time zone"):
        make_area_report(history.session, "reporting", datetime(2026, 3, 1), model=MODEL)  # noqa: DTZ001


def test_an_area_nobody_knows_is_refused_by_name(history: World) -> None:
    with pytest.raises(FatalError, match="no area 'nowhere'"):
        make_area_report(history.session, "nowhere", at(5), model=MODEL)


@pytest.mark.parametrize("slug", [None, "", "With Spaces"])
def test_an_area_without_a_proper_slug_cannot_exist(session: Session, slug: str | None) -> None:
    session.add(Area(slug=slug, name="Nameless"))
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()


def test_two_areas_of_one_name_have_reports_of_their_own(history: World) -> None:
    history.area("reporting-2", name="Reporting")
    make(history, 5)
    make(history, 5, slug="reporting-2")
    assert [(one.area_slug, bool(one.sections)) for one in latest_reports(history.session)] == [
        ("reporting", True),
        ("reporting-2", False),
    ]


class Inventive:
    """A narrator that names a request nobody knows, and a number nobody counted."""

    def narrate(self, area: str, sections: object) -> dict[str, Narration]:
        return {
            "dealbreakers": Narration("They are urgent.", ("pdf", "invented")),
            "execution": Narration("99% shipped."),
        }


def test_what_a_narrator_invents_is_dropped_and_counted(history: World) -> None:
    assert make(history, 5, narrator=Inventive()).dropped_slugs == 1
    report = latest_report(history.session, "reporting")
    assert report is not None
    by_id = {section["id"]: section for section in report.sections}
    assert by_id["dealbreakers"]["summary"] == "They are urgent."
    assert by_id["dealbreakers"]["slugs"] == ["pdf", "csv"]
    assert "99" not in by_id["execution"]["summary"]
    wanted = {"narrated_by_model": 1, "refused_summaries": 1, "dropped_slugs": 1}
    assert {name: report.metrics[name] for name in wanted} == wanted


def test_themes_keep_key_and_name_while_their_founder_ships(world: World) -> None:
    world.area("reporting")
    world.account("big", 1000, "EMEA", True)
    csv = world.request("csv", "reporting", day=1, vector=[1.0, 0.0])
    xls = world.request("xls", "reporting", day=2, vector=[0.9, 0.1])
    ods = world.request("ods", "reporting", day=6, vector=[0.9, 0.2])
    other = world.request("dark-mode", "reporting", day=3, vector=[0.0, 1.0])
    world.feedback(xls, "high", "big", 3, quote="Hi. We retype each sheet by hand. Bye.")
    world.feedback(csv, "low", None, 3)
    world.feedback(ods, "low", None, 7)
    world.feedback(other, "high", "big", 3)
    world.status(csv, "shipped", 8)
    found = {}
    for day in (5, 7.5, 9):
        make(world, day)
        report = latest_report(world.session, "reporting")
        assert report is not None
        [section] = [one for one in report.sections if one["id"] == "themes"]
        [visual] = [one for one in section["visuals"] if one["kind"] == "themes"]
        [found[day]] = visual["themes"]
    assert {(one["key"], one["name"]) for one in found.values()} == {("csv", "Request csv")}
    assert [(one["size"], one["feedback"], one["arr"]) for one in found.values()] == [
        (2, 2, 1000),
        (3, 3, 1000),
        (2, 2, 1000),
    ]
    assert [request["slug"] for request in found[9]["requests"]] == ["xls", "ods"]
    [quote, second] = found[9]["quotes"]
    assert quote["text"] == "We retype each sheet by hand."
    for one in (quote, second):
        [source] = world.session.scalars(
            select(Feedback.quote).select_from(Feedback).where(Feedback.id == one["feedback_id"])
        )
        assert source[one["start"] : one["end"]] == one["text"]


def test_vectors_of_another_model_make_no_themes(world: World) -> None:
    world.area("reporting")
    for slug in ("csv", "xls"):
        request = world.request(slug, "reporting", day=1, vector=[1.0])
        world.feedback(request, "low", None, 2)
    assert make(world, 5).themes == 1
    made = make_area_report(world.session, "reporting", at(6), model="another")
    assert made.themes == 0
    assert make_area_report(world.session, "reporting", at(6), model=None).themes == 0
    assert world.session.scalar(select(func.count(AreaReport.id))) == 2


@pytest.mark.parametrize(
    ("moment", "day", "week"),
    [
        (datetime(2026, 3, 9, 3, 59, tzinfo=UTC), date(2026, 3, 8), "2026-W09"),
        (datetime(2026, 3, 9, 4, 0, tzinfo=UTC), date(2026, 3, 9), "2026-W10"),
        (datetime(2026, 1, 5, 14, tzinfo=UTC), date(2026, 1, 5), "2026-W01"),
        (datetime(2027, 1, 4, 14, tzinfo=UTC), date(2027, 1, 4), "2026-W53"),
    ],
)
def test_days_and_weeks_end_at_midnight_in_new_york(moment: datetime, day: date, week: str) -> None:
    assert (day_of(moment), week_of(moment)) == (day, week)


def test_one_theme_more_than_a_report_shows_is_counted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("include.insights.themes.SHOWN_THEMES", 1)
    world.area("reporting")
    for place, slugs in enumerate((("csv", "xls"), ("dark", "night"))):
        for slug in slugs:
            vector = [float(place == 0), float(place == 1)]
            request = world.request(slug, "reporting", day=1, vector=vector)
            world.feedback(request, "low", None, 2)
    assert make(world, 5).themes == 2
    report = latest_report(world.session, "reporting")
    assert report is not None
    [section] = [one for one in report.sections if one["id"] == "themes"]
    assert section["summary"].startswith("2 themes group")
    assert "Themes, the 1 with most ARR of 2" in str(section["visuals"])
