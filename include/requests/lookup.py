"""Naming a request and a person: a slug or a page's address, and who did something."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from sqlalchemy import select

from include.base.errors import FatalError
from include.base.settings import load_settings
from include.store.models import Request

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SHOWN = 80


def slug_in(reference: str) -> str:
    """The slug in what a person gave: a slug, or the address of a request's page.

    Raises:
        FatalError: it is blank, or the address of something else.
    """
    said = reference.strip().strip("<>").split("|", 1)[0].strip()
    if "://" not in said:
        slug = said.strip("/").lower()
        if not slug:
            raise FatalError("request is blank: give a request's slug or the address of its page")
        return slug
    address = urlsplit(said)
    ours = urlsplit(load_settings().pages_url)
    if ours.netloc and address.netloc.lower() != ours.netloc.lower():
        raise FatalError(
            f"request: {address.netloc[:SHOWN]!r} is not where our pages live ({ours.netloc}); "
            "give a request's slug or the address of its page"
        )
    parts = [unquote(part) for part in address.path.split("/") if part]
    if len(parts) < 2 or parts[-2] != "requests":
        raise FatalError(
            f"request: {address.path[:SHOWN]!r} is not the address of a request's page, which "
            "ends in /requests/<slug>"
        )
    return parts[-1].lower()


def find_request(session: Session, reference: str, *, lock: bool = False) -> Request:
    """The request that a slug or an address names.

    Raises:
        FatalError: there is none.
    """
    slug = slug_in(reference)
    statement = select(Request).where(Request.slug == slug)
    request = session.scalars(statement.with_for_update() if lock else statement).one_or_none()
    if request is None:
        raise FatalError(
            f"no request has the slug {slug[:SHOWN]!r}; look it up with semantic_search"
        )
    return request
