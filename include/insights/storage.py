"""Making and storing the report of one area and day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from include.base.errors import FatalError
from include.insights.asof import check_as_of, database_now, day_of
from include.insights.metrics import area_metrics
from include.insights.narrative import apply_narrator
from include.insights.report import build_sections
from include.insights.themes import SIMILARITY, Theme, find_themes
from include.store.models import Area

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy.orm import Session

    from include.insights.narrative import Narrated, Narrator
    from include.insights.report import Section

_STORE = text(
    """
    INSERT INTO area_reports AS old (area_id, day, as_of, run_id, sections, metrics)
    VALUES (:area, :day, :as_of, :run_id, CAST(:sections AS jsonb), CAST(:metrics AS jsonb))
    ON CONFLICT (area_id, day) DO UPDATE
       SET as_of = excluded.as_of, run_id = excluded.run_id, sections = excluded.sections,
           metrics = excluded.metrics,
           generated_at = CASE
               WHEN (old.as_of, old.sections, old.metrics)
                    IS NOT DISTINCT FROM (excluded.as_of, excluded.sections, excluded.metrics)
               THEN old.generated_at ELSE now() END
     WHERE old.as_of <= excluded.as_of
    """
)


@dataclass(frozen=True)
class Made:
    """What was made, in numbers only."""

    slug: str
    day: date
    sections: int
    themes: int
    dropped_slugs: int


@dataclass(frozen=True)
class Counted:
    """A report whose sentences are still the templates'."""

    area_id: int
    slug: str
    area_name: str
    as_of: datetime
    sections: list[Section]
    numbers: dict[str, Any]
    themes: int


def make_area_report(
    session: Session,
    slug: str,
    as_of: datetime,
    *,
    model: str | None,
    run_id: str | None = None,
    narrator: Narrator | None = None,
    similarity: float = SIMILARITY,
) -> Made:
    """Compute and store one area's report; the same moment again gives the same row.

    A day has one report. Of two moments of one day the later one's is kept.

    Args:
        session: The caller's transaction; at REPEATABLE READ all numbers are of one state.
        slug: The area.
        as_of: The moment reported on.
        model: The embedding model whose vectors make the themes; None leaves themes out.
        run_id: The Airflow run, for operators.
        narrator: Rewords the summaries; None keeps the templates'.
        similarity: How near a request must be to a theme.

    Raises:
        FatalError: the area does not exist, or the moment is in the future.
    """
    counted = count_area(session, slug, as_of, model=model, similarity=similarity)
    narrated = apply_narrator(counted.area_name, counted.sections, narrator)
    return store_report(session, counted, narrated, run_id=run_id)


def count_area(
    session: Session,
    slug: str,
    as_of: datetime,
    *,
    model: str | None,
    similarity: float = SIMILARITY,
) -> Counted:
    """Everything of a report but its sentences; see :func:`make_area_report`."""
    as_of = check_as_of(as_of, database_now(session))
    area = session.scalars(select(Area).where(Area.slug == slug)).one_or_none()
    if area is None:
        raise FatalError(f"there is no area {slug!r}; was it renamed? Run the whole DAG again")
    metrics = area_metrics(session, area.id, as_of)
    themes, number = list[Theme](), 0
    if model:
        themes, number = find_themes(session, area.id, as_of, model, similarity)
    sections = build_sections(metrics, themes, themes_in_all=number)
    return Counted(area.id, area.slug, area.name, as_of, sections, metrics.flat(), number)


def store_report(
    session: Session, counted: Counted, narrated: Narrated, *, run_id: str | None = None
) -> Made:
    """Store a report with its final sentences."""
    import json

    numbers: dict[str, Any] = counted.numbers | {
        "themes": counted.themes,
        "narrated_by_model": narrated.by_model,
        "refused_summaries": narrated.refused_summaries,
        "dropped_slugs": narrated.dropped_slugs,
    }
    session.execute(
        _STORE,
        {
            "area": counted.area_id,
            "day": day_of(counted.as_of),
            "as_of": counted.as_of,
            "run_id": run_id,
            "sections": json.dumps([section.as_dict() for section in narrated.sections]),
            "metrics": json.dumps(numbers),
        },
    )
    return Made(
        slug=counted.slug,
        day=day_of(counted.as_of),
        sections=len(narrated.sections),
        themes=counted.themes,
        dropped_slugs=narrated.dropped_slugs,
    )
