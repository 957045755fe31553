"""The sandbox's made-up history: the same rows for the same day, once, and worth reporting on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from include.insights.read import latest_reports
from include.insights.storage import make_area_report
from include.store.models import Area, Entry
from sandbox.history import Loaded, load_history
from tests.db.entries.conftest import WordsEmbedder

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

UNTIL = date(2026, 10, 20)
CONTENT = """
    SELECT md5(string_agg(f.created_at || r.slug || coalesce(f.account_id, '') || f.severity
                          || coalesce(f.removed_at::text, ''), '|' ORDER BY f.created_at, f.id))
      FROM feedback f JOIN requests r ON r.id = f.request_id
"""


def test_the_same_day_gives_the_same_history_once(session: Session) -> None:
    loaded = load_history(session, WordsEmbedder(), UNTIL)
    first = session.scalar(text(CONTENT))
    assert loaded.requests >= 20
    assert loaded.feedback >= 300
    assert loaded.accounts == 60
    assert load_history(session, WordsEmbedder(), UNTIL) == Loaded()
    session.rollback()
    assert session.scalar(select(func.count(Entry.id))) == 0
    assert load_history(session, WordsEmbedder(), UNTIL) == loaded
    assert session.scalar(text(CONTENT)) == first


def test_nothing_of_it_is_later_than_its_end_and_every_status_has_a_history(
    session: Session,
) -> None:
    load_history(session, WordsEmbedder(), UNTIL)
    moments = """
        SELECT max(m) FROM (SELECT created_at AS m FROM feedback
        UNION SELECT removed_at FROM feedback
        UNION SELECT changed_at FROM request_status_changes UNION SELECT created_at FROM requests
        UNION SELECT decided_at FROM decisions UNION SELECT valid_until FROM account_revisions) x
    """
    assert session.scalar(text(moments)) <= datetime(2026, 10, 20, tzinfo=UTC)
    differing = """
        SELECT count(*) FROM requests r WHERE r.status <> (
            SELECT c.status FROM request_status_changes c WHERE c.request_id = r.id
             ORDER BY c.changed_at DESC, c.id DESC LIMIT 1)
    """
    assert session.scalar(text(differing)) == 0
    counts = "SELECT count(*), count(DISTINCT status) FROM requests"
    assert session.execute(text(counts)).one()[1] == 3
    assert session.scalar(text("SELECT count(*) FROM account_revisions")) > 5


def test_its_days_have_reports_that_differ(session: Session) -> None:
    load_history(session, WordsEmbedder(), UNTIL)
    session.add(Area(slug="empty", name="Empty"))
    session.flush()
    end = datetime(2026, 10, 20, tzinfo=UTC)
    model = WordsEmbedder.model
    for days in (0, 20, 70):
        for slug in session.scalars(select(Area.slug)).all():
            make_area_report(session, slug, end - timedelta(days=days), model=model)
    reports = {one.area_slug: one for one in latest_reports(session)}
    ids = {section["id"] for one in reports.values() for section in one.sections}
    assert ids == {"dealbreakers", "segments", "themes", "execution"}
    assert reports["empty"].sections == []
    days = session.execute(
        text("SELECT day, sum((metrics ->> 'open')::int) FROM area_reports GROUP BY day ORDER BY 1")
    ).all()
    assert [total > 0 for _, total in days] == [False, True, True]
    assert days[1] != days[2]
