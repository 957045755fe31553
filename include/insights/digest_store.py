"""Storing a week's digest: what was posted stays as it was posted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import select, text, update

from include.base.errors import FatalError
from include.insights.asof import check_as_of, database_now
from include.insights.digest import make_digest, week_end
from include.store.models import Area, Digest

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.orm import Session

    from include.insights.digest import DigestContent

ALL_AREAS = "*"

_STORE = text(
    """
    INSERT INTO digests AS old (week, as_of, run_id, content)
    VALUES (:week, :as_of, :run_id, CAST(:content AS jsonb))
    ON CONFLICT (week) DO UPDATE
       SET as_of = excluded.as_of, run_id = excluded.run_id, content = excluded.content,
           chart_file_id = NULL, generated_at = now()
     WHERE (old.as_of, old.content) IS DISTINCT FROM (excluded.as_of, excluded.content)
    """
)


def store_digest(
    session: Session,
    as_of: datetime,
    *,
    run_id: str | None = None,
    area_slugs: Collection[str] = (),
    is_posted: bool = False,
) -> str:
    """Make and store the digest of the last week that is over; returns the week, ``2026-W47``.

    Args:
        session: The caller's transaction.
        as_of: Any moment; the week is the one that ended last before it.
        run_id: The Airflow run, for operators.
        area_slugs: Areas with a part of their own; ``*`` for all that have a channel.
        is_posted: It was posted already and stays as it is.

    Raises:
        FatalError: the moment is in the future, or an area is unknown.
    """
    content = count_digest(session, as_of, area_slugs=area_slugs)
    if not (is_posted and find_digest(session, content.week)):
        keep_digest(session, content, run_id=run_id)
    return content.week


def count_digest(
    session: Session, as_of: datetime, *, area_slugs: Collection[str] = ()
) -> DigestContent:
    """Count the last week that is over; see :func:`store_digest`."""
    as_of = week_end(check_as_of(as_of, database_now(session)))
    return make_digest(session, as_of, _areas(session, area_slugs))


def keep_digest(session: Session, content: DigestContent, *, run_id: str | None = None) -> None:
    """Store a digest that was counted; the same content again changes nothing."""
    session.execute(
        _STORE,
        {
            "week": content.week,
            "as_of": content.as_of,
            "run_id": run_id,
            "content": json.dumps(content.as_dict()),
        },
    )


def find_digest(session: Session, week: str) -> Digest | None:
    """The stored digest of a week."""
    return session.scalars(select(Digest).where(Digest.week == week)).one_or_none()


def digest_of(session: Session, week: str) -> Digest:
    """The stored digest of a week.

    Raises:
        FatalError: there is none.
    """
    digest = find_digest(session, week)
    if digest is None:
        raise FatalError(f"There is no digest of week {week}; clear make_digest")
    return digest


def note_chart(session: Session, week: str, file_id: str) -> None:
    """Remember the uploaded chart, so that it is not uploaded again."""
    session.execute(update(Digest).where(Digest.week == week).values(chart_file_id=file_id))


def channels(session: Session, slugs: Collection[str]) -> dict[str, str]:
    """Slack channels of areas by slug; areas without a channel are left out."""
    found = session.execute(
        select(Area.slug, Area.slack_channel).where(
            Area.slug.in_(slugs), Area.slack_channel.is_not(None)
        )
    )
    return {slug: channel for slug, channel in found if channel}


def _areas(session: Session, slugs: Collection[str]) -> dict[str, int]:
    statement = select(Area.slug, Area.id)
    if ALL_AREAS in slugs:
        statement = statement.where(Area.slack_channel.is_not(None))
    else:
        statement = statement.where(Area.slug.in_(slugs))
    found = {slug: area_id for slug, area_id in session.execute(statement)}
    unknown = sorted(set(slugs) - set(found) - {ALL_AREAS})
    if unknown and ALL_AREAS not in slugs:
        raise FatalError(
            f"Setting 'digest_areas' names areas that do not exist: {unknown}. Mend the setting."
        )
    return found
