"""What the tasks of ``area_insights`` call: one function a task, wired to connections."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from include.base.connections import EMBEDDINGS_API, find_connection
from include.base.errors import FatalError
from include.base.settings import load_settings
from include.clients.language_model import find_agent
from include.insights.asof import check_as_of, database_now
from include.insights.narrative import NarratedBy, Narration, apply_narrator
from include.insights.storage import count_area, store_report
from include.store.models import Area
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from include.insights.narrative import Narrator
    from include.insights.storage import Counted

log = logging.getLogger(__name__)


def list_areas(as_of: datetime, only: Collection[str] | None = None) -> list[str]:
    """Slugs of the areas to report on, in a stable order.

    Raises:
        FatalError: ``only`` names an area that does not exist, or the moment is in the future.
    """
    with session_scope() as session:
        check_as_of(as_of, database_now(session))
        slugs = list(session.scalars(select(Area.slug).order_by(Area.slug)))
    unknown = sorted(set(only or ()) - set(slugs))
    if unknown:
        raise FatalError(f"There are no areas {unknown}; known: {slugs[:50]}")
    return [slug for slug in slugs if slug in only] if only else slugs


def report_area(slug: str, as_of: datetime, *, run_id: str) -> dict[str, Any]:
    """Make one area's report; returns its numbers of sections and themes."""
    settings = load_settings()
    with session_scope() as session:
        # All numbers of a report are of one state of the database.
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        counted = count_area(
            session,
            slug,
            as_of,
            model=embedding_model(),
            similarity=settings.theme_similarity,
        )
    narrated = apply_narrator(counted.area_name, counted.sections, narrator_for(counted))
    with session_scope() as session:
        made = store_report(session, counted, narrated, run_id=run_id)
    log.info("Report of %s for %s: %s sections", slug, made.day, made.sections)
    return {"slug": slug, "sections": made.sections, "themes": made.themes}


def narrator_for(counted: Counted) -> Narrator | None:
    """A model's sentences about what was counted; None where no model is set."""
    agent = find_agent()
    if agent is None:
        return None
    from include.agents.narrative import narrate_sections

    said = narrate_sections(
        agent,
        counted.area_name,
        [
            {
                "id": section.id,
                "title": section.title,
                "summary": section.summary,
                "slugs": list(section.slugs),
                "tables": [one for one in section.visuals if one["kind"] == "table"],
            }
            for section in counted.sections
        ],
        key=f"area:{counted.slug}:{counted.as_of.isoformat()}",
    )
    return NarratedBy({one.section: Narration(one.summary, one.slugs) for one in said})


def summarise(slugs: Iterable[str] | None, reports: Iterable[Any] | None) -> dict[str, Any]:
    """``{status, processed_count, failed_slugs}``; status is ``success`` or ``partial``.

    Raises:
        FatalError: no area's report could be made.
    """
    if slugs is None:
        raise FatalError("The areas could not be listed; look at list_areas and clear it")
    done = {report["slug"] for report in reports or () if report}
    wanted = list(slugs)
    failed = [slug for slug in wanted if slug not in done]
    if failed and len(failed) == len(wanted):
        raise FatalError(f"No report could be made, of {len(failed)} areas; see their logs")
    return {
        "status": "partial" if failed else "success",
        "processed_count": len(done),
        "failed_slugs": failed,
    }


def embedding_model() -> str | None:
    """The model whose vectors are compared; None when no embeddings API is set."""
    from include.matching.embed import DEFAULT_MODEL

    info = find_connection(EMBEDDINGS_API)
    return str(info.extra.get("model", DEFAULT_MODEL)) if info else None
