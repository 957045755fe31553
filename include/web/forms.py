"""What the routes of forms share: reading one, the person who acts, and what follows afterwards."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, HTTPException, Request
from starlette.datastructures import FormData

from include.outbox.runs import start_runs
from include.outbox.sender import deliver
from include.relay import background
from include.web.names import Names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

LARGEST_FORM = 1024 * 1024
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)>")


async def _read_form(request: Request) -> FormData:
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > LARGEST_FORM:
        raise HTTPException(413, f"This form has more than {LARGEST_FORM:,} bytes.")
    return await request.form(max_files=0, max_fields=500)


Sent = Annotated[FormData, Depends(_read_form)]
"""The form's fields; a route that takes them can be a plain function, which may wait."""


def field(form: FormData, name: str) -> str:
    """A text field; empty when it was not sent."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def fields(form: FormData, name: str) -> list[str]:
    """All values of a field."""
    return [value for value in form.getlist(name) if isinstance(value, str)]


def follow_up(message_ids: Iterable[int] = (), start_ids: Iterable[int] = ()) -> None:
    """Send messages and start runs after the commit; the sweep does what a crash leaves."""
    if ids := list(message_ids):
        background.submit_delivery(deliver, ids)
    if ids := list(start_ids):
        background.submit(start_runs, ids)


def plain(session: Session, note: str) -> str:
    """A sentence that was made for Slack, for a page: names for mentions, no marks."""
    names = Names(session, [f"slack:{one}" for one in _MENTION.findall(note)])
    said = _MENTION.sub(lambda found: names(f"slack:{found.group(1)}"), note)
    unescaped = said.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return re.sub(r"\*([^*]+)\*", "“\\1”", unescaped)
