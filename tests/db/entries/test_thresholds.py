"""Which version of the thresholds is in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.entries.decisions import thresholds_for
from include.store.models import Area, ThresholdSet

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def decide(
    session: Session, area_id: int | None, attach: float, ask: float, judge: str | None = None
) -> int:
    """A new version; returns its number."""
    made = ThresholdSet(area_id=area_id, attach=attach, ask=ask, judge=judge, created_by="test")
    session.add(made)
    session.flush()
    return made.version


def area(session: Session, slug: str) -> int:
    """The id of a new area."""
    made = Area(slug=slug, name=slug)
    session.add(made)
    session.flush()
    return made.id


def test_the_newest_general_ones_count_where_no_area_has_its_own(session: Session) -> None:
    decide(session, None, 0.99, 0.5)
    newest = decide(session, None, 0.91, 0.81)
    for areas in ([], [area(session, "plain")]):
        found = thresholds_for(session, areas)
        assert (found.version, found.attach, found.ask) == (newest, 0.91, 0.81)


def test_of_several_areas_the_newest_of_each_compete_and_the_most_careful_wins(
    session: Session,
) -> None:
    billing, mobile, plain = (area(session, slug) for slug in ("billing", "mobile", "plain"))
    decide(session, billing, 0.99, 0.9)
    decide(session, billing, 0.93, 0.8)
    careful = decide(session, mobile, 0.96, 0.7)
    decide(session, None, 0.98, 0.9)
    found = thresholds_for(session, [billing, mobile, plain])
    assert (found.version, found.attach, found.ask) == (careful, 0.96, 0.7)


def test_an_areas_own_count_though_the_general_ones_are_more_careful(session: Session) -> None:
    own = area(session, "own")
    version = decide(session, own, 0.85, 0.6)
    decide(session, None, 0.98, 0.9)
    assert thresholds_for(session, [own]).version == version


def test_a_judges_own_count_for_it_alone_until_newer_ones_are_made_for_all(
    session: Session,
) -> None:
    general = decide(session, None, 0.91, 0.8)
    own = decide(session, None, 0.8, 0.7, judge="model/a/1")
    assert thresholds_for(session, [], "model/a/1").version == own
    for other in ("model/a/2", "calibrated/words", None):
        assert thresholds_for(session, [], other).version == general
    newer = decide(session, None, 0.97, 0.9)
    assert thresholds_for(session, [], "model/a/1").version == newer


def test_an_areas_thresholds_win_over_a_judges_for_all_areas(session: Session) -> None:
    billing = area(session, "billing")
    version = decide(session, billing, 0.95, 0.9)
    decide(session, None, 0.8, 0.7, judge="model/a/1")
    assert thresholds_for(session, [billing], "model/a/1").version == version
