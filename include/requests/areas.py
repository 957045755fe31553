"""Product areas: adding one and changing one, by hand or from a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import select

from include.base.errors import FatalError
from include.base.text import unstorable
from include.requests.opening import slug_of
from include.store.models import Area, User

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

LONGEST_NAME, LONGEST_DESCRIPTION = 100, 500
_CHANNEL = re.compile(r"#[\w-]{1,80}|[CG][A-Z0-9]{2,}")


def keep_area(
    session: Session,
    *,
    slug: str | None,
    name: str,
    description: str,
    slack_channel: str,
    owner_id: int | None = None,
) -> Area:
    """Change the area of this slug, or add one; the slug of a new one is made of its name.

    Args:
        session: The caller's transaction.
        slug: Of the area to change; None to add one.
        name: At most 100 characters.
        description: At most 500 characters; matching reads it for a new request's area.
        slack_channel: Hears of new requests: ``#name`` or a channel's id; empty for none.
        owner_id: A user's id; None for nobody.

    Raises:
        FatalError: a value does not fit, or there is no such area, or one of this name.
    """
    name = " ".join(name.split())
    for what, value, most in (
        ("name", name, LONGEST_NAME),
        ("description", description, LONGEST_DESCRIPTION),
    ):
        if fault := unstorable(value):
            raise FatalError(f"{what} {fault}")
        if len(value) > most:
            raise FatalError(f"{what} has {len(value)} characters: at most {most} are allowed")
    if not name:
        raise FatalError("name is blank: say what the area is called")
    if slack_channel and not _CHANNEL.fullmatch(slack_channel):
        raise FatalError(
            f"slack_channel {slack_channel[:80]!r} is no channel: write #name or the channel's id"
        )
    if owner_id is not None and session.get(User, owner_id) is None:
        raise FatalError("owner is nobody that the product knows")
    wanted = slug or slug_of(name)
    area = session.scalars(select(Area).where(Area.slug == wanted).with_for_update()).one_or_none()
    if slug is not None and area is None:
        raise FatalError(f"there is no area {slug[:80]!r}")
    if slug is None and area is not None:
        raise FatalError(f"there is an area {wanted!r} already: change that one, or name it apart")
    if area is None:
        area = Area(slug=wanted, name=name)
        session.add(area)
    area.name, area.description = name, description.strip()
    area.slack_channel, area.owner_id = slack_channel or None, owner_id
    session.flush()
    return area
