"""What the tasks of ``area_insights`` call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from include.base.errors import FatalError
from include.insights.read import latest_report
from include.store.session import session_scope
from include.workflows.area_insights import embedding_model, list_areas, report_area, summarise
from tests.db.insights.conftest import at

if TYPE_CHECKING:
    from sqlalchemy import URL

    from tests.db.insights.conftest import World


def test_all_areas_are_listed_in_order_or_those_asked_for(history: World) -> None:
    assert list_areas(at(5)) == ["access", "reporting"]
    assert list_areas(at(5), []) == ["access", "reporting"]
    assert list_areas(at(5), ["reporting"]) == ["reporting"]
    with pytest.raises(FatalError, match=r"no areas \['nowhere'\]; known: \['access'"):
        list_areas(at(5), ["nowhere", "access"])
    with pytest.raises(FatalError, match="in the future"):
        list_areas(datetime.now(UTC) + timedelta(days=1))


def test_a_product_without_areas_has_nothing_to_report(feedback_db: URL) -> None:
    assert list_areas(at(5)) == []
    assert summarise([], None) == {
        "status": "success",
        "processed_count": 0,
        "failed_slugs": [],
    }


def test_a_report_is_made_and_told_in_numbers_only(
    history: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", "{}")
    monkeypatch.setenv(
        "AIRFLOW_CONN_EMBEDDINGS_API", '{"conn_type": "http", "extra": {"model": "m"}}'
    )
    assert embedding_model() == "m"
    made = report_area("reporting", at(5), run_id="run")
    assert made == {"slug": "reporting", "sections": 3, "themes": 0}
    with session_scope() as session:
        report = latest_report(session, "reporting")
    assert report is not None
    assert report.as_of == at(5)


def test_the_summary_names_the_areas_without_a_report() -> None:
    done = [{"slug": "a"}, None, {"slug": "c"}]
    assert summarise(["a", "b", "c"], done) == {
        "status": "partial",
        "processed_count": 2,
        "failed_slugs": ["b"],
    }
    with pytest.raises(FatalError, match="of 2 areas"):
        summarise(["a", "b"], [])
    with pytest.raises(FatalError, match="could not be listed"):
        summarise(None, None)
